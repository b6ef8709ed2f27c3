"""`dryload guard -- script.py`: the script runs as ever, and loads nothing that is not allowed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import pickle, sys
import helper
print(sys.argv[1:], __name__, helper.HERE)
with open(sys.argv[1], "rb") as file:
    print(pickle.load(file))
sys.exit(5)
"""


@pytest.fixture
def folder(tmp_path: Path, plain: bytes, evil: bytes, unlisted: bytes) -> Path:
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "helper.py").write_text("HERE = True\n")
    for name, data in {"good.pkl": plain, "evil.pkl": evil, "own.pkl": unlisted}.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def guarded(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dryload", "guard", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_script_runs_as_ever(folder: Path) -> None:
    done = guarded(folder, "--", "script.py", "good.pkl")
    assert (done.returncode, done.stderr) == (5, "")
    assert done.stdout == "['good.pkl'] __main__ True\n{'weights': [1.0, 2.0]}\n"


def test_a_load_is_stopped_and_told(folder: Path) -> None:
    done = guarded(folder, "script.py", "evil.pkl")
    assert done.returncode == 1
    assert "dryload: stopped:" in done.stderr
    assert "evil.pkl' is malicious: loading this file calls posix.system('true')" in done.stderr
    assert "pickle-dangerous-call at 0x" in done.stderr


def test_policy_and_mode_decide(folder: Path) -> None:
    assert "is unknown" in guarded(folder, "script.py", "own.pkl").stderr
    allowed = guarded(folder, "--allow", "mycorp.features:Scaler", "script.py", "own.pkl")
    assert "No module named 'mycorp'" in allowed.stderr
    warned = guarded(folder, "--mode", "warn", "script.py", "own.pkl")
    assert "UnsafeModelWarning" in warned.stderr
    assert "No module named 'mycorp'" in warned.stderr


def test_mistakes_are_told(folder: Path) -> None:
    assert guarded(folder).returncode == 2
    missing = guarded(folder, "--", "nothing.py")
    assert (missing.returncode, missing.stderr) == (2, "dryload: no such script: 'nothing.py'\n")


def test_a_class_that_asks_nobody_is_named(folder: Path) -> None:
    (folder / "careless.py").write_text(
        "import pickle\nclass Careless(pickle._Unpickler):\n    def find_class(self, m, n): return print\n"
    )
    done = guarded(folder, "careless.py")
    assert done.returncode == 0
    assert done.stderr.startswith("dryload: __main__.Careless unpickles without asking")
