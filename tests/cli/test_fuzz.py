"""`dryload fuzz`: what a target does wrong is found, told once, made small, and found again by its seed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dryload import Verdict, scan
from dryload.fuzzing.inputs import FORMATS, Inputs

TARGET = '''
import ctypes, time

def four(data):
    """Raises, hangs, eats memory and dies, in turn."""
    if data[:1] == b"\\x80" and len(data) > 3:
        raise KeyError(data[3])
    if b"q" in data[:3]:
        time.sleep(100)
    if b"M" in data[:6]:
        return [bytes(10**8) for _ in range(100)]
    if b"R" in data[2:9]:
        ctypes.string_at(0)

def acts(data):
    if b"R" in data:
        with open("written", "w"):
            pass

def fine(data):
    return len(data)

def needle(path):
    with open(path, "rb") as file:
        if b"(" in file.read():
            raise ValueError("a bracket")
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "target.py").write_text(TARGET)
    return tmp_path


def fuzz(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dryload", "fuzz", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


FOUR = ("target:four", "--execs", "600", "--timeout", "1", "--memory", "512", "--output", "json")


def test_four_faults_are_found_made_small_and_found_again(folder: Path) -> None:
    first = fuzz(folder, *FOUR)
    assert (first.returncode, first.stderr) == (1, "")
    told = json.loads(first.stdout)
    found = {each["class"]: each for each in told["findings"]}
    assert set(found) == {"exception", "hang", "memory", "crash"}
    assert len(told["findings"]) == told["new"] == 4
    assert found["exception"]["type"] == "KeyError"
    assert found["exception"]["where"] == "target.py:four:7"
    assert bytes.fromhex(found["exception"]["data"]) == b"\x80\0\0\0"
    assert bytes.fromhex(found["memory"]["data"]) == b"M"
    assert bytes.fromhex(found["hang"]["data"]) == b"q"
    assert bytes.fromhex(found["crash"]["data"]) == b"\0\0R"
    assert found["crash"]["type"] == "SIGSEGV"
    for each in found.values():
        assert (folder / "fuzz-findings" / f"{each['signature']}.bin").read_bytes().hex() == each["data"]
        kept = json.loads((folder / "fuzz-findings" / f"{each['signature']}.json").read_text())
        assert (kept["target"], kept["seed"], kept["class"]) == ("target:four", 1, each["class"])
    again = json.loads(fuzz(folder, *FOUR).stdout)
    assert again["findings"] == told["findings"]
    (folder / "known.json").write_text(first.stdout)
    known = fuzz(folder, *FOUR, "--baseline", "known.json")
    assert (known.returncode, json.loads(known.stdout)["new"]) == (0, 0)


def test_what_is_found_is_told_in_a_few_lines_and_as_a_test(folder: Path) -> None:
    words = ("target:needle", "--as", "path", "--format", "pickle", "--execs", "300")
    done = fuzz(folder, *words, "--emit-tests", "test_found.py")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "exception: ValueError: a bracket in target.py:needle:26"
    assert lines[1].endswith(": 28")
    assert lines[-1].startswith("300 inputs in ")
    assert lines[-1].endswith(" lines reached, 1 finding.")
    emitted = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", ".", "test_found.py"]
    told = subprocess.run(emitted, cwd=folder, capture_output=True, text=True, check=False)
    assert "1 failed" in told.stdout
    assert "ValueError: a bracket" in told.stdout


def test_what_is_expected_is_no_finding(folder: Path) -> None:
    words = ("target:needle", "--as", "path", "--format", "pickle", "--execs", "300")
    assert fuzz(folder, *words, "--expect", "LookupError,ValueError").returncode == 0
    assert fuzz(folder, *words, "--expect", "LookupError").returncode == 1
    fine = fuzz(folder, "target:fine", "--execs", "2000")
    assert fine.returncode == 0
    assert fine.stdout.endswith(", seed 1: 1 line reached, 0 findings.\n")


def test_a_side_effect_is_stopped_and_told(folder: Path) -> None:
    done = fuzz(folder, "target:acts", "--format", "pickle", "--execs", "200")
    assert done.returncode == 1
    assert done.stdout.startswith("side_effect: open(written)")
    assert not (folder / "written").exists()


def test_files_are_begun_with(folder: Path) -> None:
    seeds = folder / "seeds"
    seeds.mkdir()
    (seeds / "a").write_bytes(b"begin ( end")
    done = fuzz(folder, "target:needle", "--as", "path", "--seeds", "seeds", "--execs", "1")
    assert "input 0" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nothing_here:parse"], "No module named 'nothing_here'"),
        (["target:nothing"], "has no attribute 'nothing'"),
        (["target"], "MODULE:FUNCTION"),
        (["target:fine", "--baseline", "missing.json"], "--baseline missing.json"),
    ],
)
def test_mistakes_are_told(folder: Path, words: list[str], told: str) -> None:
    done = fuzz(folder, *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("format", FORMATS)
def test_a_run_without_files_begins_with_one_that_is_sound(format: str) -> None:
    """And what follows is the same for the same seed, and other for another."""
    first = Inputs(format, []).at(0)
    if format == "bytes":
        assert first == b""
    else:
        assert scan(first, name=f"a.{format}").verdict is Verdict.INERT, first
    made = [Inputs(format, [], seed=seed).at(500) for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]
