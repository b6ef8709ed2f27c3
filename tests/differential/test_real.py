"""Files that libraries wrote keep the verdict that their manifest expects of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dryload import Verdict, scan

REAL = Path(__file__).parent.parent / "data" / "real"
FILES = {row["file"]: row for row in json.loads((REAL / "MANIFEST.json").read_text(encoding="utf-8"))}

EXPECTED = {
    "safe": {Verdict.INERT},
    # Understood, but it needs names that no built-in policy has, or a format that is not read.
    "unproven": {Verdict.UNKNOWN, Verdict.INCONCLUSIVE},
    "safe-with-library-policy": {Verdict.INERT},
    "unsafe": {Verdict.MALICIOUS},
}


@pytest.mark.parametrize("file", FILES)
def test_a_real_file_has_the_verdict_it_deserves(file: str) -> None:
    report = scan(REAL / file)
    assert report.verdict in EXPECTED[FILES[file]["expect"]], [finding.message for finding in report.findings]


@pytest.mark.parametrize("file", FILES)
def test_a_name_that_says_nothing_changes_no_verdict(file: str) -> None:
    data = (REAL / file).read_bytes()
    assert scan(data, name="blob").verdict == scan(data, name=file).verdict


def test_every_file_is_in_the_manifest() -> None:
    here = {path.relative_to(REAL).as_posix() for path in REAL.rglob("*") if path.is_file()}
    assert here - {"MANIFEST.json"} == FILES.keys()
