"""Reads a URL as browsers do: the parser of the URL standard (WHATWG), for the special schemes with a host.

It is an oracle: written from the standard's state machine, it mends what the standard mends, so that a test
can ask whether something that we let pass is a different place to a browser. International names are mapped
by lower case and NFKC alone, which is UTS 46 for letters, marks and digits that both of its standards share.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

PORTS = {"ftp": 21, "http": 80, "https": 443, "ws": 80, "wss": 443}
FORBIDDEN_IN_HOST = {chr(code) for code in range(0x21)} | set("#/:<>?@[\\]^|%\x7f")


class Read(NamedTuple):
    """What a browser makes of a URL."""

    scheme: str
    host: str
    port: int
    path: str
    query: str | None
    fragment: str | None


def read(url: str) -> Read | None:
    """Gives the parts, or None for a failure or for a scheme that has no host of this kind."""
    url = url.strip("".join(chr(code) for code in range(0x21)))
    url = "".join(each for each in url if each not in "\t\n\r")
    scheme, colon, rest = url.partition(":")
    scheme = scheme.lower()
    if not colon or scheme not in PORTS:
        return None
    rest = rest.lstrip("/\\")  # "Special authority ignore slashes state".
    end = min((at for at in map(rest.find, "/\\?#") if at >= 0), default=len(rest))
    authority, rest = rest[:end], rest[end:]
    authority = authority.rpartition("@")[2]
    host, port = _split(authority)
    if port and not all(each in "0123456789" for each in port):
        return None
    number = int(port) if port else PORTS[scheme]
    parsed = _host(host)
    if parsed is None or number > 65535:
        return None
    rest, mark, fragment = rest.partition("#")
    path, question, query = rest.partition("?")
    return Read(
        scheme,
        parsed,
        number,
        _path(path),
        _encode(query, "\"#<>'") if question else None,
        _encode(fragment, '"<>`') if mark else None,
    )


def _split(authority: str) -> tuple[str, str]:
    inside = False
    for index, each in enumerate(authority):
        if each == ":" and not inside:
            return authority[:index], authority[index + 1 :]
        inside = each == "[" or (inside and each != "]")
    return authority, ""


def _host(host: str) -> str | None:
    if host.startswith("["):
        return _ipv6(host[1:-1]) if host.endswith("]") else None
    text = unquote_to_bytes(host).decode("utf-8", "replace")
    text = unicodedata.normalize("NFKC", text).lower().replace("\u3002", ".").replace("\u00ad", "")
    if any(unicodedata.category(each) in {"Cf", "Co", "Cn"} or each == "\ufffd" for each in text):
        return None
    name = ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
        for label in text.split(".")
    )
    if not name or FORBIDDEN_IN_HOST & set(name):
        return None
    parts = name.split(".")
    if parts[-1] == "" and len(parts) > 1:
        parts.pop()
    if parts[-1].isdigit() or _number(parts[-1]) is not None:
        return _ipv4(parts)
    return name


def _number(part: str) -> int | None:
    if not part:
        return None
    base = 10
    if part[:2] in {"0x", "0X"}:
        part, base = part[2:], 16
    elif len(part) > 1 and part[0] == "0":
        part, base = part[1:], 8
    digits = {8: "01234567", 10: "0123456789", 16: "0123456789abcdefABCDEF"}[base]
    if not set(part) <= set(digits):
        return None
    return int(part, base) if part else 0


def _ipv4(parts: list[str]) -> str | None:
    if len(parts) > 4:
        return None
    numbers = [number for part in parts if (number := _number(part)) is not None]
    if len(numbers) < len(parts) or any(number > 255 for number in numbers[:-1]):
        return None
    if numbers[-1] >= 256 ** (5 - len(numbers)):
        return None
    value = numbers[-1] + sum(number * 256 ** (3 - index) for index, number in enumerate(numbers[:-1]))
    return ".".join(str(byte) for byte in value.to_bytes(4, "big"))


def _ipv6(text: str) -> str | None:
    """Reads pieces of 16 bits, one `::` and a dotted tail; writes none but the value, by RFC 5952."""
    head, dots, tail = text.partition("::")
    if "::" in tail or "%" in text:
        return None
    before, after = _pieces(head, last=not dots), _pieces(tail, last=True)
    if before is None or after is None or len(before) + len(after) > (7 if dots else 8):
        return None
    if not dots and len(before) != 8:
        return None
    pieces = before + [0] * (8 - len(before) - len(after)) + after
    runs = [(index, _zeros(pieces, index)) for index in range(8)]
    start, length = max(runs, key=lambda run: (run[1], -run[0]))
    if length < 2:
        return ":".join(f"{piece:x}" for piece in pieces)
    left, right = pieces[:start], pieces[start + length :]
    return ":".join(f"{piece:x}" for piece in left) + "::" + ":".join(f"{piece:x}" for piece in right)


def _zeros(pieces: list[int], index: int) -> int:
    length = 0
    while index + length < 8 and pieces[index + length] == 0:
        length += 1
    return length


def _pieces(text: str, *, last: bool) -> list[int] | None:
    pieces: list[int] = []
    parts = text.split(":") if text else []
    for index, part in enumerate(parts):
        if "." in part and last and index == len(parts) - 1:
            bytes_ = part.split(".")
            plain = all(byte.isascii() and byte.isdigit() and str(int(byte)) == byte for byte in bytes_)
            if len(bytes_) != 4 or not plain or any(int(byte) > 255 for byte in bytes_):
                return None
            a, b, c, d = map(int, bytes_)
            pieces += [a << 8 | b, c << 8 | d]
        elif 0 < len(part) <= 4 and set(part) <= set("0123456789abcdefABCDEF"):
            pieces.append(int(part, 16))
        else:
            return None
    return pieces


def _path(path: str) -> str:
    segments: list[str] = []
    parts = path.replace("\\", "/").split("/")[1:] or [""]
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        plain = part.lower().replace("%2e", ".")
        if plain == "..":
            if segments:
                segments.pop()
            if last:
                segments.append("")
        elif plain == ".":
            if last:
                segments.append("")
        else:
            segments.append(_encode(part, '"#<>?^`{}'))
    return "/" + "/".join(segments)


def _encode(text: str, also: str) -> str:
    return "".join(
        each
        if "\x20" < each < "\x7f" and each not in also
        else "".join(f"%{byte:02X}" for byte in each.encode("utf-8", "replace"))
        for each in text
    )
