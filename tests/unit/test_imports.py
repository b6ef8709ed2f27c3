"""Starting stays cheap: which modules are imported is tested, not how long that takes."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import dryload

# Each costs more than a fifth of the interpreter's own start: `python -X importtime`.
HEAVY = {
    "argparse",
    "dataclasses",
    "difflib",
    "hashlib",
    "importlib.metadata",
    "inspect",
    "json",
    "pathlib",
    "re",
    "tomllib",
    "typing",
}

# Names and URLs from strangers are the business of servers, not of a scan.
OF_SERVERS = ("paths", "beneath", "urls", "urltext", "hosts", "addresses", "dial")


def imported_by(code: str, *, folder: Path) -> set[str]:
    """Gives the modules that the code imports, beyond what the bare interpreter and its `site` import.

    It runs in an empty folder: a pyproject.toml in the working directory is read, and that takes `tomllib`.
    """
    shown = "import sys\nsys.stderr.write(' '.join(sys.modules))"
    runs = [
        subprocess.run([sys.executable, "-c", each], cwd=folder, capture_output=True, text=True, check=True)
        for each in (shown, f"{code}\n{shown}")
    ]
    before, after = (set(run.stderr.split()) for run in runs)
    return after - before


def test_importing_the_package_imports_nothing_else(tmp_path: Path) -> None:
    imported = imported_by("import dryload", folder=tmp_path)
    assert imported - {"__future__"} == {"dryload"}


def test_scanning_an_inert_file_imports_nothing_heavy(tmp_path: Path, plain: bytes) -> None:
    path, folder = tmp_path / "a.pkl", tmp_path / "empty"
    path.write_bytes(plain)
    folder.mkdir()
    imported = imported_by(
        f"from dryload.cli.main import main\nassert main([{str(path)!r}]) == 0", folder=folder
    )
    assert "dryload.scanner" in imported
    assert not HEAVY & imported
    assert "dryload.rules" not in imported
    assert not {f"dryload.{name}" for name in OF_SERVERS} & imported
    assert not {"ctypes", "ipaddress", "socket", "urllib.parse"} & imported


@pytest.mark.parametrize("name", dryload.__all__)
def test_every_public_name_can_be_had(name: str) -> None:
    assert getattr(dryload, name) is not None
    assert name in dir(dryload)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_here"):
        dryload.nothing_here  # noqa: B018


def test_the_version_is_that_of_the_wheel() -> None:
    assert dryload.__version__ == importlib.metadata.version("dryload")
