"""Checks names that come from archives, indexes and requests before they become paths.

`check_member_name` reads the text alone and refuses what leads out of a folder on any system, not only on
this one: an archive that was checked here may be unpacked elsewhere. `safe_join` also asks the file system
about links. `open_beneath` lets the kernel decide while it opens, and is the one to use where it can be.

The rules are those of `docs/paths.md`, in that order; `tests/data/paths.json` holds cases for every reader
that mirrors them. They mend nothing: a name is taken as it stands or refused, since a mended name is one that
another reader sees otherwise.
"""

from __future__ import annotations

import os

from dryload.beneath import MAX_PATH_BYTES, locate_beneath, open_beneath, shown
from dryload.errors import PathError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["RULES", "PathError", "check_member_name", "open_beneath", "safe_join"]


def check_member_name(name: str) -> None:
    """Refuses a name that is not plainly a path below the folder it is joined to, on every system.

    Components are separated by `/`. A `./` in front, as tar writes it, and one `/` at the end, the mark of a
    folder, are taken. Bytes of an archive are decoded first, with `surrogateescape` if they may be no UTF-8.

    Raises:
        PathError: with the first rule that is broken and the character where it is.

    >>> check_member_name("model/data.pkl")
    >>> check_member_name("model/../../data.pkl")
    Traceback (most recent call last):
    dryload.errors.PathError: name goes to a parent folder (parent, at 6): 'model/../../data.pkl'
    """
    fault = next(_faults(name), None)
    if fault is not None:
        rule, position = fault
        raise PathError(
            f"name {RULES[rule]} ({rule}, at {position}): {shown(name)}",
            rule=rule,
            value=name,
            position=position,
        )


def safe_join(base: str | os.PathLike[str], *parts: str) -> str:
    """Joins names to the folder `base`, if each is a plain name and no link on the way leads out of `base`.

    The answer is true for the moment in which it is given; whoever may write below `base` can change that
    before the path is used. `open_beneath` cannot be overtaken. What does not exist yet may be joined. `base`
    is trusted, and must be there.

    Raises:
        PathError: a part breaks a rule of `check_member_name`, or a link leads out of `base` (`outside`).
        OSError: `base` is no folder, or the way could not be followed to see where it leads.
        NotImplementedError: this system can open nothing relative to a descriptor.

    >>> safe_join("/", "usr", "lib/x.so")
    '/usr/lib/x.so'
    >>> safe_join("/usr", "lib/%2e%2e/x.so")
    Traceback (most recent call last):
    dryload.errors.PathError: name holds a percent-encoded character (percent, at 4): 'lib/%2e%2e/x.so'
    """
    for part in parts:
        check_member_name(part)
    path = "/".join(part.removeprefix("./").removesuffix("/") for part in parts)
    if path:
        locate_beneath(base, path)
    return os.path.join(os.fspath(base), path) if path else os.fspath(base)


def _faults(name: str) -> Iterator[tuple[str, int]]:
    """Yields what is wrong with a name: a rule and the index of a character."""
    if not name:
        yield "empty", 0
        return
    try:
        encoded = name.encode()
    except UnicodeEncodeError as error:
        yield "encoding", error.start
        return
    if len(encoded) > MAX_PATH_BYTES:
        yield "too-long", _characters(encoded, MAX_PATH_BYTES)
    for rule in ("nul", "control", "invisible", "confusable"):
        yield from _first(rule, name)
    if name[0] in "/\\":
        yield ("unc" if name[1:2] in {"/", "\\"} else "absolute" if name[0] == "/" else "backslash"), 0
    yield from _first("backslash", name)
    if name[1:2] == ":" and name[0].isascii() and name[0].isalpha():
        yield "drive", 0
    for rule in ("colon", "character"):
        yield from _first(rule, name)
    yield from _percent(name)
    if name[0] == "~":
        yield "home", 0
    start = 2 if name.startswith("./") and len(name) > 2 else 0
    for component in name[start:].removesuffix("/").split("/"):
        yield from _component(component, start)
        start += len(component) + 1


def _first(rule: str, name: str) -> Iterator[tuple[str, int]]:
    """Yields where the first of the characters of a rule is."""
    characters = _CHARACTERS[rule]
    if not characters.isdisjoint(name):
        yield rule, next(index for index, each in enumerate(name) if each in characters)


def _percent(name: str) -> Iterator[tuple[str, int]]:
    """Yields `%` with two hex digits, or with `u` and four, which some servers decode too."""
    at = name.find("%")
    while at >= 0:
        digits = name[at + 2 : at + 6] if name[at + 1 : at + 2] in {"u", "U"} else name[at + 1 : at + 3]
        wanted = 4 if name[at + 1 : at + 2] in {"u", "U"} else 2
        if len(digits) == wanted and _HEX.issuperset(digits):
            yield "percent", at
        at = name.find("%", at + 1)


