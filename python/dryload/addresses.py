"""Says of what class an IP address is: public, or a reason not to connect there for a stranger.

The tables are those of the IANA special-purpose registries and do not change with the Python that runs:
`ipaddress.is_global` says of several addresses here that they are public, and what it says differs between
versions. An IPv6 address is public only inside 2000::/3, the one block that is given out. An address that
wraps an IPv4 one is never unwrapped and passed: it is refused for being wrapped.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T", IPv4Network, IPv6Network)
    Address = IPv4Address | IPv6Address
    Network = IPv4Network | IPv6Network


def class_of(address: Address) -> str:
    """Gives the class of an address, `public` where a stranger may send a request.

    >>> from ipaddress import ip_address
    >>> [class_of(ip_address(each)) for each in ("100.64.0.1", "2002:7f00:1::", "1.1.1.1")]
    ['shared', '6to4', 'public']
    """
    rows = _IPV4 if isinstance(address, IPv4Address) else _IPV6
    for network, name in rows:
        if address in network:
            return name
    return "public"


def wraps(network: Network) -> str | None:
    """Names the class of wrapped IPv4 addresses that a network meets, if it meets one."""
    if isinstance(network, IPv6Network):
        for row, name in _IPV6:
            if name in _WRAPPING and network.overlaps(row):
                return name
            if network.subnet_of(row):  # An earlier row decides, as `::1` does inside `::/96`.
                return None
    return None


def _table(kind: type[T], rows: str) -> list[tuple[T, str]]:
    """Reads rows of a class and its networks; the first that holds an address decides."""
    lines = [line.split() for line in rows.strip().splitlines()]
    return [(kind(network), name) for name, *networks in lines for network in networks]


CLASSES = {
    "metadata": "the credentials of a cloud's machine are served there",
    "this-network": "RFC 791: this host, to many systems the loopback",
    "unspecified": "RFC 4291: no address, to many systems the loopback",
    "loopback": "RFC 1122, RFC 4291: this host",
    "private": "RFC 1918, RFC 4193: inside a site",
    "shared": "RFC 6598: between a provider and its customers (carrier-grade NAT)",
    "link-local": "RFC 3927, RFC 4291: on this link",
    "site-local": "RFC 3879: inside a site, out of use",
    "multicast": "RFC 5771, RFC 4291: a group",
    "broadcast": "RFC 919: everybody on this link",
    "protocol": "RFC 6890, RFC 2928: set aside for protocols",
    "benchmark": "RFC 2544: laboratories",
    "documentation": "RFC 5737, RFC 3849, RFC 9637: examples in texts",
    "discard": "RFC 6666, RFC 9780: thrown away",
    "mapped": "RFC 4291: an IPv4 address inside",
    "compatible": "RFC 4291: an IPv4 address inside, out of use",
    "translated": "RFC 2765: an IPv4 address inside",
    "nat64": "RFC 6052, RFC 8215: an IPv4 address inside",
    "6to4": "RFC 3056, RFC 7526: an IPv4 address inside, and the relays to it",
    "teredo": "RFC 4380: an IPv4 address inside",
    "reserved": "given out to nobody",
}
"""Why each class is refused."""

_WRAPPING = {"mapped", "compatible", "translated", "nat64", "6to4", "teredo"}

# 168.63.129.16 is Azure's and public by its number; 100.100.100.200 Alibaba's; 192.0.0.192 Oracle's; the
# others are those of AWS (also for containers: .170.2, .170.23) and of nearly everybody else.
_IPV4 = _table(
    IPv4Network,
    """
metadata      169.254.169.254/32 169.254.170.2/32 169.254.170.23/32 168.63.129.16/32 100.100.100.200/32
metadata      192.0.0.192/32
this-network  0.0.0.0/8
private       10.0.0.0/8 172.16.0.0/12 192.168.0.0/16
shared        100.64.0.0/10
loopback      127.0.0.0/8
link-local    169.254.0.0/16
protocol      192.0.0.0/24
documentation 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24
6to4          192.88.99.0/24
benchmark     198.18.0.0/15
multicast     224.0.0.0/4
broadcast     255.255.255.255/32
reserved      240.0.0.0/4
""",
)

# fd00:ec2::254, ::23 are those of AWS, fd20:ce::254 that of Google.
_IPV6 = _table(
    IPv6Network,
    """
metadata      fd00:ec2::254/128 fd00:ec2::23/128 fd20:ce::254/128
unspecified   ::/128
loopback      ::1/128
mapped        ::ffff:0:0/96
translated    ::ffff:0:0:0/96
compatible    ::/96
nat64         64:ff9b::/96 64:ff9b:1::/48
discard       100::/64 100:0:0:1::/64
private       fc00::/7
link-local    fe80::/10
site-local    fec0::/10
multicast     ff00::/8
teredo        2001::/32
protocol      2001::/23
documentation 2001:db8::/32 3fff::/20
6to4          2002::/16
reserved      3ffe::/16 ::/3 4000::/2 8000::/1
""",
)
