"""A checked header is a read-only mapping; a broken one is an error with slug and offset."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dryload.errors import FormatError, SourceError
from dryload.safetensors import TensorInfo, validate_safetensors


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
