"""Ways around scanners: none is called inert, and what is benign is. Nothing here is ever loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dryload import Verdict, scan

EVASIONS = Path(__file__).parent.parent / "data" / "evasions"
FILES = {row["file"]: row for row in json.loads((EVASIONS / "MANIFEST.json").read_text(encoding="utf-8"))}

# Names that an evasion of another extension, or of none, might travel under.
NAMES = ["model.pkl", "model.bin", "pytorch_model.bin", "model.pt", "model.joblib", "data", "README.md"]


@pytest.mark.parametrize("file", FILES)
def test_only_the_benign_ones_are_inert(file: str) -> None:
    report = scan(EVASIONS / file)
    assert (report.verdict is Verdict.INERT) == (FILES[file]["truth"] == "benign"), report.findings


@pytest.mark.parametrize("file", FILES)
def test_no_name_makes_an_evasion_inert(file: str) -> None:
    if FILES[file]["truth"] == "benign":
        return
    data = (EVASIONS / file).read_bytes()
    assert {scan(data, name=name).verdict for name in NAMES}.isdisjoint({Verdict.INERT})


@pytest.mark.parametrize("file", FILES)
def test_no_part_of_an_evasion_that_is_left_out_at_the_end_makes_it_inert(file: str) -> None:
    """Loaders act as they read: what came before the cut has happened."""
    if FILES[file]["truth"] != "exec":
        return
    data = (EVASIONS / file).read_bytes()
    for end in range(1, len(data), max(1, len(data) // 64)):
        verdict = scan(data[:end], name=file).verdict
        assert verdict is not Verdict.INERT, end


def test_every_file_is_in_the_manifest() -> None:
    here = {path.name for path in EVASIONS.iterdir()}
    assert here - {"MANIFEST.json"} == FILES.keys()
