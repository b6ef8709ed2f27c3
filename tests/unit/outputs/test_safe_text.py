"""Nothing that a terminal, a log or a reader could be fooled by comes out of `safe_text`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dryload.outputs.safe_text import safe_text

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too


@given(ANY_TEXT)
def test_the_result_is_printable_and_can_be_encoded(text: str) -> None:
    made = safe_text(text, cap=None)
    assert made.isprintable()
    made.encode("utf-8")


@given(ANY_TEXT, st.integers(min_value=1, max_value=50))
def test_the_result_is_never_longer_than_the_cap(text: str, cap: int) -> None:
    assert len(safe_text(text, cap)) <= cap


@given(ANY_TEXT, st.one_of(st.none(), st.integers(min_value=1, max_value=50)))
def test_making_it_safe_twice_changes_nothing(text: str, cap: int | None) -> None:
    once = safe_text(text, cap)
    assert safe_text(once, cap) == once


@given(st.text(st.characters(categories=("L", "N", "P", "S")), max_size=100))
def test_visible_text_stays_as_it_is(text: str) -> None:
    assert safe_text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2K\x1b[1AOK clean", "\\x1b[2K\\x1b[1AOK clean"),
        ("a\n::error::b\r\t", "a\\n::error::b\\r\\t"),
        ("gpj.\u202elru", "gpj.\\u{202e}lru"),
        ("\x9b31m", "\\x9b31m"),
        ("\udcff", "\\u{dcff}"),
        ("a\u2028b", "a\\u{2028}b"),
        ("plain é 日本", "plain é 日本"),
    ],
)
def test_what_is_invisible_becomes_visible(text: str, shown: str) -> None:
    assert safe_text(text) == shown
