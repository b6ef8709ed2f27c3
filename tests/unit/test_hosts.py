"""A host has one ASCII form or none."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dryload.hosts import MAX_HOST, MAX_LABEL, HostFault, to_ascii

TAKEN = {
    "hf.co": "hf.co",
    "X.HF.Space": "x.hf.space",
    "localhost": "localhost",
    "a-b.c--d.example": "a-b.c--d.example",
    "1and1.example": "1and1.example",
    "a.1a": "a.1a",
    "0x7g.example": "0x7g.example",
    "a.0xg": "a.0xg",
    "192.0.2.1": "192.0.2.1",
    "0.0.0.0": "0.0.0.0",
    "xn--bcher-kva.example": "xn--bcher-kva.example",
    "xn--strae-oqa.example": "xn--strae-oqa.example",
    "bücher.example": "xn--bcher-kva.example",
    "Bücher.EXAMPLE": "xn--bcher-kva.example",
    "例え.テスト": "xn--r8jz45g.xn--zckzah",
    "пример.испытание": "xn--e1afmkfd.xn--80akhbyknj4f",
    "דוגמה.example": "xn--6dbbec0c.example",
    "उदाहरण.परीक्षा": "xn--p1b6ci4b4b3a.xn--11b5bs3a9aj6g",
    "a" * MAX_LABEL + ".example": "a" * MAX_LABEL + ".example",
    "a." * 126 + "b": "a." * 126 + "b",
}

# A host, the rule that it breaks, and the character.
REFUSED = [
    ("", "host-empty", 0),
    ("x.hf.space.", "trailing-dot", 10),
    (".", "trailing-dot", 0),
    (".hf.space", "host-label", 0),
    ("a..hf.space", "host-label", 2),
    ("-a.example", "host-label", 0),
    ("a.b-.example", "host-label", 2),
    ("a" * (MAX_LABEL + 1), "host-label", 0),
    ("a." * 126 + "bc", "host-label", 0),
    ("a_b.example", "host-character", 1),
    ("a%2eb.example", "host-character", 1),
    ("evil.com%2f.hf.space", "host-character", 8),
    ("a b", "host-character", 1),
    ("a:b", "host-character", 1),
    ("*.hf.space", "host-character", 0),
    ("[::1]", "host-character", 0),
    ("127.1", "ipv4-spelling", 0),
    ("2130706433", "ipv4-spelling", 0),
    ("0x7f000001", "ipv4-spelling", 0),
    ("0X7F.1", "ipv4-spelling", 0),
    ("0177.0.0.1", "ipv4-spelling", 0),
    ("127.0.0.01", "ipv4-spelling", 0),
    ("127.0.0.256", "ipv4-spelling", 0),
    ("1.2.3.4.5", "ipv4-spelling", 0),
    ("example.0x", "ipv4-spelling", 0),
    ("example.09", "ipv4-spelling", 0),
    ("\uff11\uff12\uff17.1", "idna", 0),
    ("faß.example", "idna", 0),
    ("βόλος.example", "idna", 0),
    ("BÜCHER.example", "idna", 1),
    ("bu\u0308cher.example", "idna", 0),
    ("\uff45vil.example", "idna", 0),
    ("a\u3002example", "idna", 1),
    ("a\uff0fb.example", "idna", 1),
    ("a\u2024b.example", "idna", 1),
    ("a\u200db.example", "idna", 1),
    ("a\u00adb.example", "idna", 1),
    ("i\u2764.example", "idna", 1),
    ("\u0301a.example", "idna", 0),
    ("a\U000e0100b.example", "idna", 0),
    ("\u1c80.example", "idna", 0),
    ("a\u115f.example", "idna", 0),
    ("a\u05d0.example", "idna", 0),
    ("1a.\u05d0", "idna", 0),
    ("-\u00fc.example", "host-label", 0),
    ("ab--\u00fc.example", "host-label", 0),
    ("\u00fc!.example", "host-character", 1),
    ("\u00fc" * MAX_LABEL + ".example", "idna", 0),
    ("xn--a.example", "idna", 0),
    ("xn--a-.example", "host-label", 0),
    ("xn---.example", "host-label", 0),
    ("xn--99999999.example", "idna", 0),
    ("b.xn--bcher-kv.example", "idna", 2),
    ("xn--bu-hkc.example", "idna", 0),
]


@pytest.mark.parametrize(("host", "name"), TAKEN.items(), ids=lambda value: ascii(value)[:40])
def test_a_host_gets_its_ascii_form(host: str, name: str) -> None:
    assert to_ascii(host) == name


@pytest.mark.parametrize(("host", "rule", "position"), REFUSED, ids=lambda value: ascii(value)[:40])
def test_a_host_that_is_read_in_two_ways_is_refused(host: str, rule: str, position: int) -> None:
    with pytest.raises(HostFault) as caught:
        to_ascii(host)
    assert (caught.value.rule, caught.value.position) == (rule, position)


def test_a_host_at_the_limit_is_as_long_as_the_limit() -> None:
    assert len("a." * 126 + "b") == MAX_HOST


LABELS = st.text(st.sampled_from("ab01-x.é中яא\u0301\u06601"), min_size=1, max_size=12)


@settings(deadline=None)
@given(st.one_of(LABELS, st.text(max_size=8), LABELS.map(lambda label: f"xn--{label}")))
@example("xn--bcher-kva")
def test_the_ascii_form_is_its_own(host: str) -> None:
    try:
        name = to_ascii(host)
    except HostFault:
        return
    assert to_ascii(name) == name
    assert name.isascii()
    assert name == name.lower()
    assert len(name) <= MAX_HOST
