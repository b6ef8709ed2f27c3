"""Prints the names that pickles of the installed numpy use, in the layout of a policy.

Makes one value of each kind, pickles it at every protocol and reads the
opcodes back with pickletools. Each name stands once, with the kinds of
arguments and states that were seen, so that the next person can hold the
output against `python/dryload/policies/numpy.toml` when numpy moves on:

    python tools/derive_numpy.py
    python tools/derive_numpy.py --against python/dryload/policies/numpy.toml

Refuses to load anything: it only pickles values that it made itself.
The kinds are what was seen, not what is safe; the policy is written by hand.
"""

from __future__ import annotations

import argparse
import importlib
import pickle
import pickletools
import tomllib
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Name:
    """This global, as a pickle names it."""

    module: str
    qualname: str

    def __str__(self) -> str:
        return f"{self.module}:{self.qualname}"


@dataclass(frozen=True, slots=True)
class Made:
    """This object, made by a call of a name; it is never really made."""

    by: Name


@dataclass(slots=True)
class Use:
    """This record of how one name was used."""

    imported: bool = True
    as_argument: bool = False
    calls: list[list[str]] = field(default_factory=list)
    states: set[str] = field(default_factory=set)
    items: bool = False
    append: bool = False

    def spec(self) -> str:
        """Writes what was seen as the spec of an allow entry."""
        words = ["type"] if self.as_argument else []
        if self.calls:
            longest = max(len(call) for call in self.calls)
            shortest = min(len(call) for call in self.calls)
            params = []
            for index in range(longest):
                kinds = sorted({call[index] for call in self.calls if index < len(call)})
                params.append("|".join(kinds) + ("?" if index >= shortest else ""))
            words.append(f"call({', '.join(params)})")
        if self.states:
            words.append(f"state({'|'.join(sorted(self.states))})")
        words += ["items"] * self.items + ["append"] * self.append
        return " ".join(words) or "value"


def kind(value: object) -> str:
    """Names the kind of a value in the grammar of specs."""
    match value:
        case Name():
            return "global"
        case Made():
            return "object"
        case None:
            return "none"
        case bytes() | bytearray():
            return "bytes"
        case _:
            return type(value).__name__


class Reader:
    """This reader follows the opcodes of one pickle on a stack of kinds, and makes nothing."""

    def __init__(self, uses: dict[str, Use]) -> None:
        self.uses = uses
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.protocol = 0

    def read(self, data: bytes) -> None:
        """Reads one pickle to its end and adds what it used."""
        for opcode, arg, _ in pickletools.genops(data):
            name = opcode.name
            step: Callable[[Any], None] | None = getattr(self, f"_{name.lower()}", None)
            if step is not None:
                step(arg)
            elif opcode.arg is not None:
                self.stack.append(arg)
            elif name not in ("STOP", "READONLY_BUFFER"):
                raise ValueError(f"opcode not followed: {name}")

    def _import(self, module: str, qualname: str) -> None:
        if self.protocol < 3:
            if (module, qualname) in NAME_MAPPING:
                module, qualname = NAME_MAPPING[(module, qualname)]
            else:
                module = IMPORT_MAPPING.get(module, module)
        found = Name(module, qualname)
        self.uses.setdefault(str(found), Use())
        self.stack.append(found)

    def _call(self, callee: Name, args: tuple[Any, ...]) -> None:
        self.uses[str(callee)].calls.append([kind(arg) for arg in args])
        for arg in args:
            if isinstance(arg, Name):
                self.uses[str(arg)].as_argument = True
        self.stack.append(Made(callee))

    def _pop_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.marks.pop()
        return items

    def _target(self) -> Use:
        top = self.stack[-1]
        return self.uses[str(top.by)] if isinstance(top, Made) else Use()

    def _proto(self, arg: int) -> None:
        self.protocol = arg

    def _frame(self, _: int) -> None:
        return

    def _mark(self, _: None) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def _global(self, arg: str) -> None:
        module, qualname = arg.split(" ", 1)
        self._import(module, qualname)

    def _stack_global(self, _: None) -> None:
        qualname, module = self.stack.pop(), self.stack.pop()
        self._import(module, qualname)

    def _reduce(self, _: None) -> None:
        args, callee = self.stack.pop(), self.stack.pop()
        self._call(callee, args)

    _newobj = _reduce

    def _build(self, _: None) -> None:
        state = self.stack.pop()
        self._target().states.add(kind(state))

    def _put(self, arg: str | int) -> None:
        self.memo[int(arg)] = self.stack[-1]

    _binput = _long_binput = _put

    def _memoize(self, _: None) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def _get(self, arg: str | int) -> None:
        self.stack.append(self.memo[int(arg)])

    _binget = _long_binget = _get

    def _none(self, _: None) -> None:
        self.stack.append(None)

    def _newtrue(self, _: None) -> None:
        self.stack.append(True)

    def _newfalse(self, _: None) -> None:
        self.stack.append(False)

    def _empty_tuple(self, _: None) -> None:
        self.stack.append(())

    def _empty_list(self, _: None) -> None:
        self.stack.append([])

    def _empty_dict(self, _: None) -> None:
        self.stack.append({})

    def _tuple(self, _: None) -> None:
        items = self._pop_mark()
        self.stack.append(tuple(items))

    def _tuple1(self, _: None) -> None:
        self.stack[-1:] = [tuple(self.stack[-1:])]

    def _tuple2(self, _: None) -> None:
        self.stack[-2:] = [tuple(self.stack[-2:])]

    def _tuple3(self, _: None) -> None:
        self.stack[-3:] = [tuple(self.stack[-3:])]

    def _list(self, _: None) -> None:
        items = self._pop_mark()
        self.stack.append(items)

    def _dict(self, _: None) -> None:
        self._pop_mark()
        self.stack.append({})

    def _append(self, _: None) -> None:
        self.stack.pop()
        self._target().append = True

    def _appends(self, _: None) -> None:
        self._pop_mark()
        self._target().append = True

    def _setitem(self, _: None) -> None:
        del self.stack[-2:]
        self._target().items = True

    def _setitems(self, _: None) -> None:
        self._pop_mark()
        self._target().items = True

    def _pop(self, _: None) -> None:
        self.stack.pop()

    def _next_buffer(self, _: None) -> None:
        self.stack.append(b"")


