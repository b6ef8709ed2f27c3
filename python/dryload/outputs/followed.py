"""Follows the stack and the memo of a pickle over its instructions, to say what each of them does.

Nothing is executed, imported or unpickled: a value is only a short text of itself. It knows all 68 opcodes;
where a broken pickle takes more than there is, it stops following until the next pickle begins. Values are
kept in part, and shown in depth and length that no file can raise.
"""

from __future__ import annotations

from dryload.outputs.safe_text import safe_text
from dryload.outputs.value import MARK, Value, called, shown, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dryload.report import Import
    from dryload.scanner import Row


class Follower:
    """Takes the rows of one part in their order.

    Attributes:
        depth: how many values and marks are on the stack after the last row, or None when that is not known.
    """

    depth: int | None

    def __init__(self, imports: Iterable[Import], events: Events | None = None) -> None:
        self.depth = 0
        self._events = events or Events()
        self._at = {each.offset: (each.module, each.qualname) for each in imports}
        # What a name in the bytes stands for, once it has been seen: Python 2 names are mapped on loading.
        self._known: dict[str, tuple[str, str]] = {}
        self._stack: list[Value] = []
        self._memo: dict[int, Value] = {}
        self._lost = False

    def step(self, row: Row) -> str:
        """Takes the next instruction, and says what it does where its argument does not say so: empty, or
        such as `→ posix.system('true')`."""
        told = ""
        if not self._lost:
            try:
                told = self._done(row)
            except (IndexError, KeyError, ValueError):
                self._lost = True
        self.depth = None if self._lost else len(self._stack)
        if row.name == "STOP":
            # The next pickle has an unpickler of its own.
            self._stack.clear()
            self._memo.clear()
            self._lost = False
        return told

    def _done(self, row: Row) -> str:
        name, push = row.name, self._stack.append
        if name in CONSTANTS:
            push(Value("plain", CONSTANTS[name]))
        elif name in NUMBERS:
            push(Value("plain", _number(row)))
        elif name in TEXTS:
            push(text_of(row))
        elif name in BYTES:
            what = "bytearray of " if name == "BYTEARRAY8" else ""
            push(Value("plain", f"<{what}{row.arg}>"))
        elif name in EMPTY:
            push(Value(EMPTY[name]))
        elif name in TUPLES:
            self._made("tuple", [self._pop() for _ in range(TUPLES[name])][::-1])
        elif name in FROM_MARK:
            self._made(FROM_MARK[name], self._to_mark())
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            push(self._memo[int(row.arg)])
            return f"→ {shown(self._stack[-1])}"
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            self._memo[int(row.arg)] = self._stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self._stack[-1]
            return f"→ memo {len(self._memo) - 1}"
        else:
            return _OTHERS[name](self, row)
        return ""

    def _made(self, kind: str, items: list[Value]) -> None:
        value = Value(kind)
        value.extend(items)
        self._stack.append(value)

    def _pop(self) -> Value:
        value = self._stack.pop()
        if value is MARK:
            raise ValueError("a mark where a value is taken")
        return value

    def _to_mark(self) -> list[Value]:
        items: list[Value] = []
        while (value := self._stack.pop()) is not MARK:
            items.append(value)
        return items[::-1]

    def _nothing(self, _row: Row) -> str:
        return ""

    def _mark(self, _row: Row) -> str:
        self._stack.append(MARK)
        return ""

    def _dropped(self, _row: Row) -> str:
        self._stack.pop()
        return ""

    def _dropped_to_mark(self, _row: Row) -> str:
        self._to_mark()
        return ""

    def _again(self, _row: Row) -> str:
        self._stack.append(self._stack[-1])
        return ""

    def _readonly(self, _row: Row) -> str:
        self._stack.append(self._pop())
        return ""

    def _stop(self, row: Row) -> str:
        value = self._pop()
        self._events.stop(row, value)
        return f"→ {shown(value)}"

    def _append(self, row: Row) -> str:
        return self._added(row, [self._pop()], "append" if row.name == "APPEND" else "extend")

    def _appends(self, row: Row) -> str:
        return self._added(row, self._to_mark(), "update" if row.name == "ADDITEMS" else "extend")

    def _added(self, row: Row, items: list[Value], method: str) -> str:
        target = self._target()
        target.extend(items)
        if target.kind in ("list", "set"):
            return ""
        group = Value("list")
        group.extend(items)
        self._events.method(row, target, method, items[0] if method == "append" else group)
        return f"→ {shown(target)}.{method}(...)"

    def _set_item(self, row: Row) -> str:
        value, key = self._pop(), self._pop()
        return self._set(row, [key, value])

    def _set_items(self, row: Row) -> str:
        return self._set(row, self._to_mark())

    def _set(self, row: Row, items: list[Value]) -> str:
        target = self._target()
        if target.kind == "dict":
            target.extend(items)
            return ""
        pairs = list(zip(items[::2], items[1::2], strict=False))
        for key, value in pairs:
            self._events.item(row, target, key, value)
        more = f", and {len(pairs) - 1} more" if len(pairs) > 1 else ""
        first = f"[{shown(pairs[0][0])}] = {shown(pairs[0][1])}{more}" if pairs else ""
        return f"→ {shown(target)}{first}"

    def _target(self) -> Value:
        if self._stack[-1] is MARK:
            raise ValueError("a mark where a value is changed")
        return self._stack[-1]

    def _global(self, row: Row) -> str:
        self._stack.append(self._name(row, row.arg, None))
        return ""

    def _stack_global(self, row: Row) -> str:
        name, module = self._pop(), self._pop()
        pair = None if name.content is None or module.content is None else (module.content, name.content)
        if pair is None and row.offset not in self._at:
            return self._called(row, Value("plain", "find_class"), [module, name], "call")
        self._stack.append(self._name(row, "" if pair is None else "\0".join(pair), pair))
        return f"→ {shown(self._stack[-1])}"

    def _name(self, row: Row, key: str, pair: tuple[str, str] | None) -> Value:
        """Gives the name that is imported: as the scan resolved it, or else as it stands in the bytes."""
        pair = self._at.get(row.offset) or self._known.get(key) or pair
        if pair is None:
            module, _, name = key.rpartition(".")
            pair = (module, name)
        self._known[key] = pair
        value = Value("name", safe_text(".".join(pair)))
        value.pair = pair
        self._events.name(row, value)
        return value

    def _inst(self, row: Row) -> str:
        args = self._to_mark()
        return self._called(row, self._name(row, row.arg, None), args, "call")

    def _obj(self, row: Row) -> str:
        callee, *args = self._to_mark()
        return self._called(row, callee, args, "call")

    def _reduce(self, row: Row) -> str:
        args, callee = self._pop(), self._pop()
        return self._called(row, callee, args, "call")

    def _new(self, row: Row) -> str:
        args, callee = self._pop(), self._pop()
        return self._called(row, callee, args, "new")

    def _new_ex(self, row: Row) -> str:
        keywords, args, callee = self._pop(), self._pop(), self._pop()
        return self._called(row, callee, args, "new", keywords)

    def _called(
        self,
        row: Row,
        callee: Value,
        args: list[Value] | Value,
        kind: str,
        keywords: Value | None = None,
    ) -> str:
        value = called(kind, callee, args, keywords)
        told = f"→ {shown(value)}"
        self._events.call(row, value)
        self._stack.append(value)
        return told

    def _build(self, row: Row) -> str:
        state = self._pop()
        target = self._target()
        self._events.method(row, target, "__setstate__", state)
        return f"→ state of {shown(target)}: {shown(state)}"

    def _persistent(self, row: Row) -> str:
        given = Value("plain", safe_text(repr(row.arg))) if row.name == "PERSID" else self._pop()
        return self._called(row, Value("plain", "persistent_load"), [given], "call")

    def _extension(self, row: Row) -> str:
        return self._called(row, Value("plain", "extension"), [Value("plain", safe_text(row.arg))], "call")

    def _buffer(self, row: Row) -> str:
        return self._called(row, Value("plain", "next_buffer"), [], "call")


