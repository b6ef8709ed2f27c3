"""A value of a pickle as a short text of itself: what is kept of it, and how it is shown.

Of a container the first items are kept and the others counted. All text that is shown has passed `safe_text`.
"""

from __future__ import annotations

import re

from dryload.outputs.safe_text import safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dryload.scanner import Row


class Value:
    """One value.

    `kind` is plain, text, name, tuple, list, dict, set, frozenset, call, new or mark. `content` is the whole
    text of a text where it is known, `pair` are module and name of a name. A value with a `variable` is shown
    as that.
    """

    __slots__ = ("content", "items", "keywords", "kind", "known", "length", "pair", "text", "variable")

    def __init__(self, kind: str, text: str = "") -> None:
        self.kind = kind
        self.text = text
        self.content: str | None = None
        self.pair: tuple[str, str] | None = None
        self.variable = ""
        self.items: list[Value] = []
        self.length = 0
        self.keywords: Value | None = None
        # Of a call: whether the items behind the callee are its arguments, or one value that holds them.
        self.known = True

    def extend(self, items: Sequence[Value]) -> None:
        """Adds items, of a dict its keys and values in turn."""
        self.length += len(items)
        if len(self.items) < KEPT:
            self.items += items[: KEPT - len(self.items)]


def called(kind: str, callee: Value, args: Sequence[Value] | Value, keywords: Value | None) -> Value:
    """Makes the value that a call gives."""
    value = Value(kind)
    value.items = [callee]
    if isinstance(args, Value) and args.kind == "tuple" and args.length == len(args.items):
        value.items += args.items
    elif isinstance(args, Value):
        value.known = False
        value.items.append(args)
    else:
        value.items += args[:KEPT]
    value.length = len(value.items) if isinstance(args, Value) else 1 + len(args)
    value.keywords = keywords
    return value


def text_of(row: Row) -> Value:
    """Makes the value of an instruction that pushes a text."""
    content = _content(row)
    value = Value("text", f"<{row.arg}>" if content is None else safe_text(repr(content), QUOTED))
    value.content = content
    return value


def shown(value: Value, depth: int = 3) -> str:
    """Shows a value, `depth` containers deep."""
    if value.variable:
        return value.variable
    if value.kind not in _BRACKETS and value.kind not in ("call", "new"):
        return value.text
    if depth == 0:
        return "..."
    if value.kind in ("call", "new"):
        return _call(value, depth - 1)
    start, end = _BRACKETS[value.kind]
    if value.kind == "set" and not value.items:
        return "set()"
    if value.kind == "dict":
        return start + _pairs(value, depth - 1) + end
    if value.kind == "tuple" and value.length == 1:
        end = ",)"
    return start + _joined(value.items, value.length, depth - 1) + end


def _call(value: Value, depth: int) -> str:
    callee, *args = value.items
    name = shown(callee, depth)
    if callee.kind in ("call", "new") and not callee.variable:
        name = f"({name})"
    told = _joined(args, value.length - 1, depth) if value.known else f"*{shown(args[0], depth)}"
    if value.keywords is not None and (value.keywords.length or value.keywords.kind != "dict"):
        told += f"{', ' if told else ''}**{shown(value.keywords, depth)}"
    return f"{name}({told})"


def _pairs(value: Value, depth: int) -> str:
    pairs = [
        f"{shown(key, depth)}: {shown(each, depth)}"
        for key, each in zip(value.items[::2], value.items[1::2], strict=False)
    ]
    return _cut(pairs, value.length // 2)


def _joined(items: Sequence[Value], length: int, depth: int) -> str:
    return _cut([shown(item, depth) for item in items], length)


def _cut(texts: list[str], length: int) -> str:
    """Joins texts up to a number and a length."""
    told = ""
    for index, text in enumerate(texts[:SHOWN]):
        if len(told) > LONG:
            return f"{told}, ..."
        told += f", {text}" if index else text
    return f"{told}, ..." if length > min(len(texts), SHOWN) else told


def _content(row: Row) -> str | None:
    """Gives the text that an instruction pushes, if the row has all of it."""
    arg = row.arg
    try:
        if row.name == "UNICODE":
            return None if row.size - 2 > WHOLE else _bytes(arg).decode("raw-unicode-escape")
        if row.name == "STRING":
            line = _bytes(arg).strip()
            if row.size - 2 > WHOLE or len(line) < 2 or line[:1] != line[-1:] or line[:1] not in b"'\"":
                return None
            return line[1:-1].decode("unicode-escape")
        if not arg.startswith("'"):
            return None
        coded = _bytes(arg[1:-1])
        return coded.decode("utf-8", "surrogatepass") if "UNICODE" in row.name else coded.decode("latin-1")
    except UnicodeDecodeError:
        return None


def _bytes(arg: str) -> bytes:
    """Undoes the escapes of the core: a backslash is doubled, what is not printable ASCII is `\\xNN`."""
    return re.sub(
        r"\\(\\|x[0-9a-f]{2})",
        lambda found: "\\" if found[1] == "\\" else chr(int(found[1][1:], 16)),
        arg,
    ).encode("latin-1")


MARK = Value("mark", "mark")
_BRACKETS = {
    "tuple": ("(", ")"),
    "list": ("[", "]"),
    "dict": ("{", "}"),
    "set": ("{", "}"),
    "frozenset": ("frozenset({", "})"),
}
# Items kept of a container and shown of it; characters of a text and of a container before an ellipsis.
KEPT, SHOWN, QUOTED, LONG = 12, 6, 100, 160
# Bytes up to which the core shows a text whole.
WHOLE = 160
