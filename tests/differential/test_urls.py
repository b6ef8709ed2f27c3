"""What is let through is one place to `urllib.parse`, to browsers and to us, also when it is written anew."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dryload.urls import UrlError, UrlPolicy
from tests.differential import browser

ANY = UrlPolicy(hosts=None, schemes=("https", "http"), ports=(443, 80, 8443), ip_literals=True)
LISTED = UrlPolicy(hosts=("hf.co", ".hf.space"))

CLEAN_HOSTS = """
hf.co x.hf.space X.HF.Space evil.com evil-hf.space hf.space x.hf.space.evil.com a--b.hf.space 1and1.example
1.1.1.1 [2606:4700:4700::1111] [2606:4700:4700:0:1:0:0:1] xn--bcher-kva.example bücher.example Bücher.example
例え.テスト пример.example דוגמה.example a.0xg
"""
WILD_HOSTS = """
x.hf.space. .hf.space a..b 127.0.0.1 127.1 0x7f.1 0177.0.0.1 2130706433 1.2.3 a.0x 256.1.1.1 [::1] [1::2::3]
[::ffff:127.0.0.1] [64:ff9b::1.1.1.1] [::1%25lo] xn--a.example BÜCHER.example faß.example ⓔvil.com evil。com
evil\uff0ecom x.hf.space\uff0f localhost a_b.c a%2eb -a.b 1a.דוגמה evil.com%2f.hf.space [::1
"""
CLEAN = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["https://", "https://", "http://", "HTTPS://"]),
    st.sampled_from(CLEAN_HOSTS.split()),
    st.sampled_from(["", "", "", ":443", ":80", ":8443"]),
    st.sampled_from(["/", "/", "/", "", "?", "#"]),
    st.text(st.sampled_from("abAZ09-._~!$&()*+,;=:@/?"), max_size=8),
)
PIECES = st.one_of(
    st.sampled_from([*"/\\@#?:;%&='.~^|`{}[]<>\" \t\n\0é", "\uff0f", "\uff0e", "..", "%2e", "%2E%2e", "%2f"]),
    st.sampled_from(["%5c", "%00", "%252e", "u:p@", ":22", "evil.com", "//", "/../", "/.", "\\\\"]),
    st.characters(),
)
WILD = st.builds(
    "{}{}{}{}{}{}".format,
    st.sampled_from(["https://", "https://", "https:", "https:/", "https:\\\\", "//", "file://", ""]),
    st.sampled_from(["", "", "", "u@", "u:p@", "evil.com\\@", "evil.com#@", "evil.com/@", "@"]),
    st.sampled_from((CLEAN_HOSTS + WILD_HOSTS).split()),
    st.sampled_from(["", "", ":443", ":", ":0443", ":22", ":\u0664\u0664\u0663", ":443:80", ":65979"]),
    st.sampled_from(["/", "/", "", "?", "#", "\\"]),
    st.lists(PIECES, max_size=6).map("".join),
)
# Something put into the middle of what was clean.
SPLICED = st.builds(
    lambda url, piece, at: url[: at % len(url)] + piece + url[at % len(url) :],
    CLEAN,
    PIECES,
    st.integers(0, 60),
)
URLS = st.one_of(CLEAN, SPLICED, WILD)


def by_library(url: str) -> tuple[str, str, int, str, str, str]:
    """Reads as `urllib.parse` does, with hosts in the normal form of the standard library."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = str(ip_address(host))
    elif not host.isascii():
        host = host.encode("idna").decode("ascii")
    return (
        parts.scheme,
        host,
        parts.port or browser.PORTS[parts.scheme],
        parts.path or "/",
        parts.query,
        parts.fragment,
    )


def by_browser(url: str) -> tuple[str, str, int, str, str, str] | None:
    read = browser.read(url)
    return read and (*read[:4], read.query or "", read.fragment or "")


@settings(max_examples=1500, deadline=None)
@given(URLS)
@example("https://bücher.example/a%20b?x=1#y")
@example("https://[2606:4700:4700:0:1:0:0:1]:8443")
@example("HTTP://1.1.1.1?")
def test_what_is_let_through_is_read_alike(url: str) -> None:
    try:
        parsed = ANY.check(url)
    except UrlError:
        return
    ours = (parsed.scheme, parsed.host, parsed.port, parsed.path, parsed.query or "", parsed.fragment or "")
    for written in (url, parsed.url):
        assert by_library(written) == ours
        assert by_browser(written) == ours
    assert ANY.check(parsed.url) == parsed


@settings(max_examples=1500, deadline=None)
@given(URLS)
@example("https://x.hf.space/")
@example("https://hf.co?")
def test_a_listed_policy_reaches_listed_hosts_alone_to_any_reader(url: str) -> None:
    try:
        LISTED.check(url)
    except UrlError:
        return
    for host in (urlsplit(url).hostname, (browser.read(url) or pytest.fail(url)).host):
        assert host is not None
        assert host == "hf.co" or host.endswith(".hf.space")


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b", ".", "..", "", "...", "%2e", ".."]), min_size=1, max_size=6).map(
        "/".join
    )
)
@example("../x//y/.")
@example("%2e/..")
def test_a_relative_redirect_leads_where_a_browser_goes(location: str) -> None:
    base = LISTED.check("https://hf.co/a//b/c?q")
    try:
        followed = LISTED.check_redirect(base, location)
    except UrlError:
        return
    if location.startswith("//"):
        wanted = browser.read(f"https:{location}")
    else:
        wanted = browser.read(f"https://hf.co{'' if location.startswith('/') else '/a//b/'}{location}")
    assert wanted is not None
    assert (followed.host, followed.path) == (wanted.host, wanted.path)


# The oracle itself, on what the URL standard says of these.
@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://evil.com\\@x.hf.space/", "evil.com", "/@x.hf.space/"),
        ("https:/\\\\hf.co", "hf.co", "/"),
        ("ht\ttps://hf.co\n", "hf.co", "/"),
        ("https://u:p@@hf.co/", "hf.co", "/"),
        ("https://0x7f.1/", "127.0.0.1", "/"),
        ("https://0177.0.0.0x1/", "127.0.0.1", "/"),
        ("https://2130706433/", "127.0.0.1", "/"),
        ("https://1.2.3.4./", "1.2.3.4", "/"),
        ("https://[::ffff:127.0.0.1]/", "::ffff:7f00:1", "/"),
        ("https://[1:0:0:2:0:0:0:3]/", "1:0:0:2::3", "/"),
        ("https://ⓔvil。com/", "evil.com", "/"),
        ("https://x%2ehf.co/a/%2E%2e/b/.", "x.hf.co", "/b/"),
        ("https://bücher.example/a b|é", "xn--bcher-kva.example", "/a%20b|%C3%A9"),
        ("https://a.1/", None, ""),
        ("https://256.1.1.1/", None, ""),
        ("https://a%00b/", None, ""),
        ("https://[::1/", None, ""),
        ("https://[1::2::3]/", None, ""),
        ("https://h:65536/", None, ""),
        ("https://", None, ""),
    ],
)
def test_the_browser_reads_as_the_standard_has_it(url: str, host: str | None, path: str) -> None:
    read = browser.read(url)
    assert (read and read.host, read.path if read else "") == (host, path)
