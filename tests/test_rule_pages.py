"""The pages of the rules are complete, and their examples are what dryload says today."""

from __future__ import annotations

import re

import pytest
import rule_pages

from dryload.rules.catalogue import Entry, catalogue
from dryload.rules.pages import page, point

POINTS = ["Verdict", "Sees", "Why it matters", "Benign look-alike", "What to do", "To allow", "Example"]


def test_the_examples_are_what_the_cases_give_today() -> None:
    assert rule_pages.main(["--check"]) == 0


def test_a_changed_page_is_noticed() -> None:
    text = rule_pages.DOCS.read_text(encoding="utf-8")
    changed = text.replace("→ posix.system('true')", "→ posix.system('false')")
    assert changed != text
    assert rule_pages.with_examples(changed) == text


@pytest.mark.parametrize("entry", catalogue().values(), ids=lambda entry: entry.slug)
def test_a_page_has_all_its_points_and_each_says_something(entry: Entry) -> None:
    assert re.findall(r"^- ([\w -]+): ", page(entry.slug), re.MULTILINE) == POINTS
    assert point(entry.slug, "Verdict") == entry.verdict
    assert all(len(point(entry.slug, name)) > 10 for name in POINTS[1:])


@pytest.mark.parametrize("entry", catalogue().values(), ids=lambda entry: entry.slug)
def test_the_example_of_a_pickle_rule_has_its_disassembly(entry: Entry) -> None:
    block = page(entry.slug).partition("```text\n")[2]
    if entry.slug.startswith("pickle-") and entry.slug != "pickle-negative-length":
        assert re.search(r"^[0-9a-f]{4}\| +\d+  ", block, re.MULTILINE)
    assert all(len(line) <= 80 for line in block.splitlines())


def test_what_a_page_says_of_switching_off_is_what_a_policy_allows() -> None:
    from dryload.errors import PolicyError
    from dryload.policy_layer import layer_of

    for slug in catalogue():
        told = f'[rules] {slug} = "off"' in point(slug, "To allow")
        try:
            layer_of({"rules": {slug: "off"}}, where="test")
        except PolicyError:
            assert not told, slug
        else:
            assert told or slug in OTHERWISE, slug


# Their pages name a better way.
OTHERWISE = {
    "npy-header-too-long",
    "pickle-unexpected-argument",
    "pickle-unexpected-state",
    "pickle-unknown-name",
    "scan-limit",
}
