"""`dryload generate`: files of each kind, listed, the same for a seed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from dryload import Verdict, scan
from dryload._native import faults, formats
from dryload.cli.main import main


def test_files_and_their_list_are_the_same_for_a_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("a", "b", "a"):
        out = str(tmp_path / folder)
        assert main(["generate", "npy", "-n", "5", "--seed", "7", "--out", out]) == 0
    assert "5 files of npy, valid" in capsys.readouterr().out
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()} for folder in ("a", "b")
    )
    assert first == second
    manifest = json.loads(first["valid.manifest.json"])
    assert (manifest["schema"], manifest["format"]) == ("dryload.samples/1", "npy")
    assert [each["seed"] for each in manifest["samples"]] == [7, 8, 9, 10, 11]
    for each in manifest["samples"]:
        data = first[each["name"]]
        assert (len(data), hashlib.sha256(data).hexdigest()) == (each["bytes"], each["sha256"])
        assert scan(data, name="a.npy").verdict is Verdict.INERT


def test_a_fault_is_asked_for_by_its_slug(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["generate", "safetensors", "--fault", "safetensors-offset-gap", "--out", str(tmp_path)]
    assert main(words) == 0
    (path,) = tmp_path.glob("*.safetensors")
    assert [finding.rule for finding in scan(path).findings] == ["safetensors-offset-gap"]
    assert main(["generate", "npy", "--fault", "safetensors-offset-gap", "--out", str(tmp_path)]) == 2
    assert "--fault of npy" in capsys.readouterr().err


def test_attacks_are_malicious_where_a_format_can_carry_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for format in formats():
        code = main(["generate", format, "-n", "3", "--malicious", "--out", str(tmp_path / format)])
        assert code == (2 if format in ("bytes", "safetensors") else 0)
    verdicts = {scan(path).verdict for path in tmp_path.glob("*/malicious-*")}
    assert verdicts == {Verdict.MALICIOUS}
    assert "nothing in a file of bytes" in capsys.readouterr().err


def test_faults_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--list"]) == 0
    told = capsys.readouterr().out.split()
    assert set(told) == {*formats(), *(slug for format in formats() for slug in faults(format))} - {"bytes"}
    assert main(["generate", "zip"]) == 2


def test_nothing_is_overwritten_by_something_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "valid-1.pkl").write_bytes(b"mine")
    assert main(["generate", "pickle", "--out", str(tmp_path)]) == 2
    assert (tmp_path / "valid-1.pkl").read_bytes() == b"mine"
    assert "--out" in capsys.readouterr().err
