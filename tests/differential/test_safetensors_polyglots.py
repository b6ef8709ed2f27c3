"""A file that is safetensors and something else is told as both: the forms that were published or measured.

Where the other reader is at hand it is asked, too, so that each of these is what it claims to be.
"""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
import zipfile

import pytest

from dryload import Verdict, scan
from tests.build import safetensors, tensor

EVIL = b"cposix\nsystem\n(Vtrue\ntR."


def archive(data: bytes = EVIL) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as inside:
        inside.writestr("m/data.pkl", data)
    return file.getvalue()


def of_bytes(data: bytes) -> bytes:
    return safetensors({"w": tensor("U8", [len(data)], 0, len(data))}, data)


def tar_in_metadata() -> bytes:
    """A block of tar whose name is the length and the start of the JSON, with a checksum that is right."""
    size = len(EVIL)
    start = b'{"__metadata__":{"k":"'
    inside = {"w": tensor("U8", [1024], 0, 1024)}
    rest = b'"},' + str(inside).replace("'", '"').replace(" ", "").encode()[1:]
    # The header is as long as to end at a block, and the data follows.
    length = 512 - 8 + 512
    block = bytearray(struct.pack("<Q", length) + start)
    block += b"x" * (512 - len(block))
    for start, end in ((100, 148), (329, 345)):
        block[start:end] = b" " * (end - start)
    block[124:136] = b"%011o " % size
    block[156:157] = b"0"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o  " % sum(block)
    text = bytes(block) + rest
    return text + b" " * (8 + length - len(text)) + EVIL + bytes(1024 - size)


def test_a_zip_as_the_last_tensor() -> None:
    data = of_bytes(archive())
    assert zipfile.is_zipfile(io.BytesIO(data))
    report = scan(data, name="m.safetensors")
    assert report.verdict is Verdict.MALICIOUS
    assert "scan-polyglot" in {finding.rule for finding in report.findings}


def test_a_zip_by_the_bytes_of_the_length() -> None:
    # The length spells PK\3\4: the header has 67 MB, most of it spaces.
    length = int.from_bytes(b"PK\x03\x04", "little")
    inside = archive()
    head = b'{"w":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (len(inside), len(inside))
    data = struct.pack("<Q", length) + head + b" " * (length - len(head)) + inside
    assert zipfile.is_zipfile(io.BytesIO(data))
    report = scan(data, name="m.safetensors")
    assert report.verdict is Verdict.MALICIOUS
    assert "scan-polyglot" in {finding.rule for finding in report.findings}


def test_a_tar_in_the_metadata() -> None:
    data = tar_in_metadata()
    official = pytest.importorskip("safetensors")
    assert [name for name, _ in official.deserialize(data)] == ["w"]
    if not tarfile.is_tarfile(io.BytesIO(data)):
        pytest.fail("the block is no block of tar")
    assert scan(data, name="m.safetensors").verdict in {Verdict.MALICIOUS, Verdict.INVALID}


@pytest.mark.parametrize(
    ("what", "head"),
    [
        ("pickle", pickle.dumps([1, 2], 4)),
        ("program", b"\x7fELF\2\1\1\0"),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\3"),
    ],
)
def test_a_tensor_that_is_a_file_is_noted(what: str, head: bytes) -> None:
    report = scan(of_bytes(head + bytes(8)), name="m.safetensors")
    assert report.verdict is Verdict.INERT
    assert [finding.rule for finding in report.findings] == ["safetensors-foreign-tensor"], what


@pytest.mark.parametrize("tail", [archive(), pickle.dumps(1, 4), EVIL], ids=["zip", "pickle", "evil"])
def test_bytes_after_the_last_tensor_are_never_inert(tail: bytes) -> None:
    data = of_bytes(b"12345678") + tail
    assert scan(data, name="m.safetensors").verdict in {Verdict.MALICIOUS, Verdict.INVALID}


# PROTO 2, gzip, zlib, lzma, a script and MZ by length alone: no reader takes the file for one.
@pytest.mark.parametrize("length", [0x0280, 0x088B1F, 0x9C78, 0x5D0, 0x2123, 0x5A4D, 0x285D])
def test_a_length_that_spells_a_signature_alone_is_a_plain_file(length: int) -> None:
    head = b'{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'
    data = struct.pack("<Q", length) + head + b" " * (length - len(head))
    assert scan(data, name="m.safetensors").verdict is Verdict.INERT