def _component(component: str, start: int) -> Iterator[tuple[str, int]]:
    if not component:
        yield "empty-component", start
    elif component == ".":
        yield "current", start
    elif component == "..":
        yield "parent", start
    else:
        encoded = component.encode()
        if len(encoded) > MAX_COMPONENT_BYTES:
            yield "component-too-long", start + _characters(encoded, MAX_COMPONENT_BYTES)
        if component[-1] == ".":
            yield "trailing-dot", start + len(component) - 1
        if component[-1] == " ":
            yield "trailing-space", start + len(component) - 1
        # Windows takes `NUL.txt` and `nul .txt` for the device as well. Only ASCII has two cases here.
        if component.partition(".")[0].rstrip(" ").encode().upper() in _DEVICES:
            yield "device", start


def _characters(encoded: bytes, limit: int) -> int:
    """Counts the characters that lie as a whole in the first `limit` bytes."""
    return len(encoded[:limit].decode(errors="ignore"))


def _spans(spans: Iterable[tuple[int, int]]) -> frozenset[str]:
    return frozenset(chr(code) for first, last in spans for code in range(first, last + 1))


MAX_COMPONENT_BYTES = 255
"""NAME_MAX of Linux; 255 UTF-16 units, the bound of NTFS and APFS, take no fewer bytes."""

RULES = {
    "empty": "is empty",
    "encoding": "is no UTF-8",
    "too-long": f"is longer than {MAX_PATH_BYTES} bytes",
    "nul": "holds NUL",
    "control": "holds a control character",
    "invisible": "holds a character that is not shown",
    "confusable": "holds a character that some readers turn into one of ./\\:~%",
    "unc": "is a network or device path",
    "absolute": "is absolute",
    "backslash": "holds a backslash",
    "drive": "begins with a drive",
    "colon": "holds a colon",
    "character": "holds a character that Windows refuses or expands",
    "percent": "holds a percent-encoded character",
    "home": "begins with a tilde",
    "empty-component": "has an empty component",
    "current": "has the component '.'",
    "parent": "goes to a parent folder",
    "component-too-long": f"has a component of more than {MAX_COMPONENT_BYTES} bytes",
    "trailing-dot": "has a component that ends with a dot",
    "trailing-space": "has a component that ends with a space",
    "device": "names a device of Windows",
}
"""What each rule refuses, in the order in which they are asked."""

_CHARACTERS = {
    "nul": frozenset("\0"),
    # C0, DEL and C1, and the two separators at which some readers end a line.
    "control": _spans([(0x00, 0x1F), (0x7F, 0x9F), (0x2028, 0x2029)]),
    # Default_Ignorable_Code_Point of Unicode 14. HFS+ drops some of them: `.<U+200C>.` is `..` there, and so
    # `.g<U+200C>it` was `.git` (CVE-2014-9390).
    "invisible": _spans(
        [
            *((0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
            *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164)),
            *((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8)),
            *((0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
        ]
    ),
    # All characters whose NFKC form holds one of `./\:~%` (Unicode 14), and those that legacy code pages of
    # Windows, or their best fit, give the place of `/`, `\` or `:`: U+00A5 in cp932, U+20A9 in cp949, and
    # U+2044, U+2215, U+2216, U+0589 and U+2236.
    "confusable": _spans(
        [
            *((0x2024, 0x2026), (0x2100, 0x2101), (0x2105, 0x2106), (0x2488, 0x249B), (0x2A74, 0x2A74)),
            *((0x33C2, 0x33C2), (0x33C7, 0x33C7), (0x33D8, 0x33D8), (0xFE13, 0xFE13), (0xFE19, 0xFE19)),
            *((0xFE30, 0xFE30), (0xFE52, 0xFE52), (0xFE55, 0xFE55), (0xFE68, 0xFE68), (0xFE6A, 0xFE6A)),
            *((0xFF05, 0xFF05), (0xFF0E, 0xFF0F), (0xFF1A, 0xFF1A), (0xFF3C, 0xFF3C), (0xFF5E, 0xFF5E)),
            (0x1F100, 0x1F100),
            *((0x00A5, 0x00A5), (0x0589, 0x0589), (0x20A9, 0x20A9), (0x2044, 0x2044), (0x2215, 0x2216)),
            (0x2236, 0x2236),
        ]
    ),
    "backslash": frozenset("\\"),
    "colon": frozenset(":"),
    # `<`, `>` and `"` are wildcards too, to the file systems of Windows.
    "character": frozenset('<>"|?*'),
}

_HEX = frozenset("0123456789abcdefABCDEF")

_DEVICES = {b"CON", b"PRN", b"AUX", b"NUL", b"CONIN$", b"CONOUT$"} | {
    f"{port}{number}".encode() for port in ("COM", "LPT") for number in "123456789\u00b9\u00b2\u00b3"
}
