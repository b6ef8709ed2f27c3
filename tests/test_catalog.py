"""One slug everywhere: what the code can report is what the docs, the cases and a policy know, no more."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import dryload
from dryload._native import defects, limits
from dryload.errors import PolicyError
from dryload.policy_layer import layer_of
from dryload.rules.catalogue import catalogue

ROOT = Path(__file__).parents[1]
PACKAGE = Path(dryload.__file__).parent

# A slug begins with the format it is about: house style 8.
PREFIXES = {
    "compressed",
    "joblib",
    "npy",
    "pickle",
    "repository",
    "safetensors",
    "scan",
    "skops",
    "tar",
    "torch",
}
PREFIXES |= {"torchscript", "zip"}

# Modules of `rules` that are no rule.
MACHINERY = {"__init__", "base", "catalogue", "judging", "pages"}


def defect_slugs() -> list[str]:
    """Lists the defects of the core."""
    return [slug for slug, _, _, _ in defects()]


def rule_files() -> list[str]:
    """Lists the rules over facts by their files."""
    stems = {path.stem for path in (PACKAGE / "rules").glob("*.py")}
    return [stem.replace("_", "-") for stem in sorted(stems - MACHINERY)]


def headings() -> list[str]:
    """Lists the headings of the docs."""
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


def case_folders() -> list[str]:
    """Lists the folders of the cases; a cache that Python left behind is none."""
    return [path.name for path in (ROOT / "tests" / "cases").iterdir() if (path / "case.py").is_file()]


def accepted_by_a_policy(slug: str) -> bool:
    """Whether a policy's [rules] table knows the slug."""
    try:
        return slug in layer_of({"rules": {slug: "warning"}}, where="test").rules
    except PolicyError:
        return False


def test_rule_files_and_defects_are_the_catalogue() -> None:
    assert sorted(rule_files() + defect_slugs()) == sorted(catalogue())


def test_every_slug_has_one_heading_in_the_docs_and_no_heading_is_left_over() -> None:
    assert sorted(headings()) == sorted(catalogue())


def test_every_slug_has_a_case_and_no_case_is_left_over() -> None:
    assert sorted(case_folders()) == sorted(catalogue())


def test_a_policy_accepts_every_slug_and_no_other_word() -> None:
    words = {*catalogue(), *headings(), *case_folders(), "pickle-imaginary", "pickle", ""}
    assert {word for word in words if accepted_by_a_policy(word)} == set(catalogue())


def test_the_package_ships_the_docs_as_they_are() -> None:
    assert (PACKAGE / "data" / "rules.md").read_bytes() == (ROOT / "docs" / "rules.md").read_bytes()


@pytest.mark.parametrize("slug", catalogue())
def test_a_slug_is_a_format_and_a_fact_in_lower_case(slug: str) -> None:
    assert slug.partition("-")[0] in PREFIXES
    assert re.fullmatch(r"[a-z]+[0-9]*(-[a-z0-9]+)+", slug)


def test_no_slug_stands_twice() -> None:
    for slugs in (defect_slugs(), rule_files(), headings(), case_folders()):
        assert [slug for slug, count in Counter(slugs).items() if count > 1] == []


def test_the_table_of_limits_is_that_of_the_core() -> None:
    text = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(max_\w+)` \| ([\d,]+) \| (.*) \|$", text, re.MULTILINE)
    assert sorted((name, int(value.replace(",", "")), meaning) for name, value, meaning in rows) == sorted(
        limits()
    )
