"""Makes text that a file chose fit for a terminal, a log or a document.

Every string that comes from a file, its path included, goes through here before it reaches an output. A raw
escape sequence can erase the scanner's own warning, a newline can forge a line of a CI log, a bidi control
can turn a name round.
"""

from __future__ import annotations

import os


def safe_text(text: str, cap: int | None = 120) -> str:
    """Gives the text with everything invisible made visible, and cut to `cap` characters.

    Whatever Unicode calls a control, a format character, a surrogate, unassigned or a separator other than
    the plain space becomes `\\n`, `\\x1b` or `\\u{202e}`. A backslash stays as it is, so the result is for
    reading, not for parsing.

    >>> safe_text("evil\\x1b[2K\\u202e.pt")
    'evil\\\\x1b[2K\\\\u{202e}.pt'
    """
    if cap is not None and len(text) > cap:
        text = text[:cap] + "…"  # cut before escaping: a long name may be of any length
    if not text.isprintable():
        text = "".join(character if character.isprintable() else _visible(character) for character in text)
    if cap is not None and len(text) > cap:
        text = text[: cap - 1] + "…"
    return text


def raw_path(path: str) -> bytes:
    """Gives the bytes of a path; of a name that no file can have, those that UTF-8 would have."""
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogatepass")


def _visible(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"


_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
