"""Writes what loading a pickle would do as lines of Python, for a person to read.

Imports, calls and changes of objects are statements in their order; plain values are abbreviated. It is never
run, here or anywhere: a name that Python code cannot have becomes a string.
"""

from __future__ import annotations

import keyword

from dryload.outputs.followed import Events, Follower
from dryload.outputs.safe_text import safe_text
from dryload.outputs.value import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dryload.outputs.value import Value
    from dryload.report import Import
    from dryload.scanner import Row


def script(rows: Iterable[Row], imports: Iterable[Import]) -> Iterator[tuple[int, str]]:
    """Gives the statements of one part, each with the offset of the instruction that it stands for."""
    written = _Script()
    follower = Follower(imports, written)
    known = True
    for row in rows:
        follower.step(row)
        yield from written.lines
        written.lines.clear()
        known, was_known = follower.depth is not None, known
        if was_known and not known:
            yield row.offset, "# the stack cannot be followed from here to the end of this pickle"


class _Script(Events):
    def __init__(self) -> None:
        self.lines: list[tuple[int, str]] = []
        self._imported: dict[tuple[str, str], str] = {}
        self._taken = {"root", "find_class", "persistent_load", "extension", "next_buffer"}
        self._variables = 0
        self._roots = 0

    def name(self, row: Row, value: Value) -> None:
        assert value.pair is not None
        module, qualname = value.pair
        first, dot, rest = qualname.partition(".")
        if not all(_is_name(word) for word in [*module.split("."), *qualname.split(".")]):
            value.variable = self._variable()
            arguments = f"{safe_text(repr(module))}, {safe_text(repr(qualname))}"
            self._say(row, f"{value.variable} = find_class({arguments})")
            return
        alias = self._imported.get((module, first))
        if alias is None:
            alias = first
            while alias in self._taken:
                alias += "_"
            self._taken.add(alias)
            self._imported[module, first] = alias
            renamed = "" if alias == first else f" as {alias}"
            self._say(row, safe_text(f"from {module} import {first}{renamed}", LINE))
        value.variable = safe_text(alias + dot + rest)

    def call(self, row: Row, value: Value) -> None:
        text = shown(value)
        if value.kind == "new":
            callee = shown(value.items[0])
            inside = text.removeprefix(callee)[1:-1]
            text = f"{callee}.__new__({callee}{', ' if inside else ''}{inside})"
        value.variable = self._variable()
        self._say(row, f"{value.variable} = {text}")

    def method(self, row: Row, target: Value, method: str, argument: Value) -> None:
        self._say(row, f"{shown(target)}.{method}({shown(argument)})")

    def item(self, row: Row, target: Value, key: Value, value: Value) -> None:
        self._say(row, f"{shown(target)}[{shown(key)}] = {shown(value)}")

    def stop(self, row: Row, value: Value) -> None:
        number = str(self._roots) if self._roots else ""
        self._roots += 1
        self._say(row, f"root{number} = {shown(value)}")

    def _variable(self) -> str:
        name = f"v{self._variables}"
        self._variables += 1
        if name in self._taken:
            return self._variable()
        self._taken.add(name)
        return name

    def _say(self, row: Row, text: str) -> None:
        self.lines.append((row.offset, text))


def _is_name(word: str) -> bool:
    # isidentifier() is true of letters that look like ASCII ones; such a name is better seen as a string.
    return word.isascii() and word.isidentifier() and not keyword.iskeyword(word)


# An import line may hold two long dotted names.
LINE = 400