class Events:
    """What a pickle does, as it is met; this one listens to nothing."""

    def name(self, row: Row, value: Value) -> None:
        """Takes an import."""

    def call(self, row: Row, value: Value) -> None:
        """Takes a call, before its value is on the stack."""

    def method(self, row: Row, target: Value, method: str, argument: Value) -> None:
        """Takes a change of an object by one of its methods."""

    def item(self, row: Row, target: Value, key: Value, value: Value) -> None:
        """Takes an item that is set in an object."""

    def stop(self, row: Row, value: Value) -> None:
        """Takes the value of a pickle at its end."""


def _number(row: Row) -> str:
    if row.name == "INT" and row.arg in ("00", "01"):
        return str(row.arg == "01")
    return "<int>" if row.arg.startswith("an integer") else safe_text(row.arg.removesuffix("L"))


CONSTANTS = {"NONE": "None", "NEWTRUE": "True", "NEWFALSE": "False"}
NUMBERS = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"}
TEXTS = {"STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
BYTES = {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"}
EMPTY = {"EMPTY_LIST": "list", "EMPTY_TUPLE": "tuple", "EMPTY_DICT": "dict", "EMPTY_SET": "set"}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
FROM_MARK = {"TUPLE": "tuple", "LIST": "list", "DICT": "dict", "FROZENSET": "frozenset"}
_OTHERS: dict[str, Callable[[Follower, Row], str]] = {
    "PROTO": Follower._nothing,
    "FRAME": Follower._nothing,
    "STOP": Follower._stop,
    "MARK": Follower._mark,
    "POP": Follower._dropped,
    "POP_MARK": Follower._dropped_to_mark,
    "DUP": Follower._again,
    "APPEND": Follower._append,
    "APPENDS": Follower._appends,
    "ADDITEMS": Follower._appends,
    "SETITEM": Follower._set_item,
    "SETITEMS": Follower._set_items,
    "GLOBAL": Follower._global,
    "STACK_GLOBAL": Follower._stack_global,
    "INST": Follower._inst,
    "OBJ": Follower._obj,
    "REDUCE": Follower._reduce,
    "NEWOBJ": Follower._new,
    "NEWOBJ_EX": Follower._new_ex,
    "BUILD": Follower._build,
    "PERSID": Follower._persistent,
    "BINPERSID": Follower._persistent,
    "EXT1": Follower._extension,
    "EXT2": Follower._extension,
    "EXT4": Follower._extension,
    "NEXT_BUFFER": Follower._buffer,
    "READONLY_BUFFER": Follower._readonly,
}
