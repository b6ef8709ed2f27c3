"""Reads the text of a URL, and refuses each character that parsers do not agree about.

It mends nothing: what a browser strips, replaces or encodes before it reads on is refused, and so is what it
resolves in a path. Which hosts, ports and schemes are permitted is the business of `dryload.urls`.
"""

from __future__ import annotations

from ipaddress import IPv6Address

from dryload.errors import UrlError


def check_characters(url: str) -> None:
    """Refuses what some parsers strip, replace or encode before they read on."""
    if not url:
        raise refusal("empty", url, 0, url)
    if len(url) > MAX_CHARACTERS:
        raise refusal("too-long", url, MAX_CHARACTERS, len(url))
    for index, each in enumerate(url):
        if each <= " " or each == "\x7f" or (each > "~" and each.isspace()):
            raise refusal("control", url, index, each)
        if each == "\\":
            raise refusal("backslash", url, index, each)


def check_rest(url: str, start: int) -> tuple[str, str | None, str | None]:
    """Splits what follows the authority, and refuses what is not written as RFC 3986 has it."""
    whole, mark, fragment = url[start:].partition("#")
    path, question, query = whole.partition("?")
    pieces = ((path, _PATH), (query, _QUERY), (fragment, _FRAGMENT))
    at = start
    for piece, characters in pieces:
        for index, each in enumerate(piece):
            if each == "%":
                digits = piece[index + 1 : index + 3]
                if len(digits) < 2 or not _HEX.issuperset(digits):
                    raise refusal("percent", url, at + index, piece[index : index + 3])
                # A server that decodes it gets a NUL, or a second line of a request or a log.
                if int(digits, 16) < 0x20 or int(digits, 16) == 0x7F:
                    raise refusal("control", url, at + index, piece[index : index + 3])
            elif each not in characters:
                raise refusal("character", url, at + index, each)
        at += len(piece) + 1
    for segment in path.split("/"):
        check_segment(url, segment, start)
        start += len(segment) + 1
    return path or "/", query if question else None, fragment if mark else None


def check_segment(url: str, segment: str, position: int) -> None:
    """Refuses `.` and `..`, which browsers resolve and others send, also encoded once or more often."""
    from urllib.parse import unquote

    decoded, again = "", segment
    for _ in range(_LEVELS):
        if decoded == again:
            return
        decoded, again = again, unquote(again)
        # What is decoded may hold slashes of its own; to some servers `..;x` is `..` with a parameter.
        names = [each.partition(";")[0] for each in decoded.replace("\\", "/").split("/")]
        if not {".", ".."}.isdisjoint(names):
            raise refusal("dot-segment", url, position, segment)
    raise refusal("percent", url, position, segment)


def without_dots(path: str) -> str:
    """Resolves the plain `.` and `..` of a relative reference (RFC 3986, 5.2.4); encoded ones are left."""
    done: list[str] = []
    parts = path.split("/")[1:]
    for part in parts:
        if part == "..":
            del done[-1:]
        elif part != ".":
            done.append(part)
    folder = parts[-1] in {".", ".."}
    return "/" + "/".join([*done, ""] if folder else done)


def read_ipv6(text: str) -> IPv6Address | None:
    """Reads an IPv6 address without a zone (`%eth0`), which names an interface of this machine."""
    try:
        return None if "%" in text else IPv6Address(text)
    except ValueError:
        return None


def refusal(rule: str, url: str, position: int, shown: object) -> UrlError:
    """Says which rule is broken; of the URL only the piece that breaks it, since a URL may hold secrets."""
    text = shown if isinstance(shown, str) else str(shown)
    text = ascii(text) if len(text) <= _SHOWN else ascii(text[:_SHOWN]) + "..."
    return UrlError(f"{RULES[rule]} ({rule}, at {position}): {text}", rule=rule, value=url, position=position)


MAX_CHARACTERS = 4096
"""Browsers and servers take between 2,000 and 8,000; signed links of object stores stay under 2,000."""

RULES = {
    "empty": "URL is empty",
    "too-long": f"URL is longer than {MAX_CHARACTERS} characters",
    "control": "URL holds whitespace or a control character",
    "backslash": "URL holds a backslash",
    "scheme": "URL has a scheme that is not permitted",
    "slashes": "URL has no two slashes after its scheme",
    "userinfo": "URL names a user before its host",
    "host-empty": "URL has no host",
    "host-character": "URL has a host with a character that none may have",
    "host-label": "URL has a host with a part that is empty, too long or begins or ends with a hyphen",
    "trailing-dot": "URL has a host that ends with a dot",
    "ipv4-spelling": "URL has a host that some read as an IPv4 address",
    "idna": "URL has a host that is not read alike as an international name",
    "ip-literal": "URL has an address for a host",
    "special-name": "URL names a host that is not on the public network",
    "host": "URL names a host that is not permitted",
    "port": "URL has a port that is not permitted or not plainly written",
    "character": "URL holds a character that has to be percent-encoded",
    "percent": "URL has a percent sign without two hex digits, or is encoded over and over",
    "dot-segment": "URL has a path with a '.' or '..' segment",
    "address": "address cannot be read",
    "unresolved": "host has no address",
}
"""What each rule refuses; an address is refused by the name of its class."""

_SHOWN = 80

# How often a segment is decoded until it stands still: once is usual, twice happens, more is nobody's need.
_LEVELS = 5

# RFC 3986 `pchar`; browsers encode `'` in a query, so that it must come encoded.
_HEX = frozenset("0123456789abcdefABCDEF")
_PCHAR = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@")
_PATH = _PCHAR | {"/"}
_FRAGMENT = _PCHAR | {"/", "?"}
_QUERY = _FRAGMENT - {"'"}
