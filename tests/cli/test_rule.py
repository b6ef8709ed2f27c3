"""`dryload rule` explains every slug."""

from __future__ import annotations

import pytest

from dryload.cli.main import main
from dryload.rules.catalogue import catalogue


def test_without_a_slug_every_rule_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines if line[0] != " "] == list(catalogue())
    assert all(len(line) <= 80 for line in lines)


def test_all_pages_are_printed_within_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "--all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[11:] for line in lines if line.startswith("- Verdict: ")] == [
        entry.verdict for entry in catalogue().values()
    ]
    assert all(len(line) <= 80 and line.isprintable() for line in lines)


@pytest.mark.parametrize("slug", ["pickle-dangerous-call", "zip-duplicate-member"])
def test_a_page_fits_the_terminal_and_says_why(slug: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", slug]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{slug}: ")
    assert any(line.startswith("- Why it matters: ") for line in lines)
    assert all(len(line) <= 80 for line in lines)


def test_an_unknown_slug_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "pickle-dangerous-cal"]) == 2
    assert "did you mean 'pickle-dangerous-call'" in capsys.readouterr().err
