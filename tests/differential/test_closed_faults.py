"""Inputs that a hostile review found to be called inert and that are not: none may become so again.

Every one was loaded in a throw-away process with CPython 3.11 and numpy 2.4: what then happens stands in
`really`. Nothing here is ever loaded.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import pytest

from dryload import Verdict, scan

EVIL = b"cposix\nsystem\nX\x04\x00\x00\x00true\x85R."
GOOD = b"N."
P4 = b"\x80\x04"


def name(module: str, qualname: str) -> bytes:
    return f"c{module}\n{qualname}\n".encode()


def text(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


def long(value: int) -> bytes:
    return b"\x8a\x08" + struct.pack("<q", value)


def dtype(kind: str, state: bytes = b"") -> bytes:
    """numpy.dtype(kind, False, True), and a BUILD when there is a state."""
    return name("numpy", "dtype") + b"(" + text(kind) + b"\x89\x88tR" + (state + b"b" if state else b"")


def array(of: bytes, data: bytes, shape: bytes = b"K\x02\x85") -> bytes:
    """An ndarray of a dtype, with its data or its list."""
    new = name("numpy._core.multiarray", "_reconstruct") + name("numpy", "ndarray") + b"K\x00\x85C\x01b\x87R"
    return P4 + new + b"(K\x01" + shape + of + b"\x89" + data + b"tb."


def polyglot(payload: bytes) -> bytes:
    """A safetensors file that is a pickle, too: its length begins a UNICODE line, its header ends with }."""
    header = b'{"x":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}' % (len(payload), len(payload))
    header += b" " * ((ord("V") - len(header) - 2) % 256) + b"\n}"
    return struct.pack("<Q", len(header)) + header + payload


def local(
    path: bytes, data: bytes, method: int = 0, size: int | None = None, crc: int | None = None
) -> bytes:
    crc = zlib.crc32(data) if crc is None else crc
    size = len(data) if size is None else size
    fields = (0x04034B50, 20, 0, method, 0, 0, crc, len(data), size, len(path), 0)
    return struct.pack("<IHHHHHIIIHH", *fields) + path + data


def entry(
    path: bytes, data: bytes, at: int, method: int = 0, size: int | None = None, crc: int | None = None
) -> bytes:
    crc = zlib.crc32(data) if crc is None else crc
    size = len(data) if size is None else size
    fields = (0x02014B50, 20, 20, 0, method, 0, 0, crc, len(data), size, len(path), 0, 0, 0, 0, 0, at)
    return struct.pack("<IHHHHHHIIIHHHHHII", *fields) + path


def end(count: int, size: int, at: int) -> bytes:
    return struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, size, at, 0)


def end64(count: int, size: int, at: int, room: int = 44) -> bytes:
    return struct.pack("<IQHHIIQQQQ", 0x06064B50, room, 45, 45, 0, 0, count, count, size, at)


def one(path: bytes, data: bytes, **odd: int) -> bytes:
    """An archive of one member."""
    body, directory = local(path, data, **odd), entry(path, data, 0, **odd)
    return body + directory + end(1, len(directory), len(body))


def two_ends() -> bytes:
    """Two directories: the locator names the first, `zipfile` takes the record before the locator."""
    first = entry(b"a.pkl", GOOD, 0)
    head = local(b"a.pkl", GOOD) + first
    at = len(head) + 56
    second = entry(b"a.pkl", EVIL, at)
    rest = local(b"a.pkl", EVIL) + second + end64(1, len(second), at + len(local(b"a.pkl", EVIL)))
    record = end64(1, len(first), len(local(b"a.pkl", GOOD)), 44 + len(rest))
    locator = struct.pack("<IIQI", 0x07064B50, 0, len(head), 1)
    return head + record + rest + locator + end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


def parameter(state: bytes) -> bytes:
    """torch.nn.Parameter rebuilt with a state."""
    made = name("argparse", "Namespace") + b")R"
    return name("torch._utils", "_rebuild_parameter_with_state") + b"(" + made + b"\x88N" + state + b"tR"


def descr(order: str, size: int, sub: bytes = b"N", names: bytes = b"NN") -> bytes:
    """A dtype's state, version 3."""
    return b"(K\x03" + text(order) + sub + names + b"J" + struct.pack("<i", size) + b"K\x01K\x00t"


DUNDER = b"}" + text("__class__") + name("argparse", "Namespace") + b"s"
PAIRS = (
    name("collections", "OrderedDict")
    + b"](]("
    + text("__class__")
    + name("argparse", "Namespace")
    + b"ee\x85R"
)
BIG = (
    name("numpy._core.multiarray", "scalar")
    + b"("
    + dtype("i8")
    + b"C\x08"
    + struct.pack("<q", 1 << 31)
    + b"tR"
)
DOTTED = b"path.os." * 40 + b"system"
DOTTED_CALL = (
    P4 + text("os") + b"X" + struct.pack("<I", len(DOTTED)) + DOTTED + b"\x93" + text("true") + b"\x85R."
)
FIELD = dtype("V8") + b"q\x05"
LATER = (
    b"h\x05(K\x03"
    + text("|")
    + b"N"
    + text("o")
    + b"\x85}"
    + text("o")
    + dtype("O")
    + b"K\x00\x86sK\x08K\x08K\x03tb0"
)


