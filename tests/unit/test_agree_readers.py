"""The script that asks real readers: what it makes of a worker that answers, ends, stalls, or lacks one."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.headers import crafted, verdicts

BENCHES = Path(__file__).parents[2] / "benches"
FILES = [str(row["file"]) for row in verdicts()]

# Answers each path but the ones that are named for what they do.
WORKER = """
import json, sys, threading
print(json.dumps({"version": "1"}), flush=True)
for line in sys.stdin:
    path = line.rstrip("\\n")
    if "dies" in path:
        sys.exit(9)
    if "stalls" in path:
        threading.Event().wait()
    print("noise", flush=True)
    print(json.dumps({"path": path, "accepts": True, "tensors": []}), flush=True)
"""


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHES))
    return import_module("agree_readers")


def test_a_reader_in_a_worker_does_what_is_told(script: Any, tmp_path: Path) -> None:
    files = {name: crafted(name) for name in FILES}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    paths = [tmp_path / name for name in files]
    asked = script.ask(sys.executable, "json + numpy", paths, seconds=30, memory_gb=8)
    assert asked.answers.keys() == files.keys()
    assert script._differences(asked, "json + numpy", files) == {}


def test_a_reader_that_is_not_there_is_named(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("safetensors")
    (tmp_path / "tinygrad.py").write_text("raise ImportError('not for this machine')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    asked = script.ask(sys.executable, "tinygrad", [tmp_path / "a"], seconds=30, memory_gb=8)
    assert "not for this machine" in asked.missing
    assert asked.answers == {}


def test_a_file_that_ends_or_holds_up_a_worker_is_refused_and_the_next_is_asked(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "reader_worker.py").write_text(WORKER)
    monkeypatch.setattr(script, "HERE", tmp_path)
    names = ["first", "dies", "second", "stalls", "dies too", "third"]
    for name in names:
        (tmp_path / name).write_bytes(crafted("011_empty_map.safetensors"))
    paths = [tmp_path / name for name in names]
    asked = script.ask(sys.executable, "any", paths, seconds=2, memory_gb=8)
    assert [asked.answers[name][0] for name in names] == [True, False, True, False, False, True]


def test_the_same_seed_gives_the_same_mutants(script: Any) -> None:
    assert list(script.inputs(50, 3)) == list(script.inputs(50, 3))
