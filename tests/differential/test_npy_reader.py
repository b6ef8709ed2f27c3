"""What is called inert is what numpy reads without pickles, to the same byte; object arrays apart."""

from __future__ import annotations

import io
import os
import random
import struct
import warnings

import pytest

from dryload import Verdict, scan

np = pytest.importorskip("numpy")

BUDGET = int(os.environ.get("DRYLOAD_BUDGET", "20000")) // 4
SEED = 20260104

DTYPES = [
    "?", "b", "B", "<i2", ">u4", "<i8", "<f2", ">f4", "<f8", "<c8", ">c16", "g", "S0", "S5", "<U1", ">U7",
    "V3", "<M8[ns]", ">M8[D]", "<m8[25s]", "<M8",
]  # fmt: skip
STRUCTURED: dict[str, object] = {
    "fields": [("a", "<i4"), ("b", ">f8")],
    "aligned": np.dtype([("a", "u1"), ("b", "<f8")], align=True),
    "nested": [("a", [("b", "<i2"), ("c", "S3")]), ("d", "?")],
    "subarrays": [("a", "<f4", (2, 3)), ("b", "<U2", (1,))],
    "titles": [(("title", "name"), "<i4")],
    "no fields": [],
    "two gaps": np.dtype({"names": ["a", "b"], "formats": ["u1", "u1"], "offsets": [2, 5], "itemsize": 9}),
    "odd names": [("é ☃", "<i4"), ("it's", "<i4")],
}
SHAPES = [(), (0,), (1,), (3,), (2, 3), (0, 5), (1, 1, 1, 2)]


def saved(array: object) -> bytes:
    """What `numpy.save` writes, without its warning about versions."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.save(file, array)
    return file.getvalue()


def header(text: str | bytes, data: bytes = b"", version: int = 1) -> bytes:
    """An npy file with this header, padded as numpy pads it."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8" if version == 3 else "latin1")
    raw += b" " * (-(10 + len(raw) + 1) % 64) + b"\n"
    return (
        b"\x93NUMPY"
        + bytes([version, 0])
        + struct.pack("<H" if version == 1 else "<I", len(raw))
        + raw
        + data
    )


def numpy_reads(data: bytes) -> tuple[object, int] | None:
    """The array and the bytes it took, without pickles; None when numpy rejects."""
    file = io.BytesIO(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.load(file, allow_pickle=False), file.tell()
    except ValueError:
        return None


def called_inert(data: bytes) -> bool:
    """Whether it is called inert, and an array that needs no pickle."""
    report = scan(data, name="array.npy")
    return report.verdict is Verdict.INERT and b"O" not in data[:128]


def agrees(data: bytes) -> bool:
    """Whether the array that numpy reads has as many bytes as we say, to the end of the file."""
    read = numpy_reads(data)
    if read is None:
        return True
    array, end = read
    skipped = sum(skip.bytes for skip in scan(data, name="array.npy").coverage.skipped)
    return end == len(data) and not array.dtype.hasobject and array.nbytes == skipped


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_numpy_saves_is_inert(dtype: str, shape: tuple[int, ...], order: str) -> None:
    data = saved(np.zeros(shape, dtype, order))
    assert scan(data, name="array.npy").verdict is Verdict.INERT
    assert agrees(data)


@pytest.mark.parametrize("name", STRUCTURED)
def test_structured_arrays_are_inert(name: str) -> None:
    data = saved(np.zeros((2,), STRUCTURED[name]))
    assert scan(data, name="array.npy").verdict is Verdict.INERT
    assert agrees(data)


def test_an_object_array_is_as_inert_as_its_pickle() -> None:
    array = np.array([{"a": 1}, None], dtype=object)
    report = scan(saved(array), name="array.npy")
    assert report.verdict is Verdict.INERT
    assert [part.format for part in report.parts] == ["npy", "pickle"]
    evil = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R."
    text = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    assert scan(header(text, evil), name="array.npy").verdict is Verdict.MALICIOUS


@pytest.mark.parametrize(
    "descr",
    [
        "'M8[s],O,M8[s]'", "'|O,|O'", "'O8'", "[('a', 'O')]", "[('a', '<i4'), ('b', [('c', '|O')])]",
        "'V8,O'", "'<f4,O'", "'(2,)O'", "'object'", "('<f4', (2,))", "('|O', (1,))", "'m8[s], O'",
        "'M8[s],O]'", "'T'", "[('a', '|O', (0,))]", "'f4,M8[O],O,M8[s]'",
        "{'names': ['a'], 'formats': ['O']}", "'i4,(2)O'",
    ],
)  # fmt: skip
def test_a_dtype_that_may_hide_an_object_is_never_taken_for_numbers(descr: str) -> None:
    evil = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R."
    for size in range(1, 4):
        data = header(f"{{'descr': {descr}, 'fortran_order': False, 'shape': ({size},), }}", evil + b"." * 40)
        for end in range(len(data) - 40, len(data) + 1):
            assert scan(data[:end], name="array.npy").verdict is not Verdict.INERT, end


PIECES = [
    b"'", b'"', b"{", b"}", b"[", b"]", b"(", b")", b",", b":", b" ", b"\n", b"\t", b"\0", b"0", b"1",
    b"-1", b"1L", b"01", b"0x1", b"1_0", b"18446744073709551616", b"9223372036854775807", b"4294967296",
    b"True", b"False", b"None", b"b'a'", b"'<f4'", b"'|O'", b"'<M8[s]'", b"'M8[s],O,M8[s]'", b"'<f4,<f4'",
    b"('a', '<i4')", b"[('a', '|O')]", b"'shape'", b"'descr'", b"\\x4f", b"\xc3\xa9", b"#", b"'<f4' ",
    b"'>i3'", b"'U'", b"'S0'", b"()", b"(1,)", b"'f'", b"'4f'", b"''",
]  # fmt: skip


def _mutant(rng: random.Random, seeds: list[bytes]) -> bytes:
    data = rng.choice(seeds)
    size = struct.unpack_from("<H", data, 8)[0]
    text, rest = bytearray(data[10 : 10 + size].rstrip()), data[10 + size :]
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(text) + 1)
        match rng.randrange(5):
            case 0:
                text[at:at] = rng.choice(PIECES)
            case 1:
                del text[at : at + rng.randint(1, 3)]
            case 2:
                text[at : at + rng.randint(1, 6)] = rng.choice(PIECES)
            case 3:
                text[at:at] = bytes([rng.randrange(256)])
            case _:
                rest = (
                    rest + bytes(rng.randrange(9))
                    if rng.random() < 0.5
                    else rest[: rng.randrange(len(rest) + 1)]
                )
    return header(bytes(text), rest, rng.choice([1, 1, 1, 2, 3]))


