"""A verdict does not depend on what is installed on the machine that scans.

The same files are scanned beside packages that say when they are imported, and without them: the output is
the same, byte for byte but for the time, and nobody imported anything.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dryload

DATA = Path(__file__).parents[1] / "data"
LIBRARIES = ("joblib", "lightgbm", "numpy", "pandas", "scipy", "sklearn", "torch", "transformers", "xgboost")


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A folder of packages of these names; each leaves a file behind when it is imported."""
    for name in LIBRARIES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(
            f"open({str(tmp_path / 'imported')!r}, 'a').write({name!r})\n"
        )
    return tmp_path


def scanned(*folders: Path) -> bytes:
    """Scans the data of the tests with these folders in front of everything that can be imported."""
    path = os.pathsep.join(map(str, (*folders, Path(dryload.__file__).parents[1])))
    command = [sys.executable, "-S", "-m", "dryload", "scan", "--exit-zero", "--format", "json", str(DATA)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return re.sub(rb'"elapsed_ms": \d+', b"", done.stdout)


def test_libraries_on_the_machine_change_no_byte_and_are_not_imported(host: Path) -> None:
    without = scanned()
    assert without.count(b'"verdict": "malicious"') > 50
    assert scanned(host) == without
    assert not (host / "imported").exists()