@dataclass(frozen=True, slots=True)
class Fault:
    data: bytes
    really: str
    file: str = "model.pkl"
    limits: dict[str, int] | None = None


FAULTS = {
    "polyglot whose name is long": Fault(polyglot(DOTTED_CALL), "pickle.load calls os.path.os....system"),
    "polyglot that imports and breaks": Fault(
        polyglot(b"cmycorp.evil\nx\n\xff"), "pickle.load imports mycorp.evil"
    ),
    "two ends of one archive": Fault(
        two_ends(), "zipfile before CVE-2025-8291 reads the evil member", "model.zip"
    ),
    "object list shorter than its shape": Fault(
        array(dtype("O"), b"]", b"M\xe8\x03\x85"), "SIGSEGV in pickle.loads"
    ),
    "datetime without metadata": Fault(P4 + dtype("M8", descr("<", -1)) + b".", "SIGSEGV in pickle.loads"),
    "datetime with a subarray": Fault(
        P4 + dtype("M8[s]", descr("<", -1, dtype("V8") + b"K\x02\x85\x86")) + b".", "SIGSEGV in pickle.loads"
    ),
    "subarray of objects": Fault(
        array(dtype("V8", descr("|", 8, dtype("O") + b"K\x01\x85\x86")), b"C\x10" + b"A" * 16),
        "repr follows the bytes as pointers",
    ),
    "subarray larger than its item": Fault(
        array(dtype("V8", descr("|", 8, dtype("f8") + b"J\x00\x00\x00\x01\x85\x86")), b"C\x10" + b"A" * 16),
        "a[0] reads 128 MiB past the array",
    ),
    "field dtype that changes later": Fault(
        array(
            dtype("V8", descr("|", 8, b"N", text("a") + b"\x85}" + text("a") + FIELD + b"K\x00\x86s")),
            b"C\x10" + b"A" * 16,
        )[:-1]
        + b"q\x060"
        + LATER
        + b"h\x06.",
        "repr follows the bytes as pointers",
    ),
    "strings of size -1": Fault(P4 + dtype("S3", descr("|", -1)) + b".", "a dtype of -1 bytes"),
    "generator made by any callable": Fault(
        P4
        + name("numpy.random._pickle", "__generator_ctor")
        + b"("
        + BIG
        + name("builtins", "bytearray")
        + b"tR.",
        "bytearray(2**31)",
    ),
    "generator made by a counter of a range": Fault(
        P4
        + name("numpy.random._pickle", "__generator_ctor")
        + b"("
        + name("builtins", "range")
        + b"(K\x00"
        + long(1 << 60)
        + b"K\x01tR"
        + name("collections", "Counter")
        + b"tR.",
        "counts for ever",
    ),
    "random state out of a range": Fault(
        P4
        + name("random", "Random")
        + b")\x81(K\x03"
        + name("builtins", "range")
        + b"(K\x00"
        + long(1 << 60)
        + b"K\x01tRNtb.",
        "a tuple of 2**60 numbers",
    ),
    "masked array of any shape": Fault(
        P4
        + name("numpy.ma.core", "_mareconstruct")
        + b"("
        + name("numpy.ma.core", "MaskedArray")
        + name("numpy", "ndarray")
        + long(1 << 40)
        + b"\x85C\x01btR.",
        "allocates a terabyte",
    ),
    "dunder state as a mapping in a pair": Fault(
        P4 + parameter(PAIRS + b"N\x86") + b".", "setattr(p, '__class__', ...)"
    ),
    "dunder state in an inner call": Fault(
        P4
        + name("torch._tensor", "_rebuild_from_type_v2")
        + b"("
        + name("torch._utils", "_rebuild_parameter_with_state")
        + name("torch.nn.parameter", "Parameter")
        + parameter(DUNDER).split(b"\n", 2)[2][:-1]
        + b"}tR.",
        "setattr(p, '__class__', ...)",
    ),
    "dunder key past the room for texts": Fault(
        P4 + text("x" * 200) + b"0" + name("argparse", "Namespace") + b")\x81" + DUNDER + b"b.",
        "the default room is 64 MiB, which a file can fill",
        limits={"max_text_bytes": 150},
    ),
    "pattern that prints": Fault(
        P4 + name("re", "_compile") + text("a") + b"M\x80\x00\x86R.", "re.DEBUG writes to stdout"
    ),
    "octal to some": Fault(b"I010\n.", "8 to C before 3.14, an error to Python, 10 to pickletools"),
    "octal long": Fault(b"L010L\n.", "an error to C and Python before 3.14, 10 to pickletools"),
    "minus nothing": Fault(b"I-0\n.", "False to C, 0 to Python"),
    "float past all floats": Fault(b"F1e999\n.", "OverflowError in C, inf in Python"),
    "stored member of another size": Fault(
        one(b"a.pkl", GOOD * 9, size=2), "zipfile reads two bytes", "model.zip"
    ),
    "deflated member of no size": Fault(
        one(b"a.pkl", zlib.compress(EVIL)[2:-4], method=8, size=0),
        "not scanned; streaming readers inflate it",
        "m.zip",
    ),
    "deflated member with more behind it": Fault(
        one(b"a.pkl", zlib.compress(GOOD)[2:-4] + EVIL, method=8, size=2, crc=zlib.crc32(GOOD)),
        "bytes that nobody names",
        "model.zip",
    ),
    "name that ends early": Fault(one(b"a.pkl\0.txt", GOOD), "a.pkl to zipfile", "model.zip"),
    "object array without its pickle": Fault(
        b"\x93NUMPY\x01\0\x46\0"
        + b"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }".ljust(69)
        + b"\n",
        "EOFError",
        "array.npy",
    ),
    "pickle among unnamed storages": Fault(
        (lambda a, b, c: a + b + c + end(2, len(c), len(a + b)))(
            local(b"m/data.pkl", GOOD),
            local(b"m/data/x", b"C\x50" + b"x" * 80 + b"0" + EVIL),
            entry(b"m/data.pkl", GOOD, 0)
            + entry(b"m/data/x", b"C\x50" + b"x" * 80 + b"0" + EVIL, len(local(b"m/data.pkl", GOOD))),
        ),
        "no storage is named, yet its pickle is taken for numbers",
        "model.pt",
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_this_is_not_inert(fault: Fault) -> None:
    assert scan(fault.data, name=fault.file, limits=fault.limits).verdict is not Verdict.INERT, fault.really


def test_raw_unicode_escapes_are_read_as_cpython_reads_them() -> None:
    data = b"V\\\\u0041\nVx\n\x93."
    names = {
        f"{row.module}|{row.qualname}" for part in scan(data, name="m.pkl").parts for row in part.imports
    }
    assert names == {"\\\\u0041|x"}


def test_a_newline_in_a_module_does_not_move_into_the_name() -> None:
    data = P4 + text("a\nb") + text("c") + b"\x93."
    names = {(row.module, row.qualname) for part in scan(data, name="m.pkl").parts for row in part.imports}
    assert names == {("a\nb", "c")}


def test_a_name_that_is_no_path_is_only_a_hint() -> None:
    assert scan(GOOD, name="\ud800.pkl").verdict is Verdict.INERT


def test_a_member_of_another_checksum_is_not_inert() -> None:
    report = scan(one(b"a.pkl", GOOD, crc=1), name="model.zip", limits={"max_checksum_bytes": 1 << 20})
    assert report.verdict is not Verdict.INERT


# numpy takes a type string with a repeat count or a shape apart, and hands that part to `ast.literal_eval`:
# the audit event is `compile(b'2', '<unknown>')`. Its pattern lets through digits, commas, spaces and one
# pair of parentheses, so that nothing is executed; but the text may be as long as the file, and no pickler
# writes one: a dtype is pickled with a plain type string, and `_reconstruct` gets b'b'.
COMPILES = {
    "dtype with a repeat count": b"cnumpy\ndtype\n(X\x03\x00\x00\x002i4\x89\x88tR.",
    "dtype with a shape": b"cnumpy\ndtype\n(X\x06\x00\x00\x00(2,)i4\x89\x88tR.",
    "array made of such a text": (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85X\x03\x00\x00\x002i4tR."
    ),
    "array made of such bytes": (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x032i4tR."
    ),
    "masked array made of such a text": (
        b"cnumpy.ma.core\n_mareconstruct\n(cnumpy.ma\nMaskedArray\ncnumpy\nndarray\nK\x00\x85X\x03\x00\x00\x002i4tR."
    ),
}


@pytest.mark.parametrize("data", COMPILES.values(), ids=COMPILES)
def test_a_type_string_that_numpy_compiles_is_not_inert(data: bytes) -> None:
    assert scan(data, name="model.pkl").verdict is not Verdict.INERT


# As protocols 2 and 3 write the type that an array waits with; and one that numpy takes apart.
ENCODED = b"c_codecs\nencode\nX\x01\x00\x00\x00bX\x06\x00\x00\x00latin1\x86R"


@pytest.mark.parametrize(
    ("byte", "is_inert"),
    [
        (b"C\x01b", True),
        (ENCODED, True),
        (ENCODED.replace(b"\x01\x00\x00\x00b", b"\x02\x00\x00\x00bb"), False),
    ],
)
def test_the_type_an_array_waits_with_is_one_byte(byte: bytes, is_inert: bool) -> None:
    array = b"\x80\x03cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85" + byte + b"tR."
    assert (scan(array, name="model.pkl").verdict is Verdict.INERT) is is_inert
