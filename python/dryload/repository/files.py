"""The files of a folder, read strictly: JSON without duplicate keys, on a budget of bytes and depth."""

from __future__ import annotations

import json
import os
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dryload._core import Observation

# An index of half a million tensors has 60 MB.
MAX_BYTES = 100_000_000


class Unread(Exception):
    """A file that could not be read as what it is named; the reason in words."""


class Folder:
    """One folder: the names of its regular files, sorted, and how many bytes of them were read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.read = 0
        with os.scandir(path) as entries:
            # A symlink counts as what it leads to: the Hub's cache has nothing else.
            self.names = sorted(entry.name for entry in entries if entry.is_file())

    def ending(self, *endings: str) -> list[str]:
        """Gives the names with one of these endings, in any case."""
        return [name for name in self.names if name.lower().endswith(endings)]

    def at(self, name: str) -> str:
        """Gives the path of a file."""
        return os.path.join(self.path, name)

    def text(self, name: str, limit: int = MAX_BYTES) -> str:
        """Gives the text of a file.

        Raises:
            Unread: it is longer than the limit, no UTF-8, or cannot be read.
        """
        try:
            with open(self.at(name), "rb") as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise Unread(error.strerror or "it cannot be read") from error
        self.read += len(data)
        if len(data) > limit:
            raise Unread(f"it has more than {limit} bytes")
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise Unread(f"it is no UTF-8 at {error.start:#x}") from error

    def json(self, name: str, limit: int = MAX_BYTES) -> tuple[Any, list[str]]:
        """Gives the value of a JSON file, and the keys that stand twice in an object of it.

        Raises:
            Unread: as `text`; or it is no JSON.
        """
        return parsed(self.text(name, limit))


def parsed(text: str) -> tuple[Any, list[str]]:
    """Gives the value of a JSON text, and the keys that stand twice in an object of it."""
    twice: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for key, item in pairs:
            if key in value and len(twice) < 16:
                twice.append(key)
            value[key] = item
        return value

    def integer(digits: str) -> int:
        # Python would spend minutes on a number of a million digits.
        return int(digits) if len(digits) <= 30 else 10**30

    try:
        return json.loads(text, object_pairs_hook=once, parse_int=integer), twice
    except RecursionError as error:
        raise Unread("its values nest too deep") from error
    except ValueError as error:
        raise Unread(f"it is no JSON: {str(error)[:80]}") from error


def walk(value: Any, pointer: str = "") -> Iterator[tuple[str, str, Any]]:
    """Gives each key of all objects in a value: the key, its JSON pointer (RFC 6901), what stands there."""
    rest = [(pointer, value)]
    while rest:
        at, each = rest.pop()
        if isinstance(each, dict):
            for key, item in each.items():
                place = f"{at}/{key.replace('~', '~0').replace('/', '~1')}"
                yield key, place, item
                rest.append((place, item))
        elif isinstance(each, list):
            rest.extend((f"{at}/{i}", item) for i, item in enumerate(each))


def fact(code: str, file: str, pointer: str, found: str, expected: str = "") -> Observation:
    """Makes a fact about a place in a file."""
    return {
        "code": code,
        "part": 0,
        "member": file,
        "start": 0,
        "end": 0,
        "file_start": None,
        "name": pointer,
        "expected": expected,
        "found": found,
        "import_start": None,
        "place": "",
    }
