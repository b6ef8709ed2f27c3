"""The frame that `derive_<library>.py` share: pickles samples and says which names the pickles use.

Each sample is pickled at every protocol and its opcodes are read back with
pickletools. Each name stands once, with the kinds of arguments and states that
were seen, in the layout of a policy:

    python tools/derive_numpy.py
    python tools/derive_numpy.py --against python/dryload/policies/numpy.toml
    python tools/derive_numpy.py --hooks

`--against` prints what the policy lacks, and what it has that the installed
library no longer has. `--hooks` prints which methods of each class run while a
pickle is loaded, or may be called by others: that is the code to read before a
name is allowed.

Refuses to load anything: it only pickles values that it made itself. The kinds
are what was seen, not what is safe; the policy is written by hand.
"""

from __future__ import annotations

import argparse
import importlib
import pickle
import pickletools
import tomllib
import warnings
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Sample = tuple[str, object]


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

    as_argument: bool = False
    calls: set[tuple[str, ...]] = field(default_factory=set)
    states: set[str] = field(default_factory=set)
    items: bool = False
    append: bool = False

    def spec(self, name: str) -> str:
        """Writes what was seen as the spec of an allow entry."""
        words = ["type"] if isinstance(resolved(name), type) else []
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
            return "type" if isinstance(resolved(str(value)), type) else "global"
        case Made():
            return "object"
        case None:
            return "none"
        case bytes() | bytearray():
            return "bytes"
        case _:
            return type(value).__name__


def resolved(name: str) -> object:
    """Imports what a name stands for; None when the installed library has no such name."""
    module, _, qualname = name.partition(":")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value: object = importlib.import_module(module)
            for part in qualname.split("."):
                value = getattr(value, part)
    except (ImportError, AttributeError):
        return None
    return value


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

    def _call(self, callee: Name | Made, args: tuple[Any, ...]) -> None:
        if isinstance(callee, Made):  # what getattr gave: of whoever made it
            callee = callee.by
        self.uses[str(callee)].calls.add(tuple(kind(arg) for arg in args))
        for arg in args:
            if isinstance(arg, Name):
                self.uses[str(arg)].as_argument = True
        # Protocols 0 and 1 make an instance of their first argument.
        by = args[0] if str(callee) == "copyreg:_reconstructor" else callee
        if by is not callee:
            self.uses[str(by)].calls.add(())
        self.stack.append(Made(by))

    def _popped(self) -> list[Any]:
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

    def _empty_set(self, _: None) -> None:
        self.stack.append(set())

    def _tuple(self, _: None) -> None:
        items = self._popped()
        self.stack.append(tuple(items))

    def _tuple1(self, _: None) -> None:
        self.stack[-1:] = [tuple(self.stack[-1:])]

    def _tuple2(self, _: None) -> None:
        self.stack[-2:] = [tuple(self.stack[-2:])]

    def _tuple3(self, _: None) -> None:
        self.stack[-3:] = [tuple(self.stack[-3:])]

    def _list(self, _: None) -> None:
        items = self._popped()
        self.stack.append(items)

    def _dict(self, _: None) -> None:
        self._popped()
        self.stack.append({})

    def _frozenset(self, _: None) -> None:
        self._popped()
        self.stack.append(set())

    def _append(self, _: None) -> None:
        self.stack.pop()
        self._target().append = True

    def _appends(self, _: None) -> None:
        self._popped()
        self._target().append = True

    _additems = _appends

    def _setitem(self, _: None) -> None:
        del self.stack[-2:]
        self._target().items = True

    def _setitems(self, _: None) -> None:
        self._popped()
        self._target().items = True

    def _pop(self, _: None) -> None:
        self.stack.pop()

    def _pop_mark(self, _: None) -> None:
        self._popped()

    def _next_buffer(self, _: None) -> None:
        self.stack.append(b"")


def pickles(value: object) -> Iterator[tuple[int, bytes]]:
    """Pickles a value at every protocol that takes it, and gives each with its bytes."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        try:
            yield protocol, pickle.dumps(value, protocol)
        except (TypeError, AttributeError, pickle.PicklingError):
            # Slots need protocol 2, and some values have no pickle at all.
            continue


def observe(samples: Iterable[Sample]) -> dict[str, Use]:
    """Pickles the samples at every protocol and reads them back."""
    uses: dict[str, Use] = {}
    for label, value in samples:
        for protocol, data in pickles(value):
            try:
                Reader(uses).read(data)
            except ValueError as error:
                raise ValueError(f"{label} at protocol {protocol}: {error}") from error
    return uses


def allowed(path: Path) -> set[str]:
    """Reads the names that a policy and those it extends allow."""
    policy = tomllib.loads(path.read_text(encoding="utf-8"))
    names = set(policy.get("allow", {}))
    for parent in policy.get("extends", []):
        names |= allowed(path.with_name(f"{parent}.toml"))
    return names


def gone(names: Iterable[str], library: str) -> list[str]:
    """Gives those names of a library that the installed version does not have."""
    own = (name for name in names if name.partition(":")[0].split(".")[0] == library)
    return sorted(name for name in own if resolved(name) is None)


def hooks(cls: type) -> list[str]:
    """Gives the methods of a class and its bases that a load may run, with the module of each."""
    found = []
    for hook in HOOKS:
        owner = next((base for base in cls.__mro__ if hook in vars(base)), object)
        if owner.__module__ != "builtins" and vars(owner)[hook] is not None:
            found.append(f"{hook} of {owner.__module__}.{owner.__qualname__}")
    return found


def main(library: str, samples: Callable[[], Iterable[Sample]], *, doc: str | None) -> None:
    """Prints every name that was seen, or only where a policy differs."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, metavar="POLICY", help="print only where this policy differs")
    parser.add_argument("--hooks", action="store_true", help="print the methods that loading may run")
    options = parser.parse_args()
    known = allowed(options.against) if options.against else set()
    print(f"# {library} {importlib.import_module(library).__version__}")
    print("[allow]")
    for name, use in sorted(observe(samples()).items()):
        if name not in known:
            print(f'"{name}" = "{use.spec(name)}"')
        if options.hooks and isinstance(found := resolved(name), type):
            print(*(f"#   {hook}" for hook in hooks(found)), sep="\n")
    for name in gone(known, library):
        print(f"# not in this {library}: {name}")


# What the unpickler calls, what a dict or set calls for its keys, what runs when
# an object is dropped, and what others may call without knowing its name.
HOOKS = (
    "__setstate__",
    "__new__",
    "__getattr__",
    "__getattribute__",
    "__setattr__",
    "__del__",
    "__hash__",
    "__eq__",
    "__call__",
)
