"""A URL is let through as one place or refused, by its rule and at its character."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

from dryload.addresses import CLASSES
from dryload.errors import PolicyError
from dryload.urls import RULES, ParsedUrl, UrlError, UrlPolicy
from dryload.urltext import MAX_CHARACTERS

POLICY = UrlPolicy(hosts=("hf.co", ".hf.space", "bücher.example"))
ANY = UrlPolicy(hosts=None, ip_literals=True, ports=(443, 8443))

# A rule, the policy that is asked, what it refuses (with the character), and near misses that it lets pass.
CASES: dict[str, tuple[UrlPolicy, list[tuple[str, int]], list[str]]] = {
    "empty": (POLICY, [("", 0)], ["https://hf.co"]),
    "too-long": (
        POLICY,
        [("https://hf.co/" + "a" * (MAX_CHARACTERS - 13), MAX_CHARACTERS)],
        ["https://hf.co/" + "a" * (MAX_CHARACTERS - 14)],
    ),
    "control": (
        POLICY,
        [
            (" https://hf.co/", 0),
            ("https://hf.co/ ", 14),
            ("ht\ntps://hf.co/", 2),
            ("https://evil.com\t@hf.co/", 16),
            ("https://hf.co/a\rb", 15),
            ("https://hf.co\0.evil.com/", 13),
            ("https://hf.co/\u00a0", 14),
            ("https://hf.co/\u2028", 14),
            ("https://hf.co/a%00", 15),
            ("https://hf.co/a%0d%0aHost:x", 15),
            ("https://hf.co/?a=%0A", 17),
        ],
        ["https://hf.co/a%20b", "https://hf.co/a+b", "https://hf.co/%c2%a0"],
    ),
    "backslash": (
        POLICY,
        [
            ("https://evil.com\\@x.hf.space/", 16),
            ("https:\\\\hf.co/", 6),
            ("https://hf.co\\.evil.com/", 13),
            ("https://hf.co/a\\..\\b", 15),
        ],
        ["https://x.hf.space/@x", "https://hf.co/a%5Cb"],
    ),
    "scheme": (
        POLICY,
        [
            ("http://hf.co/", 0),
            ("file://x.hf.space/etc/passwd", 0),
            ("x.hf.space", 0),
            ("//x.hf.space/", 0),
            ("/a", 0),
            ("://hf.co", 0),
            ("javascript://hf.co/%0aalert(1)", 0),
            ("https+unix://hf.co/", 0),
            ("http\u017f://hf.co/", 0),
        ],
        ["HTTPS://hf.co/"],
    ),
    "slashes": (
        POLICY,
        [("https:hf.co", 6), ("https:/hf.co", 6), ("https:", 6), ("https:?//hf.co", 6)],
        ["https://hf.co//a"],
    ),
    "userinfo": (
        POLICY,
        [
            ("https://hf.co@evil.com/", 8),
            ("https://user:pass@hf.co/", 8),
            ("https://@hf.co/", 8),
            ("https://evil.com%2f@hf.co/", 8),
            ("https://hf.co:443@evil.com/", 8),
        ],
        ["https://hf.co/@user", "https://hf.co?@evil.com", "https://hf.co#@evil.com"],
    ),
    "host-empty": (
        POLICY,
        [("https://", 8), ("https:///hf.co", 8), ("https://:443/", 8), ("https://?hf.co", 8)],
        ["https://hf.co?"],
    ),
    "host-character": (
        POLICY,
        [
            ("https://evil.com%2f.hf.space/", 16),
            ("https://x%2ehf.space/", 9),
            ("https://a_b.hf.space/", 9),
            ("https://*.hf.space/", 8),
            ("https://[::1/", 8),
            ("https://[x.hf.space]/", 8),
            ("https://[v1.a]/", 8),
            ("https://[fe80::1%25eth0]/", 8),
            ("https://[]/", 8),
            ("https://hf.co;.evil.com/", 13),
        ],
        ["https://a-b.hf.space/"],
    ),
    "host-label": (
        POLICY,
        [("https://.hf.space/", 8), ("https://a..hf.space/", 10), ("https://-a.hf.space/", 8)],
        ["https://a.b.hf.space/", "https://a--b.hf.space/"],
    ),
    "trailing-dot": (
        POLICY,
        [("https://x.hf.space./", 18), ("https://hf.co.:443/", 13)],
        ["https://x.hf.space/."[:-1]],
    ),
    "ipv4-spelling": (
        ANY,
        [
            ("https://127.1/", 8),
            ("https://2130706433/", 8),
            ("https://0x7f000001/", 8),
            ("https://0x7f.1/", 8),
            ("https://0177.0.0.1/", 8),
            ("https://1.1.1.01/", 8),
            ("https://1.1.1.256/", 8),
            ("https://1.1.1/", 8),
            ("https://a.example.1/", 8),
        ],
        ["https://1.1.1.1/", "https://1.example/", "https://0x7f.example/"],
    ),
    "idna": (
        POLICY,
        [
            ("https://x.hf\uff0espace/", 12),
            ("https://x。hf.space/", 9),
            ("https://ⓧ.hf.space/", 8),
            ("https://evil.com\uff0f.hf.space/", 16),
            ("https://xn--a.hf.space/", 8),
        ],
        ["https://bücher.example/", "https://xn--bcher-kva.example/", "https://é.hf.space/"],
    ),
    "ip-literal": (
        UrlPolicy(hosts=None),
        [("https://1.1.1.1/", 8), ("https://[2606:4700:4700::1111]/", 8), ("https://127.0.0.1/", 8)],
        ["https://one.one.one.one/"],
    ),
    "special-name": (
        ANY,
        [
            ("https://localhost/", 8),
            ("https://a.localhost/", 8),
            ("https://intranet/", 8),
            ("https://metadata.google.internal/", 8),
            ("https://printer.local/", 8),
            ("https://router.home.arpa/", 8),
        ],
        ["https://localhost.example/", "https://notlocal.example/", "https://local.example/"],
    ),
    "host": (
        POLICY,
        [
            ("https://evil-hf.space/", 8),
            ("https://hf.space/", 8),
            ("https://x.hf.space.evil.com/", 8),
            ("https://a.hf.co/", 8),
            ("https://hf.com/", 8),
            ("https://evilhf.co/", 8),
        ],
        ["https://X.HF.SPACE/", "https://a.b.hf.space/", "https://HF.co/"],
    ),
    "port": (
        POLICY,
        [
            ("https://x.hf.space:22/", 18),
            ("https://x.hf.space:80/", 18),
            ("https://hf.co:/", 13),
            ("https://hf.co:0443/", 13),
            ("https://hf.co:443443/", 13),
            ("https://hf.co:+443/", 13),
            ("https://hf.co:٤٤٣/", 13),
            ("https://hf.co:4²/", 13),
            ("https://hf.co:443:443/", 13),
        ],
        ["https://hf.co:443/", "https://hf.co/:22"],
    ),
    "character": (
        POLICY,
        [
            ("https://hf.co/é", 14),
            ("https://hf.co/<a>", 14),
            ("https://hf.co/a|b", 15),
            ("https://hf.co/?a=b'", 18),
            ("https://hf.co/?[", 15),
            ("https://hf.co/#a#b", 17),
            ("https://hf.co/\u202egpj", 14),
        ],
        ["https://hf.co/it's", "https://hf.co/?a=b%27", "https://hf.co/#it's", "https://hf.co/?a=/?:@"],
    ),
    "percent": (
        POLICY,
        [
            ("https://hf.co/%", 14),
            ("https://hf.co/a%4", 15),
            ("https://hf.co/%zz", 14),
            ("https://hf.co/?%u0041", 15),
            ("https://hf.co/a/%25252525252541", 16),
        ],
        ["https://hf.co/refs%2Fpr%2F1", "https://hf.co/100%25", "https://hf.co/%252525"],
    ),
    "dot-segment": (
        POLICY,
        [
            ("https://hf.co/..", 14),
            ("https://hf.co/a/../b", 16),
            ("https://hf.co/./a", 14),
            ("https://hf.co/a/%2e%2E/b", 16),
            ("https://hf.co/.%2e", 14),
            ("https://hf.co/%252e%252e/", 14),
            ("https://hf.co/a%2f..%2fb", 14),
            ("https://hf.co/a/..%5cb", 16),
            ("https://hf.co/..;x/b", 14),
        ],
        ["https://hf.co/...", "https://hf.co/a..b/.c", "https://hf.co/?a=../b", "https://hf.co/#.."],
    ),
}


@pytest.mark.parametrize(
    ("rule", "url", "position"),
    [(rule, url, position) for rule, (_, refused, _) in CASES.items() for url, position in refused],
    ids=lambda value: ascii(value)[:48],
)
def test_a_url_is_refused_by_its_rule_and_at_its_place(rule: str, url: str, position: int) -> None:
    with pytest.raises(UrlError) as caught:
        CASES[rule][0].check(url)
    assert (caught.value.rule, caught.value.position, caught.value.value) == (rule, position, url)
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("policy", "url"),
    [(policy, url) for policy, _, taken in CASES.values() for url in taken],
    ids=lambda value: ascii(value)[:48] if isinstance(value, str) else "",
)
def test_a_near_miss_is_taken(policy: UrlPolicy, url: str) -> None:
    assert policy.check(policy.check(url).url) == policy.check(url)


def test_every_rule_has_its_cases_in_the_order_in_which_the_docs_have_them() -> None:
    text = (Path(__file__).parents[2] / "docs" / "paths.md").read_text(encoding="utf-8")
    section = text.partition("## The rules for a URL")[2]
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", section, re.MULTILINE) == list(RULES) + list(CLASSES)
    assert [*CASES, "address", "unresolved"] == list(RULES)


def test_the_parts_are_those_on_which_parsers_agree() -> None:
    parsed = ANY.check("HTTPS://Bücher.example:8443/a%20b/?q=1#top")
    assert parsed == ParsedUrl(
        scheme="https",
        host="xn--bcher-kva.example",
        port=8443,
        path="/a%20b/",
        query="q=1",
        fragment="top",
    )
    assert parsed.authority == "xn--bcher-kva.example:8443"
    assert parsed.target == "/a%20b/?q=1"
    assert parsed.url == "https://xn--bcher-kva.example:8443/a%20b/?q=1#top"
    assert ANY.check("https://[2606:4700:4700:0:0:0:0:1111]").url == "https://[2606:4700:4700::1111]/"


def test_an_address_in_the_place_of_a_name_is_judged_as_one() -> None:
    for url, rule in {
        "https://127.0.0.1/": "loopback",
        "https://169.254.169.254/latest/meta-data/": "metadata",
        "https://[::ffff:169.254.169.254]/": "mapped",
        "https://[::]/": "unspecified",
        "https://100.64.0.1/": "shared",
    }.items():
        with pytest.raises(UrlError) as caught:
            ANY.check(url)
        assert caught.value.rule == rule
    policy = UrlPolicy(hosts=("1.1.1.1", "[2606:4700:4700::1111]"), ip_literals=True)
    assert policy.check("https://1.1.1.1/").host == "1.1.1.1"
    assert policy.check("https://[2606:4700:4700:0::1111]/").host == "2606:4700:4700::1111"
    with pytest.raises(UrlError, match="not permitted"):
        policy.check("https://1.1.1.2/")


# What the checks of two popular packages let through as public, and what `is_global` alone would.
@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("100.64.0.1", "shared"),
        ("2002:7f00:1::", "6to4"),
        ("fec0::1", "site-local"),
        ("192.0.0.192", "metadata"),
        ("64:ff9b::7f00:1", "nat64"),
        ("::127.0.0.1", "compatible"),
        ("::ffff:127.0.0.1", "mapped"),
        ("0.0.0.0", "this-network"),
        ("169.254.10.10", "link-local"),
        ("127.1", "address"),
        ("0177.0.0.1", "address"),
        ("fe80::1%eth0", "address"),
        ("2606:4700:4700::1111%eth0", "address"),
        ("hf.co", "address"),
    ],
)
def test_an_address_that_is_not_public_is_refused_by_its_class(address: str, rule: str) -> None:
    with pytest.raises(UrlError) as caught:
        POLICY.check_address(address)
    assert (caught.value.rule, caught.value.value) == (rule, address)


def test_a_public_address_is_taken() -> None:
    for address in ("1.1.1.1", "100.128.0.1", "2606:4700:4700::1111"):
        assert str(POLICY.check_address(address)) == address


def test_a_network_of_ones_own_can_be_permitted_but_not_in_disguise() -> None:
    policy = UrlPolicy(hosts=None, networks=("10.1.0.0/16", "::1/128"))
    assert str(policy.check_address("10.1.2.3")) == "10.1.2.3"
    assert str(policy.check_address("::1")) == "::1"
    for address in ("10.2.0.1", "::ffff:10.1.2.3", "127.0.0.1"):
        with pytest.raises(UrlError):
            policy.check_address(address)


def test_a_special_name_can_be_permitted_by_name() -> None:
    policy = UrlPolicy(hosts=("localhost", ".corp.internal"), schemes=("http",), ports=(8080,))
    assert policy.check("http://localhost:8080/").host == "localhost"
    assert policy.check("http://store.corp.internal:8080/").port == 8080
    with pytest.raises(UrlError):
        policy.check("http://localhost/")


@pytest.mark.parametrize(
    "wrong",
    [
        {"hosts": "hf.co"},
        {"hosts": ["*.hf.space"]},
        {"hosts": [""]},
        {"hosts": ["."]},
        {"hosts": ["hf.co."]},
        {"hosts": ["https://hf.co"]},
        {"hosts": ["hf.co:443"]},
        {"hosts": None, "schemes": ["file"]},
        {"hosts": None, "schemes": "https"},
        {"hosts": None, "ports": [0]},
        {"hosts": None, "ports": [65536]},
        {"hosts": None, "ports": [True]},
        {"hosts": None, "networks": ["10.0.0.1/8"]},
        {"hosts": None, "networks": ["inside"]},
        {"hosts": None, "networks": ["64:ff9b::/96"]},
        {"hosts": None, "networks": ["::/0"]},
    ],
    ids=str,
)
def test_a_policy_that_cannot_be_meant_is_an_error(wrong: dict[str, object]) -> None:
    with pytest.raises(PolicyError):
        UrlPolicy(**wrong)  # type: ignore[arg-type]


def test_a_policy_is_immutable_comparable_and_survives_pickling() -> None:
    policy = UrlPolicy(hosts=["HF.co"], networks=["10.0.0.0/8"])
    assert policy == UrlPolicy(hosts=("hf.co",), networks=("10.0.0.0/8",))
    assert pickle.loads(pickle.dumps(policy)) == policy
    assert hash(policy) == hash(pickle.loads(pickle.dumps(policy)))
    with pytest.raises(AttributeError):
        policy.hosts = None  # type: ignore[misc]


def test_a_password_does_not_reach_the_message() -> None:
    for url in ("https://user:hunter2@hf.co/", "https://hf.co/?token=hunter2&x='", "ftp://u:hunter2@hf.co/"):
        with pytest.raises(UrlError) as caught:
            POLICY.check(url)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("https://x.hf.space/b", "https://x.hf.space/b"),
        ("/b?c", "https://hf.co/b?c"),
        ("../b", "https://hf.co/a/b"),
        ("//x.hf.space/b", "https://x.hf.space/b"),
        ("b/../d//e", "https://hf.co/a//d//e"),
        ("../../../b/..", "https://hf.co/"),
        ("?d", "https://hf.co/a//c?d"),
        ("#d", "https://hf.co/a//c?q#d"),
    ],
)
def test_a_redirect_is_judged_as_a_url_of_its_own(location: str, url: str) -> None:
    assert POLICY.check_redirect(POLICY.check("https://hf.co/a//c?q"), location).url == url


@pytest.mark.parametrize(
    ("location", "rule"),
    [
        ("http://hf.co/", "scheme"),
        ("//evil.com/", "host"),
        ("/\\evil.com/", "backslash"),
        ("\thttps://hf.co/", "control"),
        ("file:///etc/passwd", "scheme"),
        ("https:evil.com", "slashes"),
        ("https:///evil.com", "host-empty"),
        ("///evil.com", "host-empty"),
        ("%2e%2e/b", "dot-segment"),
        ("a:b", "scheme"),
        ("", "empty"),
    ],
)
def test_a_redirect_elsewhere_is_refused(location: str, rule: str) -> None:
    with pytest.raises(UrlError) as caught:
        POLICY.check_redirect(POLICY.check("https://hf.co/a/c"), location)
    assert caught.value.rule == rule


def test_the_name_is_resolved_once_and_every_address_judged() -> None:
    asked = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["1.1.1.1", "2606:4700:4700::1111", "1.1.1.1"]

    pinned = POLICY.pin("https://X.hf.space/a", resolve=resolve)
    assert pinned.addresses == ("1.1.1.1", "2606:4700:4700::1111")
    assert pinned.parsed.url == "https://x.hf.space/a"
    assert asked == [("x.hf.space", 443)]


@pytest.mark.parametrize(
    ("addresses", "rule"),
    [
        (["127.0.0.1"], "loopback"),
        (["1.1.1.1", "10.0.0.1"], "private"),
        (["::ffff:1.1.1.1"], "mapped"),
        ([], "unresolved"),
        (["nonsense"], "address"),
    ],
)
def test_one_address_that_is_refused_refuses_the_host(addresses: list[str], rule: str) -> None:
    with pytest.raises(UrlError) as caught:
        POLICY.pin("https://hf.co/", resolve=lambda *_: addresses)
    assert caught.value.rule == rule


def test_a_url_of_another_policy_is_judged_again_before_it_is_pinned() -> None:
    parsed = ANY.check("https://evil.com/")
    with pytest.raises(UrlError):
        POLICY.pin(parsed, resolve=lambda *_: pytest.fail("resolved"))


def test_an_address_is_pinned_without_a_resolver() -> None:
    for url in ("https://1.1.1.1/", "https://[2606:4700:4700::1111]/"):
        pinned = ANY.pin(url, resolve=lambda *_: pytest.fail("resolved"))
        assert pinned.addresses == (pinned.parsed.host,)
