"""The loader gets the scanned bytes or is not called."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pytest

from dryload.errors import SourceError, UnsafeModelError
from dryload.guard import safe_load
from dryload.policy import Policy


def read(file: BinaryIO, *, suffix: bytes = b"") -> bytes:
    return file.read() + suffix


def test_the_loader_gets_the_scanned_bytes_and_the_options(tmp_path: Path, plain: bytes) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(plain)
    assert safe_load(path, loader=read, suffix=b"!") == plain + b"!"


def test_the_loader_gets_what_was_scanned_even_if_the_file_changes_meanwhile(
    tmp_path: Path, plain: bytes, evil: bytes
) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(plain)

    def late(file: BinaryIO) -> bytes:
        path.write_bytes(evil)
        return file.read()

    assert safe_load(path, loader=late) == plain


def test_the_loader_is_not_called_unless_the_file_is_inert(tmp_path: Path, plain: bytes, evil: bytes) -> None:
    path = tmp_path / "model.pkl"
    for data in (evil, plain[:-1], b""):
        path.write_bytes(data)
        with pytest.raises(UnsafeModelError):
            safe_load(path, loader=pytest.fail)


def test_the_policy_decides(tmp_path: Path, unlisted: bytes) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(unlisted)
    assert safe_load(path, loader=read, policy=Policy.default().allow("mycorp.features:Scaler")) == unlisted


def test_a_missing_file_is_a_source_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        safe_load(tmp_path / "missing.pt", loader=pytest.fail)
