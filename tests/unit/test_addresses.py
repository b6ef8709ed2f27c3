"""No address that leads inside is called public, whatever Python's own tables say."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dryload.addresses import _IPV4, _IPV6, CLASSES, class_of, wraps

# Each class with addresses of it, the last ones of a block among them.
CASES = {
    "metadata": "169.254.169.254 169.254.170.2 169.254.170.23 168.63.129.16 100.100.100.200 192.0.0.192 "
    "fd00:ec2::254 fd00:ec2::23 fd20:ce::254",
    "this-network": "0.0.0.0 0.255.255.255",
    "unspecified": "::",
    "loopback": "127.0.0.1 127.255.255.255 ::1",
    "private": "10.0.0.1 172.16.0.1 172.31.255.255 192.168.255.255 fc00::1 fdff:ffff::1",
    "shared": "100.64.0.1 100.127.255.255",
    "link-local": "169.254.0.1 169.254.255.255 fe80::1 febf::1",
    "site-local": "fec0::1 feff::1",
    "multicast": "224.0.0.1 239.255.255.255 ff02::1",
    "broadcast": "255.255.255.255",
    "protocol": "192.0.0.1 192.0.0.255 2001:1::1 2001:20::1 2001:1ff::1",
    "benchmark": "198.18.0.1 198.19.255.255",
    "documentation": "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1 3fff:fff::1",
    "discard": "100::1 100:0:0:1::1",
    "mapped": "::ffff:127.0.0.1 ::ffff:1.1.1.1",
    "compatible": "::127.0.0.1 ::2",
    "translated": "::ffff:0:127.0.0.1",
    "nat64": "64:ff9b::7f00:1 64:ff9b:1::7f00:1",
    "6to4": "2002:7f00:1:: 2002:101:101:: 192.88.99.1",
    "teredo": "2001::1 2001:0:7f00:1::",
    "reserved": "240.0.0.1 255.255.255.254 3ffe::1 5f00::1 4000::1 1fff:ffff::1 fe00::1 8000::1 200::1",
}

# One step beside each block, and well-known resolvers.
PUBLIC = """
1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0
172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.88.98.255 192.88.100.0
192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0
223.255.255.255 8.8.8.8 2000::1 2001:200::1 2001:db7::1 2001:db9::1 2001:ffff::1 2003::1 2606:4700:4700::1111
3ffd:ffff::1 3fff:1000::1
"""


@pytest.mark.parametrize(("name", "text"), [(name, each) for name in CASES for each in CASES[name].split()])
def test_an_address_has_its_class(name: str, text: str) -> None:
    assert class_of(ip_address(text)) == name


@pytest.mark.parametrize("text", PUBLIC.split())
def test_a_neighbour_is_public(text: str) -> None:
    assert class_of(ip_address(text)) == "public"


def test_every_class_has_a_reason_and_a_case() -> None:
    assert set(CASES) == set(CLASSES)


def traits(address: IPv4Address | IPv6Address) -> list[str]:
    """Lists what the standard library has against an address."""
    names = ("private", "loopback", "link_local", "multicast", "reserved", "unspecified")
    return [name for name in names if getattr(address, f"is_{name}")]


def test_the_docs_give_the_networks_of_each_class() -> None:
    text = (Path(__file__).parents[2] / "docs" / "paths.md").read_text(encoding="utf-8")
    for name in CLASSES:
        row = re.search(rf"^\| `{name}` \| (.+) \|$", text, re.MULTILINE)
        assert row is not None
        listed = {ip_network(each) for each in re.findall(r"[0-9a-f.:]*[.:][0-9a-f.:/]+", row[1])}
        # The rest of IPv6 is told in words.
        rest = {network for network, _ in _IPV6 if int(network.network_address) >> 125 != 1}
        rows = {network for network, each in (*_IPV4, *_IPV6) if each == name}
        assert listed - {ip_network("2000::/3")} == rows - (rest if name == "reserved" else set())


def objections(address: IPv4Address | IPv6Address) -> list[str]:
    """Lists what the standard library has against an address."""
    names = ("private", "loopback", "link_local", "multicast", "reserved", "unspecified")
    found = [name for name in names if getattr(address, f"is_{name}")]
    return found if address.is_global else [*found, "not global"]


# Addresses in and around the blocks: of all addresses, few would be near one.
BLOCKS = [ip_address(text) for texts in CASES.values() for text in texts.split()]


@settings(deadline=None)
@given(st.one_of(st.ip_addresses(), st.ip_addresses(network="2000::/3")))
@example(IPv6Address("64:ff9b::7f00:1"))
@example(IPv6Address("fec0::1"))
@example(IPv4Address("100.64.0.1"))
def test_nothing_public_is_objected_to_by_the_standard_library(address: IPv4Address | IPv6Address) -> None:
    if class_of(address) == "public":
        assert objections(address) == []


@settings(deadline=None)
@given(st.sampled_from(BLOCKS), st.integers(-300, 300))
def test_nothing_public_near_a_block_is_objected_to_by_the_standard_library(
    address: IPv4Address | IPv6Address, step: int
) -> None:
    value = (int(address) + step) % (1 << address.max_prefixlen)
    moved = type(address)(value)
    if class_of(moved) == "public":
        assert objections(moved) == []


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_no_wrapped_address_is_public(address: IPv4Address) -> None:
    number = int(address)
    wrapped = [
        number,
        0xFFFF << 32 | number,
        0xFFFF << 48 | number,
        0x64FF9B << 96 | number,
        0x2002 << 112 | number << 80,
        0x20010000 << 96 | (number ^ 0xFFFFFFFF),
    ]
    assert "public" not in {class_of(IPv6Address(each)) for each in wrapped}


@pytest.mark.parametrize(
    ("network", "name"),
    [
        ("::ffff:10.0.0.0/104", "mapped"),
        ("64:ff9b::/96", "nat64"),
        ("2002::/16", "6to4"),
        ("::/0", "mapped"),
        ("fd00::/8", None),
        ("::1/128", None),
        ("::/127", "compatible"),
        ("::2/128", "compatible"),
        ("10.0.0.0/8", None),
        ("192.88.99.0/24", None),
    ],
)
def test_a_network_that_wraps_is_named(network: str, name: str | None) -> None:
    assert wraps(ip_network(network)) == name