def samples() -> Iterator[object]:
    """Makes one value of each kind that checkpoints carry."""
    np = importlib.import_module("numpy")
    for descr in ("?", "u1", "i8", ">f4", "f2", "f8", "c16", "g", "U2", "S2", "V4", "M8[D]", "m8[s]", "O"):
        array = np.zeros((2, 2), dtype=descr)
        yield array
        yield np.asfortranarray(array)
        yield array[::2]
        yield array.dtype
        if descr != "O":
            yield array[0, 0]
    fields = np.dtype([("a", "i4"), ("b", "f8", (2,))])
    yield np.zeros(2, fields)
    yield np.zeros(2, fields)[0]
    yield np.zeros(2, [("a", "O")])
    yield np.zeros(2, [("a", "O")])[0]
    yield np.dtype("f4", metadata={"a": 1})
    records = np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
    yield records
    yield records[0]
    yield np.asmatrix([[1, 2]])
    yield np.char.array(["a"])
    yield np.ma.array([1, 2], mask=[0, 1])
    yield np.ma.masked
    dtypes = getattr(np, "dtypes", None)
    if hasattr(dtypes, "StringDType"):
        yield np.array(["a"], dtype=np.dtypes.StringDType())
        yield np.dtypes.StringDType(na_object=None)
    yield np.random.RandomState(1)
    for bits in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"):
        if hasattr(np.random, bits):
            yield np.random.Generator(getattr(np.random, bits)(1))
    yield np.random.SeedSequence([1, 2]).spawn(1)[0]
    yield np.poly1d([1, 2])
    for family in ("Polynomial", "Chebyshev", "Legendre", "Laguerre", "Hermite", "HermiteE"):
        yield getattr(np.polynomial, family)([1, 2])
    yield [value for value in vars(np).values() if isinstance(value, type) and issubclass(value, np.generic)]


def observe() -> dict[str, Use]:
    """Pickles the samples at every protocol and reads them back."""
    uses: dict[str, Use] = {}
    for value in samples():
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            Reader(uses).read(pickle.dumps(value, protocol))
    return uses


def allowed(path: Path) -> set[str]:
    """Reads the names that a policy and those it extends allow."""
    policy = tomllib.loads(path.read_text(encoding="utf-8"))
    names = set(policy.get("allow", {}))
    for parent in policy.get("extends", []):
        names |= allowed(path.with_name(f"{parent}.toml"))
    return names


def main() -> None:
    """Prints every name that was seen, or only those that a policy lacks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--against", type=Path, metavar="POLICY", help="print only names that this policy does not allow"
    )
    options = parser.parse_args()
    known = allowed(options.against) if options.against else set()
    print(f"# numpy {importlib.import_module('numpy').__version__}")
    print("[allow]")
    for name, use in sorted(observe().items()):
        if name not in known:
            print(f'"{name}" = "{use.spec()}"')


if __name__ == "__main__":
    main()
