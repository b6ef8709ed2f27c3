"""Judges a URL that a stranger gave before anything is fetched from it, and pins the address that was judged.

A URL is taken only if it is written so that parsers agree about it: by RFC 3986 as `urllib.parse` reads it,
and by the URL standard of browsers, to which a backslash is a slash, a tab is nothing and `0x7f.1` an
address. What they would read differently is refused, not mended.

A name says nothing about the machine behind it. `UrlPolicy.pin` resolves it once, judges every address, and
`connect` goes to those addresses and asks nobody again.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from dryload._frozen import frozen
from dryload.addresses import CLASSES, class_of, wraps
from dryload.dial import connect, system_addresses
from dryload.errors import PolicyError, UrlError
from dryload.hosts import HostFault, to_ascii
from dryload.urltext import (
    RULES,
    check_characters,
    check_rest,
    check_segment,
    read_ipv6,
    refusal,
    without_dots,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dryload.addresses import Address

    Resolve = Callable[[str, int], Iterable[str]]

__all__ = ["RULES", "ParsedUrl", "PinnedUrl", "UrlError", "UrlPolicy", "connect"]


@frozen
class ParsedUrl:
    """A URL that a policy let pass, in the parts on which parsers agree.

    `host` is in ASCII, lower case, an IPv6 address without brackets. `url` is the parts put together again;
    it is what is to be fetched, rather than the text that was given.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str | None
    fragment: str | None

    @property
    def authority(self) -> str:
        """The host and, if it is not the scheme's own, the port: the value of a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def target(self) -> str:
        """The path and the query: what a request asks the host for."""
        return self.path if self.query is None else f"{self.path}?{self.query}"

    @property
    def url(self) -> str:
        """The URL, written in its one normal form."""
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return f"{self.scheme}://{self.authority}{self.target}{fragment}"


@frozen
class PinnedUrl:
    """A URL with the addresses that its host had when they were judged."""

    parsed: ParsedUrl
    addresses: tuple[str, ...]


@frozen
class UrlPolicy:
    """Says which URLs may be fetched for a stranger; it never changes.

    `hosts` holds exact names (`hf.co`) and, with a dot in front, all names below one (`.hf.space`; not
    `hf.space` itself). None takes every host with a public address. `schemes` are `https`, `http`, `wss` or
    `ws`. `ports` is None for the scheme's own port, or all ports that are permitted. `ip_literals` permits
    addresses in the place of a name. `networks` permits addresses that are not public, such as those of a
    store of one's own.

    Raises:
        PolicyError: the policy says something that cannot be meant.

    >>> policy = UrlPolicy(hosts=("hf.co", ".hf.space"))
    >>> policy.check("https://my-app.HF.space/api?x=1").url
    'https://my-app.hf.space/api?x=1'
    >>> policy.check("https://evil-hf.space/")
    Traceback (most recent call last):
    dryload.errors.UrlError: URL names a host that is not permitted (host, at 8): 'evil-hf.space'
    """

    hosts: tuple[str, ...] | None
    schemes: tuple[str, ...]
    ports: tuple[int, ...] | None
    ip_literals: bool
    networks: tuple[str, ...]

    def __init__(
        self,
        *,
        hosts: Iterable[str] | None,
        schemes: Iterable[str] = ("https",),
        ports: Iterable[int] | None = None,
        ip_literals: bool = False,
        networks: Iterable[str] = (),
    ) -> None:
        fields = {
            "hosts": None if hosts is None else tuple(_host_entry(each) for each in _several(hosts, "hosts")),
            "schemes": tuple(_scheme_entry(each) for each in _several(schemes, "schemes")),
            "ports": None if ports is None else tuple(_port_entry(each) for each in ports),
            "ip_literals": bool(ip_literals),
            "networks": tuple(_network_entry(each) for each in _several(networks, "networks")),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def check(self, url: str) -> ParsedUrl:
        """Reads a URL and refuses it if the policy does, or if two parsers would read it differently.

        Nothing is resolved: a host that is permitted may still have an address that is not, see `pin`.

        Raises:
            UrlError: with the first rule that is broken and the character where it is.
        """
        check_characters(url)
        scheme, host_at = self._check_scheme(url)
        end = min((at for at in (url.find(each, host_at) for each in "/?#") if at >= 0), default=len(url))
        host, port = self._check_authority(url, scheme, host_at, end)
        path, query, fragment = check_rest(url, end)
        return ParsedUrl(scheme=scheme, host=host, port=port, path=path, query=query, fragment=fragment)

    def check_redirect(self, base: ParsedUrl, location: str) -> ParsedUrl:
        """Judges the Location that a response names, absolute or relative to the URL that was asked.

        How many are followed is the caller's count; five is plenty.

        Raises:
            UrlError: as `check` does; positions may be those in the absolute URL.
        """
        check_characters(location)
        first = location.replace("?", "/").replace("#", "/").partition("/")[0]
        if ":" in first:
            return self.check(location)
        # `urllib.parse.urljoin` takes `///host` for a path, browsers for a host; and it drops `//` in paths.
        if location.startswith("//"):
            return self.check(f"{base.scheme}:{location}")
        end = min((at for at in map(location.find, "?#") if at >= 0), default=len(location))
        path, rest = location[:end], location[end:]
        if not path:
            query = "" if base.query is None or rest.startswith("?") else f"?{base.query}"
            return self.check(f"{base.scheme}://{base.authority}{base.path}{query}{rest}")
        for segment in path.split("/"):
            # A browser takes an encoded one for a step, and so a later `..` would take back another step.
            if segment not in {".", ".."}:
                check_segment(location, segment, location.index(segment))
        if not path.startswith("/"):
            path = base.path[: base.path.rindex("/") + 1] + path
        return self.check(f"{base.scheme}://{base.authority}{without_dots(path)}{rest}")

    def check_address(self, ip: str | Address) -> Address:
        """Reads an address and refuses it unless it is public or in one of the policy's networks.

        Raises:
            UrlError: `address` for a text that is none, else the class, one of `dryload.addresses.CLASSES`.

        >>> UrlPolicy(hosts=None).check_address("::ffff:127.0.0.1")
        Traceback (most recent call last):
        dryload.errors.UrlError: address is mapped (RFC 4291: an IPv4 address inside): '::ffff:127.0.0.1'
        """
        try:
            address = ip_address(ip)
        except ValueError:
            raise refusal("address", str(ip), 0, ip) from None
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            raise refusal("address", str(ip), 0, ip)
        name = class_of(address)
        if name == "public" or any(address in ip_network(network) for network in self.networks):
            return address
        message = f"address is {name} ({CLASSES[name]}): {str(ip)!a}"
        raise UrlError(message, rule=name, value=str(ip), position=0)

    def pin(self, url: str | ParsedUrl, *, resolve: Resolve | None = None) -> PinnedUrl:
        """Resolves the host of a URL once and keeps its addresses, if the policy permits every one of them.

        One refused address among good ones is a sign that somebody plays with the name, and refuses all.
        `resolve(host, port)` gives addresses as texts; the default asks the system.

        Raises:
            UrlError: as `check` and `check_address` do; `unresolved` if there is no address at all.
            OSError: what the resolver raises.
        """
        # A ParsedUrl may come from another policy.
        parsed = self.check(url if isinstance(url, str) else url.url)
        if _is_literal(parsed.host):
            return PinnedUrl(parsed=parsed, addresses=(parsed.host,))
        found = (resolve or system_addresses)(parsed.host, parsed.port)
        addresses = tuple(dict.fromkeys(str(self.check_address(each)) for each in found))
        if not addresses:
            raise refusal("unresolved", parsed.url, len(parsed.scheme) + 3, parsed.host)
        return PinnedUrl(parsed=parsed, addresses=addresses)

    def _check_scheme(self, url: str) -> tuple[str, int]:
        colon = url.find(":")
        scheme = url[: max(colon, 0)].lower()
        if scheme not in self.schemes:
            raise refusal("scheme", url, 0, scheme)
        # Browsers take `https:host`, `https:/host` and `https:///host` for the same host, others for none.
        if url[colon + 1 : colon + 3] != "//":
            raise refusal("slashes", url, colon + 1, url[colon + 1 : colon + 3])
        return scheme, colon + 3

    def _check_authority(self, url: str, scheme: str, start: int, end: int) -> tuple[str, int]:
        authority = url[start:end]
        if "@" in authority:
            # What stands before it may be a password and is not shown.
            raise refusal("userinfo", url, start, authority.rpartition("@")[2])
        bracket = authority.startswith("[")
        if bracket and "]" not in authority:
            raise refusal("host-character", url, start, authority)
        host_length = authority.index("]") + 1 if bracket else len(authority.partition(":")[0])
        host = self._check_host(url, authority[:host_length], start)
        rest = authority[host_length:]
        if not rest:
            port = _PORTS[scheme]
        elif rest.isascii() and rest[0] == ":" and rest[1:].isdigit() and rest[1] != "0" and len(rest) <= 6:
            port = int(rest[1:])
        else:
            raise refusal("port", url, start + host_length, rest)
        if port not in (self.ports if self.ports is not None else {_PORTS[scheme]}):
            raise refusal("port", url, start + host_length, port)
        return host, port

    def _check_host(self, url: str, host: str, start: int) -> str:
        """Gives the normal form of a host that is permitted."""
        if host.startswith("["):
            address = read_ipv6(host[1:-1])
            if address is None:
                raise refusal("host-character", url, start, host)
            return self._check_literal(url, address, start)
        try:
            name = to_ascii(host)
        except HostFault as fault:
            raise refusal(fault.rule, url, start + fault.position, host) from None
        if name.rpartition(".")[2].isdigit():
            return self._check_literal(url, IPv4Address(name), start)
        if self.hosts is None:
            if "." not in name or any(name.endswith(f".{each}") for each in _SPECIAL):
                raise refusal("special-name", url, start, name)
        elif not any(name.endswith(each) if each[0] == "." else name == each for each in self.hosts):
            raise refusal("host", url, start, name)
        return name

    def _check_literal(self, url: str, address: Address, start: int) -> str:
        name = str(address)
        if not self.ip_literals:
            raise refusal("ip-literal", url, start, name)
        self.check_address(address)
        if self.hosts is not None and name not in self.hosts:
            raise refusal("host", url, start, name)
        return name


def _is_literal(host: str) -> bool:
    return ":" in host or host.rpartition(".")[2].isdigit()


def _several(values: Iterable[str], name: str) -> Iterable[str]:
    if isinstance(values, str):  # It would be read letter by letter.
        raise PolicyError(f"{name} is a list of texts, not one text: {values!a}")
    return values


def _host_entry(entry: str) -> str:
    """Gives the normal form of an entry of `hosts`."""
    try:
        literal = ip_address(entry.removeprefix("[").removesuffix("]"))
    except ValueError:
        dot = "." if entry.startswith(".") else ""
        try:
            name = to_ascii(entry.removeprefix("."))
        except HostFault as fault:
            raise PolicyError(f"host {RULES[fault.rule].removeprefix('URL ')}: {entry!a}") from None
        return dot + name
    return str(literal)


def _scheme_entry(scheme: str) -> str:
    if scheme not in _PORTS:
        raise PolicyError(f"scheme is none of {', '.join(_PORTS)}: {scheme!a}")
    return scheme


def _port_entry(port: int) -> int:
    if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536:
        raise PolicyError(f"port is no number from 1 to 65535: {port!a}")
    return port


def _network_entry(network: str) -> str:
    try:
        parsed = ip_network(network)
    except ValueError as error:
        raise PolicyError(f"network cannot be read: {error}") from None
    if name := wraps(parsed):
        raise PolicyError(f"network holds IPv4 addresses in disguise ({name}): {network!a}")
    return str(parsed)


_PORTS = {"https": 443, "http": 80, "wss": 443, "ws": 80}

# RFC 6761, 6762, 7686, 8375, 9476, and ICANN's reservation of .internal: the public DNS does not have them.
_SPECIAL = ("localhost", "local", "internal", "localdomain", "home.arpa", "onion", "alt", "invalid", "test")
