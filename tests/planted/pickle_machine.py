"""The state of a symbolic unpickler: stack, marks, memo, frames, and what opcodes do to them."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from tests.planted.checks import Checks


@dataclass(frozen=True, eq=False, slots=True)
class Global:
    """A name that the pickle imports."""

    module: str
    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Made:
    """What a call would make."""

    callee: object
    args: object


@dataclass(frozen=True, eq=False, slots=True)
class Storage:
    """A persistent id of torch: the storage of a tensor."""

    kind: Global
    key: str
    count: int


@dataclass(slots=True)
class Loaded:
    """The value of a pickle, and the storages and calls that it names."""

    value: object = None
    storages: list[Storage] = field(default_factory=list)
    calls: list[Made] = field(default_factory=list)


class Machine:
    """The state of one reading."""

    def __init__(self, data: bytes, checks: Checks) -> None:
        self.data, self.checks = data, checks
        self.at = self.frame_end = 0
        self.frames: list[int] = []
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}
        # The texts that were fetched from the memo, by identity; a scanner that looks back misses them.
        self.fetched: set[int] = set()
        self.loaded = Loaded()

    def run(self, steps: Mapping[int, Callable[[Machine], object]]) -> None:
        """Reads up to STOP, and looks at what is behind it."""
        for _ in range(MAX_OPCODES):
            self.leave_frame()
            code = self.take(1)[0]
            if code == STOP:
                self.stop()
                return
            step = steps.get(code)
            if step is None:
                raise ValueError("no opcode")
            step(self)
            if self.frame_end:
                self.checks.refuse("pickle-frame-straddle", self.at > self.frame_end)
        self.checks.hit("pickle-negative-length")

    def leave_frame(self) -> None:
        if self.frame_end and self.at >= self.frame_end:
            if self.at > self.frame_end:
                self.checks.hit("pickle-frame-straddle")
            self.frame_end = 0

    def stop(self) -> None:
        self.loaded.value = self.pop()
        self.checks.refuse("pickle-left-over", self.stack or self.marks)
        if self.stack or self.marks:
            self.checks.hit("pickle-left-over")
        self.checks.refuse("pickle-trailing", self.at < len(self.data))
        if self.frame_end > len(self.data):
            self.checks.hit("pickle-frame-past-end")
        if any(end > outer for outer, end in pairwise(self.frames)):
            self.checks.hit("pickle-frame-nested")
        if self.at < len(self.data):
            self.checks.hit("pickle-trailing")

    # What opcodes read.

    def take(self, count: int) -> bytes:
        end = self.at + count
        if not 0 <= end <= len(self.data):
            raise ValueError("truncated")
        piece = self.data[self.at : end]
        self.at = end
        return piece

    def number(self, form: str) -> int:
        (number,) = struct.unpack(form, self.take(struct.calcsize(form)))
        return int(number)

    def counted(self, form: str) -> bytes:
        length = self.number(form)
        self.checks.refuse("pickle-negative-length", length < 0)
        return self.take(length)

    def line(self) -> bytes:
        end = self.data.find(b"\n", self.at)
        if end < 0:
            raise ValueError("truncated")
        return self.take(end + 1 - self.at)[:-1]

    def decimal(self, text: bytes) -> int:
        nul = b"\0" in text
        self.checks.refuse("pickle-number-nul", nul)
        if nul:
            text = text.partition(b"\0")[0]
        plain = DECIMAL.fullmatch(text)
        self.checks.refuse("pickle-number-base", plain is None)
        shown = text.decode("ascii")
        number = int(shown, 10 if plain else 0)
        if nul:  # A reader of whole lines has another number, or none.
            self.checks.hit("pickle-number-nul")
        if plain is None and shown != str(number):
            self.checks.hit("pickle-number-base")
        return number

    def text(self, raw: bytes) -> str:
        try:
            return raw.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            self.checks.hit("pickle-text-utf8")
            raise

    # What opcodes do.

    def push(self, value: object) -> None:
        self.stack.append(value)

    def pop(self) -> object:
        self.checks.refuse("pickle-stack-underflow", len(self.stack) <= (self.marks[-1] if self.marks else 0))
        try:
            return self.stack.pop()
        except IndexError:
            self.checks.hit("pickle-stack-underflow")

    def top(self) -> object:
        value = self.pop()
        self.push(value)
        return value

    def items(self) -> list[object]:
        self.checks.refuse("pickle-mark-missing", not self.marks)
        try:
            mark = self.marks.pop()
        except IndexError:
            self.checks.hit("pickle-mark-missing")
        if mark > len(self.stack):
            self.checks.hit("pickle-stack-underflow")
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def put(self, index: int) -> None:
        self.checks.refuse("pickle-memo-index", not 0 <= index <= MAX_MEMO)
        if index > MAX_MEMO:  # The memo is a list that grows up to its last index.
            self.checks.hit("pickle-memo-index")
        if index < 0:
            raise ValueError("a negative index")
        self.memo[index] = self.top()

    def get(self, index: int) -> None:
        self.checks.refuse("pickle-memo-missing", index not in self.memo)
        try:
            value = self.memo[index]
        except KeyError:
            self.checks.hit("pickle-memo-missing")
        self.fetched.add(id(value))
        self.push(value)

    def imported(self, module: object, name: object, check: str = "") -> Global:
        if not isinstance(module, str) or not isinstance(name, str):
            raise ValueError("a name is a text")
        if (module, name) not in ALLOWED:
            self.checks.refuse(check, bad=True)
            self.checks.hit(check)
        return Global(module, name)

    def call(self, callee: object, args: object) -> None:
        if not isinstance(callee, Global):
            raise ValueError("only a name is called")
        made = Made(callee, args)
        self.loaded.calls.append(made)
        self.push(made)

    def set_items(self, items: list[object]) -> None:
        self.checks.refuse("pickle-odd-items", len(items) % 2)
        target = self.top()
        if not isinstance(target, dict | Made):
            raise ValueError("no dict")
        pairs: dict[object, object] = target if isinstance(target, dict) else {}
        for at in range(0, len(items), 2):
            try:
                value = items[at + 1]
            except IndexError:
                self.checks.hit("pickle-odd-items")
            self.keyed(pairs, items[at], value)

    def keyed(self, pairs: dict[object, object], key: object, value: object) -> None:
        try:
            pairs[key] = value
        except TypeError:
            self.checks.hit("pickle-unhashable-key")  # Hashing is the check, where it is one.

    def append(self, items: Iterable[object]) -> None:
        target = self.top()
        if isinstance(target, list):
            target.extend(items)
        elif not isinstance(target, Made):
            raise ValueError("no list")


STOP = ord(".")
MAX_OPCODES = 3000
MAX_MEMO = 100_000
DECIMAL = re.compile(rb"-?[0-9]{1,300}")
ALLOWED = {
    *(("builtins", name) for name in ("set", "frozenset", "complex", "bytearray", "range", "slice")),
    *(
        ("__builtin__", name)
        for name in ("set", "frozenset", "complex", "bytearray", "xrange", "bytes", "object")
    ),
    *(("collections", "OrderedDict"), ("_codecs", "encode"), ("copy_reg", "_reconstructor")),
    *(("torch", f"{kind}Storage") for kind in ("Float", "Byte", "Long", "Half")),
    ("torch._utils", "_rebuild_tensor_v2"),
}
