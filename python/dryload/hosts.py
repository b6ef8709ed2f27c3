"""Brings the name of a host into the one ASCII form in which it is compared and looked up.

It refuses each name that two readers take for two hosts: what some read as an IPv4 address (`127.1`,
`0x7f.1`), what international names of 2003 (`encodings.idna`) and those of browsers (UTS 46) write
differently, and whatever a resolver could complete or shorten.
"""

from __future__ import annotations

from ipaddress import IPv4Address


class HostFault(Exception):
    """A name of a host breaks a rule, at a character of it."""

    def __init__(self, rule: str, position: int) -> None:
        super().__init__(rule, position)
        self.rule = rule
        self.position = position


def to_ascii(host: str) -> str:
    """Gives the host in ASCII and lower case; an IPv4 address only if it is plainly written.

    Raises:
        HostFault: the first rule of `dryload.urls.RULES` that is broken.

    >>> to_ascii("Bücher.Example"), to_ascii("192.0.2.1")
    ('xn--bcher-kva.example', '192.0.2.1')
    >>> to_ascii("0300.0.2.1")
    Traceback (most recent call last):
    dryload.hosts.HostFault: ('ipv4-spelling', 0)
    """
    if not host:
        raise HostFault("host-empty", 0)
    if host[-1] == ".":
        raise HostFault("trailing-dot", len(host) - 1)
    labels = host.split(".")
    is_ascii = host.isascii()
    made = []
    start = 0
    for label in labels:
        made.append(_ascii_label(label, start) if label.isascii() else _international_label(label, start))
        start += len(label) + 1
    if not is_ascii and any(_is_right_to_left(label) for label in labels):
        _check_direction(labels)
    name = ".".join(made)
    if len(name) > MAX_HOST:
        raise HostFault("host-label", 0)
    # The URL standard's "ends in a number": everything that inet_aton or a browser reads as an address.
    last = made[-1]
    if last.isdigit() or (last[:2] == "0x" and _HEX.issuperset(last[2:])):
        try:
            plain = str(IPv4Address(name)) == name
        except ValueError:
            plain = False
        if not plain:
            raise HostFault("ipv4-spelling", 0)
    return name


def _ascii_label(label: str, start: int) -> str:
    lowered = label.lower()
    for index, each in enumerate(lowered):
        if each not in _LETTERS:
            raise HostFault("host-character", start + index)
    if not lowered or len(lowered) > MAX_LABEL or lowered[0] == "-" or lowered[-1] == "-":
        raise HostFault("host-label", start)
    if lowered[:4] == "xn--":
        _check_punycode(lowered, start)
    return lowered


def _international_label(label: str, start: int) -> str:
    """Encodes a label on which the two standards agree: letters, marks and digits of Unicode 3.2, in the
    normal form that both map to. `ß`, `ς`, capitals, full-width dots and joiners are refused."""
    import unicodedata
    from encodings.idna import ToASCII, nameprep
    from stringprep import in_table_a1

    lowered = "".join(each.lower() if each.isascii() else each for each in label)
    for index, each in enumerate(lowered):
        if each not in _LETTERS if each.isascii() else unicodedata.category(each) not in _CATEGORIES:
            raise HostFault("host-character" if each.isascii() else "idna", start + index)
    # Table A.1: what Unicode 3.2 did not have. `encodings.idna` lets it pass and folds none of it.
    if unicodedata.category(lowered[0])[0] == "M" or any(
        in_table_a1(each) or each in _FILLERS for each in lowered
    ):
        raise HostFault("idna", start)
    if lowered[0] == "-" or lowered[-1] == "-" or lowered[2:4] == "--":
        raise HostFault("host-label", start)
    try:
        encoded = ToASCII(lowered).decode("ascii")
        same = nameprep(lowered) == lowered
    except UnicodeError:
        raise HostFault("idna", start) from None
    # Today's folding too: what is lower case has changed since.
    if not same or unicodedata.normalize("NFKC", lowered.casefold()) != lowered:
        raise HostFault("idna", start)
    return encoded


def _check_punycode(label: str, start: int) -> None:
    """Refuses an `xn--` label that is not the encoding of anything, or of something not in normal form."""
    import unicodedata

    try:
        decoded = label[4:].encode("ascii").decode("punycode")
        again = decoded.encode("punycode").decode("ascii")
    except (UnicodeError, OverflowError, ValueError):
        raise HostFault("idna", start) from None
    normal = unicodedata.normalize("NFC", decoded) == decoded and decoded.lower() == decoded
    if decoded.isascii() or again != label[4:] or not normal or not decoded.isprintable():
        raise HostFault("idna", start)


def _is_right_to_left(label: str) -> bool:
    import unicodedata

    return any(unicodedata.bidirectional(each) in {"R", "AL", "AN"} for each in label)


def _check_direction(labels: list[str]) -> None:
    """Holds names with a right-to-left label to less than RFC 5893 grants: no label mixes directions, and
    none begins with a digit."""
    import unicodedata

    start = 0
    for label in labels:
        kinds = [unicodedata.bidirectional(each) for each in label]
        wanted = {"R", "AL"} if _is_right_to_left(label) else {"L"}
        mixed = _is_right_to_left(label) and not set(kinds) <= {"R", "AL", "NSM"}
        if (
            mixed
            or kinds[0] not in wanted
            or kinds[-1] not in wanted | {"NSM"} | ({"EN"} if "L" in wanted else set())
        ):
            raise HostFault("idna", start)
        start += len(label) + 1


MAX_HOST = 253
"""RFC 1035: 255 bytes on the wire, of which two are not text."""

MAX_LABEL = 63
"""RFC 1035."""

# Browsers and resolvers also take `_`, which no name of a host may hold (RFC 1123).
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_HEX = frozenset("0123456789abcdef")

# Letters, marks and digits: symbols and pictures are where the two standards part.
_CATEGORIES = {"Ll", "Lo", "Lm", "Mn", "Mc", "Nd"}

# Letters and marks that are not shown.
_FILLERS = "\u115f\u1160\u17b4\u17b5"
