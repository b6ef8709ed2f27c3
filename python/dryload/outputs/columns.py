"""Lays text out in the columns of a terminal: 80 of them, whatever the terminal has.

It breaks at spaces, then behind slashes, then anywhere; it never drops a character but where it says so with
an ellipsis. Signs of East Asian scripts count for two columns. The text has passed `safe_text` before.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def columns(text: str) -> int:
    """Counts the columns that text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def cut(text: str, room: int) -> str:
    """Cuts text to so many columns, with an ellipsis where something is gone."""
    return text if columns(text) <= room else f"{_head(text, room - 1)}…"


def cut_middle(text: str, room: int) -> str:
    """Cuts text to so many columns in its middle: of a path, both ends say something."""
    if columns(text) <= room:
        return text
    front = _head(text, room // 3)
    back = _head(text[::-1], room - 1 - columns(front))[::-1]
    return f"{front}…{back}"


def wrapped(prefix: str, text: str, indent: int | None = None) -> Iterator[str]:
    """Breaks text into lines, the later ones `indent` columns in: by default under the end of the prefix."""
    margin = " " * (columns(prefix) if indent is None else indent)
    line = prefix
    empty = True
    for word in text.split(" "):
        if not empty and columns(line) + 1 + columns(word) > WIDTH:
            yield line
            line, empty = margin, True
        while empty and columns(line) + columns(word) > WIDTH:
            head = _piece(word, max(WIDTH - columns(line), LEAST))
            yield line + head
            line, word = margin, word[len(head) :]
        line += word if empty else f" {word}"
        empty = False
    yield line


def hanging(indent: int, text: str) -> Iterator[str]:
    """Breaks text as `wrapped` does, with all lines but the first four columns further in."""
    return wrapped(" " * indent, text, indent + 4)


def _piece(word: str, room: int) -> str:
    """Gives the start of a word that fits, up to a slash where one stands in its second half."""
    head = _head(word, room)
    slash = head.rfind("/") + 1
    return head[:slash] if slash > room // 2 else head


def _head(text: str, room: int) -> str:
    if text.isascii():
        return text[:room]
    taken = 0
    for index, sign in enumerate(text):
        taken += columns(sign)
        if taken > room:
            return text[:index]
    return text


WIDTH = 80
# The least columns that a line of broken text gets, however long its prefix is: it must come to an end.
LEAST = 16
