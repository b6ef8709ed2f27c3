"""One slug everywhere: catalogue, rule files, documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dryload
from dryload._native import defects
from dryload.findings import Severity, Verdict
from dryload.rules import RULES, Rule
from dryload.rules.catalogue import catalogue
from dryload.rules.pages import page

PACKAGE = Path(dryload.__file__).parent
DOCS = Path(__file__).parents[3] / "docs" / "rules.md"


def test_a_rule_stands_in_the_file_of_its_id() -> None:
    files = {path.stem.replace("_", "-") for path in (PACKAGE / "rules").glob("*.py")}
    assert files - {"--init--", "base", "catalogue", "judging", "pages"} == {rule.id for rule in RULES}


def test_no_slug_has_two_sources() -> None:
    entries = catalogue()
    assert len(entries) == len(defects()) + len(RULES)


def test_every_slug_has_one_heading_in_the_docs() -> None:
    headings = re.findall(r"^## (.+)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(catalogue())


def test_the_wheel_ships_the_same_text() -> None:
    assert (PACKAGE / "data" / "rules.md").read_bytes() == DOCS.read_bytes()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_page_of_a_rule_says_what_the_rule_says(rule: Rule) -> None:
    text = page(rule.id)
    assert f"- Why it matters: {rule.why}\n" in text
    assert f"- Benign look-alike: {rule.benign}\n" in text
    assert f"- What to do: {rule.help}\n" in text


def test_what_makes_a_file_unfit_is_an_error() -> None:
    for entry in catalogue().values():
        if entry.verdict in (Verdict.MALICIOUS, Verdict.INVALID):
            assert entry.severity is Severity.ERROR, entry.slug


def test_there_is_no_page_for_a_slug_that_does_not_exist() -> None:
    assert page("pickle-imaginary") == ""
