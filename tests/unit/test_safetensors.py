"""A checked header is a read-only mapping; a broken one is an error with slug and offset."""

from __future__ import annotations

import io
import json
import mmap
import os
import zipfile
from pathlib import Path

import pytest

from dryload.errors import FormatError, SourceError
from dryload.safetensors import TensorInfo, safe_open, validate_safetensors
from tests.build import safetensors


def made(header: object, data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


@pytest.fixture
def good() -> bytes:
    tensor = {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]}
    return made({"__metadata__": {"format": "pt"}, "w": tensor}, bytes(8))


def test_a_header_is_a_mapping_of_its_tensors(good: bytes) -> None:
    header = validate_safetensors(good)
    assert list(header) == ["w"]
    assert header["w"] == TensorInfo(dtype="F32", shape=(2, 1), data_offsets=(0, 8))
    assert header.metadata == {"format": "pt"}
    assert header.header_bytes == int.from_bytes(good[:8], "little")
    with pytest.raises(KeyError):
        header["missing"]


def test_path_bytes_and_buffer_agree(tmp_path: Path, good: bytes) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(good)
    for source in (path, str(path), good, bytearray(good), memoryview(good)):
        assert dict(validate_safetensors(source)) == dict(validate_safetensors(good))


def test_a_broken_rule_is_named_with_its_place() -> None:
    gap = made({"w": {"dtype": "U8", "shape": [1], "data_offsets": [4, 5]}}, bytes(5))
    with pytest.raises(FormatError) as caught:
        validate_safetensors(gap)
    assert (caught.value.code, caught.value.format) == ("safetensors-offset-gap", "safetensors")
    assert 8 <= caught.value.offset < len(gap)


def test_a_missing_file_is_a_source_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        validate_safetensors(tmp_path / "missing.safetensors")


def test_views_and_arrays_are_those_of_the_official_reader(tmp_path: Path) -> None:
    np = pytest.importorskip("numpy")
    official = pytest.importorskip("safetensors.numpy")
    kinds = ["?", "u1", "i1", "<u2", "<i2", "<f2", "<u4", "<i4", "<f4", "<u8", "<i8", "<f8", "<c8"]
    tensors = {kind: np.arange(6).reshape(2, 3).astype(kind) for kind in kinds}
    path = tmp_path / "model.safetensors"
    official.save_file(tensors, path)
    loaded = official.load_file(path)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        header = validate_safetensors(mapped)
        assert header.loadable_in == {"numpy", "torch"}
        assert header.min_safetensors_version == "0.7.0"
        for name in header:
            array = header.numpy(name)
            assert array.dtype == loaded[name].dtype
            assert np.array_equal(array, loaded[name])
            assert header.view(name) == loaded[name].tobytes()
            assert not array.flags.writeable
            del array
        del header
    assert validate_safetensors(path).keys() == loaded.keys()
    with path.open("rb") as file:
        assert dict(validate_safetensors(file)) == dict(validate_safetensors(path))
    with pytest.raises(ValueError, match="give a buffer"):
        validate_safetensors(path).view("?")


def test_a_dtype_that_numpy_lacks_has_a_view() -> None:
    data = safetensors({"w": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}, b"ab")
    header = validate_safetensors(data)
    assert header.loadable_in == {"torch"}
    assert bytes(header.view("w")) == b"ab"
    with pytest.raises(TypeError, match="numpy has no BF16"):
        header.numpy("w")


def test_notes_are_told_and_refuse_nothing() -> None:
    empty = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
    (note,) = validate_safetensors(safetensors({"../x": empty})).notes
    assert (note.rule, note.offset) == ("safetensors-suspicious-name", 9)


def test_safe_open_gives_the_file_that_was_checked(tmp_path: Path) -> None:
    np = pytest.importorskip("numpy")
    official = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "model.safetensors"
    official.save_file({"w": np.arange(4)}, path)
    opened = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    with safe_open(path, "np") as file:
        # The name comes to stand for another file.
        official.save_file({"w": np.zeros(4)}, tmp_path / "other.safetensors")
        (tmp_path / "other.safetensors").replace(path)
        assert list(file.keys()) == ["w"]
        assert file.get_tensor("w").tolist() == [0, 1, 2, 3]
        assert file.header["w"].shape == (4,)
    if opened:
        assert len(os.listdir("/proc/self/fd")) == opened


def test_safe_open_refuses_what_breaks_a_rule_or_is_two_files(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    path = tmp_path / "model.safetensors"
    good = {"w": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}
    path.write_bytes(safetensors(good, b"xy"))
    with pytest.raises(FormatError) as refused:
        safe_open(path, "np")
    assert refused.value.code == "safetensors-trailing-data"
    inside = io.BytesIO()
    with zipfile.ZipFile(inside, "w") as archive:
        archive.writestr("a", b"b")
    size = len(inside.getvalue())
    whole = {"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}
    path.write_bytes(safetensors(whole, inside.getvalue()))
    with pytest.raises(FormatError) as refused:
        safe_open(path, "np")
    assert refused.value.code == "scan-polyglot"
    with pytest.raises(SourceError):
        safe_open(tmp_path / "missing", "np")