def _inert_mutants() -> list[bytes]:
    rng = random.Random(SEED)
    arrays = [np.zeros((2, 3), dtype) for dtype in DTYPES] + [np.zeros((2,), d) for d in STRUCTURED.values()]
    # What is written in another version has another length field.
    seeds = [data for data in map(saved, arrays) if data[6] == 1]
    inert = [data for data in (_mutant(rng, seeds) for _ in range(BUDGET)) if called_inert(data)]
    print(f"npy oracle: {BUDGET} mutants, {len(inert)} of them inert")
    assert len(inert) > BUDGET // 200
    return inert


def test_where_a_mutant_is_called_inert_numpy_reads_the_same_bytes() -> None:
    for data in _inert_mutants():
        assert agrees(data), data


def test_no_mutant_is_called_inert_that_numpy_rejects() -> None:
    for data in _inert_mutants():
        assert numpy_reads(data) is not None, data


@pytest.mark.parametrize(
    "text",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1L,), }",
        "{'descr': [], 'fortran_order': False, 'shape': (2, 9223372036854775807), }",
        "{'descr': [('a', '<i4'), ('a', '<i4')], 'fortran_order': False, 'shape': (1,), }",
        "{'descr': [(('a', 'b'), '<i4'), ('a', '<i4')], 'fortran_order': False, 'shape': (1,), }",
        "{'descr': [(('a', 'a'), '<i4')], 'fortran_order': False, 'shape': (1,), }",
        "{'descr': [('', '<i4'), ('', '<i4')], 'fortran_order': False, 'shape': (1,), }",
    ],
)
def test_what_only_looks_like_a_header_of_version_three_is_not_read(text: str) -> None:
    """Found by the mutants, which numpy refuses: longs of Python 2, elements without end, one name twice."""
    size = 0 if "[]" in text else 4 * max(text.count("i4"), 1)
    data = header(text, bytes(size), version=3)
    assert numpy_reads(data) is None
    assert scan(data, name="a.npy").verdict is not Verdict.INERT


@pytest.mark.parametrize("descr", ["<M08[D]", "<m08", "<f04", "|S02", "<U01"])
def test_a_size_with_a_leading_zero_is_not_read(descr: str) -> None:
    """Found by the mutants: numpy refuses the first two, and no writer makes any of them."""
    item = 8 if "8" in descr else 4 if descr != "|S02" else 2
    text = b"{'descr': '%s', 'fortran_order': False, 'shape': (1,), }" % descr.encode()
    assert scan(header(text, bytes(item)), name="a.npy").verdict is not Verdict.INERT
