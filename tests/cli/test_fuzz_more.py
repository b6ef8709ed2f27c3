"""`dryload fuzz`: what is right, what is kept, what other programs read, and what one starts from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from dryload.cli.main import main

SARIF = Path(__file__).parents[1] / "data" / "sarif-schema-2.1.0.json"
TARGET = '''
import json, struct

def lax(data):
    """Reads safetensors without a look at what lies between tensors."""
    if len(data) < 8:
        raise ValueError("short")
    n = struct.unpack("<Q", data[:8])[0]
    if n > len(data) - 8:
        raise ValueError("header too long")
    header = json.loads(data[8:8 + n])
    if not isinstance(header, dict):
        raise ValueError("no object")

def strict(data):
    if data[:6] != b"\\x93NUMPY":
        raise ValueError("magic")
    if data[6:8] != b"\\x01\\x00":
        raise ValueError("only version 1")

def length(data):
    return len(data) if len(data) < 40 else 40

def count(data):
    return len(data)

def magic(data):
    """Four words deep: none is found by chance."""
    if data[:4] == b"MAGI":
        if data[4:8] == b"\\xde\\xad\\xbe\\xef":
            kind = int.from_bytes(data[8:10], "big")
            if kind == 0x1234:
                if data[10:14] == b"DEEP":
                    raise KeyError("found")
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "target.py").write_text(TARGET)
    return tmp_path


def fuzz(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dryload", "fuzz", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def found(folder: Path, *words: str) -> dict[str, set[str]]:
    done = fuzz(folder, *words, "--output", "json")
    assert done.returncode in (0, 1), done.stderr
    told: dict[str, set[str]] = {}
    for each in json.loads(done.stdout)["findings"]:
        told.setdefault(each["class"], set()).add(each["type"])
    return told


def test_what_is_read_though_it_is_wrong_is_told_by_the_reason(folder: Path) -> None:
    words = ("target:lax", "--format", "safetensors", "--expect", "ValueError", "--execs", "2000")
    told = found(folder, *words, "--oracle", "dryload")
    assert set(told) == {"accepts_invalid"}
    assert {"safetensors-offset-gap", "safetensors-size-mismatch"} < told["accepts_invalid"]
    assert "accepts_invalid" in found(folder, *words, "--oracle", "official")
    assert not found(folder, *words)


def test_what_is_refused_though_it_is_right_is_told(folder: Path) -> None:
    words = ("target:strict", "--format", "npy", "--expect", "ValueError", "--execs", "1000")
    told = found(folder, *words, "--oracle", "official")
    assert told["rejects_valid"] == {"ValueError"}


def test_two_functions_that_give_different_things_are_told(folder: Path) -> None:
    told = found(folder, "target:length", "--oracle", "target:count", "--execs", "3000")
    assert told == {"disagreement": {"value"}}
    (small,) = (folder / "fuzz-findings").glob("*.bin")
    assert len(small.read_bytes()) == 41
    assert not found(folder, "target:count", "--oracle", "target:count", "--execs", "500")


def test_the_lines_and_words_of_a_target_lead_the_loop_into_it(folder: Path) -> None:
    told = found(folder, "target:magic", "--execs", "20000")
    assert told == {"exception": {"KeyError"}}
    (small,) = (folder / "fuzz-findings").glob("*.bin")
    assert small.read_bytes() == b"MAGI\xde\xad\xbe\xef\x12\x34DEEP"
    assert not found(folder, "target:magic", "--execs", "20000", "--no-coverage")


def test_what_reaches_new_code_is_kept_and_merged_to_the_fewest(folder: Path) -> None:
    words = ("target:magic", "--execs", "20000", "--corpus", "corpus")
    assert fuzz(folder, *words).returncode == 1
    kept = sorted(path.read_bytes() for path in (folder / "corpus").iterdir())
    assert len(kept) > 3
    (folder / "more").mkdir()
    for number, data in enumerate(kept):
        (folder / "more" / str(number)).write_bytes(data + b"tail")
    merged = fuzz(folder, "target:magic", "--corpus", "least", "--merge", "corpus", "--merge", "more")
    assert merged.returncode == 0
    assert " inputs reach all: least" in merged.stdout
    least = [path.read_bytes() for path in (folder / "least").iterdir()]
    assert set(least) <= set(kept)
    again = fuzz(folder, "target:magic", "--execs", "1", "--corpus", "least")
    assert again.returncode in (0, 1)


def test_sarif_is_valid_and_names_the_reproducer(folder: Path) -> None:
    done = fuzz(folder, "target:magic", "--execs", "20000", "--output", "sarif")
    log = json.loads(done.stdout)
    schema = json.loads(SARIF.read_text(encoding="utf-8"))
    assert not list(Draft7Validator(schema).iter_errors(log))
    (result,) = log["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert (folder / uri).is_file()


def test_a_run_ends_in_time(folder: Path) -> None:
    done = fuzz(folder, "target:count", "--time", "0.5")
    assert done.returncode == 0
    assert " inputs in " in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--oracle", "nobody"], "the reference is official, dryload or MODULE:FUNCTION"),
        (["--oracle", "official"], "no official reader of bytes"),
        (["--native", "x.so"], "atheris is not installed"),
        (["--engine", "atheris"], "atheris is not installed"),
        (["--merge", "missing"], "--merge needs --corpus"),
    ],
)
def test_mistakes_are_told(folder: Path, words: list[str], told: str) -> None:
    done = fuzz(folder, "target:count", *words)
    if "atheris" in told and done.returncode == 0:
        pytest.skip("atheris is installed here")
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_init_writes_what_is_not_there_and_its_harness_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".clusterfuzzlite").mkdir()
    (tmp_path / ".clusterfuzzlite" / "project.yaml").write_text("mine")
    assert main(["fuzz", "init", str(tmp_path), "--format", "npy"]) == 0
    told = capsys.readouterr().out
    assert (tmp_path / ".clusterfuzzlite" / "project.yaml").read_text() == "mine"
    assert told.count("written") == 5
    workflow = (tmp_path / ".github" / "workflows" / "fuzz.yml").read_text()
    assert "dryload fuzz fuzz_targets:parse --format npy" in workflow
    compile((tmp_path / ".clusterfuzzlite" / "fuzz_target.py").read_text(), "fuzz_target.py", "exec")
    done = fuzz(
        tmp_path, "fuzz_targets:parse", "--format", "pickle", "--expect", "ValueError", "--execs", "300"
    )
    assert done.returncode == 0, done.stdout


def test_build_says_what_it_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "Cargo.toml")
    out = str(tmp_path / "x.so")
    assert (
        main(["fuzz", "build", "--manifest-path", missing, "--out", out, "--target-dir", str(tmp_path)]) == 2
    )
    assert "cargo could not build it" in capsys.readouterr().err
