"""Makes the bytes of the cases from readable text: pickles row by row, archives and headers field by field.

It refuses to load anything: opcodes are looked up in `pickletools`, whose table is not ours, and put
together as they are written, right or wrong.
"""

from __future__ import annotations

import ast
import io
import json
import pickle
import pickletools
import struct
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

OPCODES = {opcode.name: opcode for opcode in pickletools.opcodes}

# How `pickletools` names what follows an opcode: fixed-width numbers, then the width of a length field.
FIXED = {"uint1": "<B", "uint2": "<H", "int4": "<i", "uint4": "<I", "uint8": "<Q", "float8": ">d"}
COUNTED = {
    "bytes1": "<B",
    "string1": "<B",
    "unicodestring1": "<B",
    "long1": "<B",
    "bytes4": "<I",
    "string4": "<i",
    "unicodestring4": "<I",
    "long4": "<i",
    "bytes8": "<Q",
    "unicodestring8": "<Q",
    "bytearray8": "<Q",
}


@dataclass(frozen=True, slots=True)
class Program:
    """A pickle that was put together, and the offset of the row that an arrow points at."""

    data: bytes
    mark: int


def pkasm(text: str) -> Program:
    r"""Puts a pickle together: an opcode a row, as `pickletools` spells it, then its argument.

    Lines of text stand as they are (`INT 0x10`), counted texts and bytes as Python literals
    (`BINUNICODE 'a'`, `BINUNICODE b'\xff'`), GLOBAL and INST as two words. `.raw 80 04` is bytes in
    hexadecimal, `;` begins a comment, and `>` before a row marks the offset that a finding must have.

    >>> pkasm('''
    ...     PROTO 2
    ...   > GLOBAL posix system   ; the place that counts
    ...     STOP
    ... ''')
    Program(data=b'\x80\x02cposix\nsystem\n.', mark=2)
    """
    data = bytearray()
    mark = -1
    for line in text.splitlines():
        row = line.partition(";")[0].strip()
        if row.startswith(">"):
            mark = len(data)
            row = row[1:].strip()
        if row:
            name, _, argument = row.partition(" ")
            data += bytes.fromhex(argument) if name == ".raw" else _instruction(name, argument.strip())
    return Program(bytes(data), mark)


def _instruction(name: str, text: str) -> bytes:
    opcode = OPCODES[name]
    code = opcode.code.encode("latin-1")
    if opcode.arg is None:
        return code
    kind = opcode.arg.name
    if kind == "stringnl_noescape_pair":
        return code + b"".join(_line(word) for word in text.split())
    if kind in FIXED:
        return code + struct.pack(FIXED[kind], ast.literal_eval(text))
    if kind in COUNTED:
        payload = _payload(ast.literal_eval(text))
        return code + struct.pack(COUNTED[kind], len(payload)) + payload
    return code + _line(text)


def _line(text: str) -> bytes:
    line = ast.literal_eval(text) if text.startswith(("b'", 'b"')) else text.encode("latin-1")
    assert isinstance(line, bytes)
    return line + b"\n"


def _payload(value: object) -> bytes:
    if isinstance(value, int):
        return pickle.encode_long(value)
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    assert isinstance(value, bytes)
    return value


# Zip. Offsets of fields in the records of APPNOTE 4.3.7, 4.3.12 and 4.3.16.
LOCAL = {"flags": 6, "method": 8, "crc": 14, "compressed": 18, "size": 22, "name": 30}
ENTRY = {"flags": 8, "method": 10, "crc": 16, "compressed": 20, "size": 24, "local": 42, "name": 46}
END = {"entries_here": 8, "entries": 10, "size": 12, "directory": 16}
WIDTHS = {"flags": 2, "method": 2, "entries_here": 2, "entries": 2}


def zipped(
    members: Mapping[str, bytes] | list[tuple[str, bytes]],
    *,
    method: int = zipfile.ZIP_STORED,
    level: int | None = None,
    comment: bytes = b"",
) -> bytes:
    """Writes an archive through `zipfile`, with one fixed date; a list may hold a name twice."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", method, compresslevel=level) as archive:
        warnings.simplefilter("ignore", UserWarning)
        for name, data in members.items() if isinstance(members, Mapping) else members:
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
        archive.comment = comment
    return file.getvalue()


def streamed(members: Mapping[str, bytes]) -> bytes:
    """Writes an archive as to a pipe: sizes follow each member in a data descriptor."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.pieces: list[bytes] = []

        def writable(self) -> bool:
            return True

        def write(self, data: object, /) -> int:
            piece = bytes(memoryview(data))  # type: ignore[arg-type]
            self.pieces.append(piece)
            return len(piece)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return b"".join(pipe.pieces)


def local_at(archive: bytes, index: int = 0) -> int:
    """Gives the offset of the local header that a directory entry points at."""
    return field(archive, entry_at(archive, index), ENTRY, "local")


def entry_at(archive: bytes, index: int = 0) -> int:
    """Gives the offset of an entry of the directory."""
    at = field(archive, end_at(archive), END, "directory")
    for _ in range(index):
        name, extra, comment = struct.unpack_from("<HHH", archive, at + 28)
        at += ENTRY["name"] + name + extra + comment
    return at


def end_at(archive: bytes) -> int:
    """Gives the offset of the end of central directory record, which is the last one there is."""
    return archive.rindex(b"PK\x05\x06")


def data_at(archive: bytes, index: int = 0) -> int:
    """Gives the offset of the data of a member."""
    at = local_at(archive, index)
    name, extra = struct.unpack_from("<HH", archive, at + 26)
    return at + LOCAL["name"] + int(name) + int(extra)


def field(archive: bytes, record: int, layout: Mapping[str, int], name: str) -> int:
    """Reads a number of a record."""
    return int.from_bytes(archive[record + layout[name] :][: WIDTHS.get(name, 4)], "little")


def with_field(archive: bytes, record: int, layout: Mapping[str, int], name: str, value: int) -> bytes:
    """Gives the archive with another number in a record."""
    return patched(archive, record + layout[name], value.to_bytes(WIDTHS.get(name, 4), "little"))


def patched(data: bytes, at: int, new: bytes) -> bytes:
    """Gives the data with other bytes at a place, as many as there were."""
    assert at + len(new) <= len(data)
    return data[:at] + new + data[at + len(new) :]


def with_flags(archive: bytes, flags: int) -> bytes:
    """Gives the archive with other flags for its first member, in both of its headers."""
    archive = with_field(archive, local_at(archive), LOCAL, "flags", flags)
    return with_field(archive, entry_at(archive), ENTRY, "flags", flags)


# Torch. What `torch.save` writes: every member in one folder, little-endian storages.


def torch_zip(data_pkl: bytes, storages: Mapping[str, bytes]) -> bytes:
    """Writes a checkpoint of the zip format around a pickle and its storages."""
    members = {
        "m/data.pkl": data_pkl,
        "m/byteorder": b"little",
        **{f"m/data/{key}": data for key, data in storages.items()},
        "m/version": b"3\n",
    }
    return zipped(members)


def script_zip(
    code: Mapping[str, str], data_pkl: bytes | None = None, others: Mapping[str, bytes] = {}
) -> bytes:
    """Makes a TorchScript archive: code by module (`__torch__.a`), and an object of `__torch__.M`."""
    members = {"m/data.pkl": data_pkl or pkasm("PROTO 2\nGLOBAL __torch__ M\nEMPTY_TUPLE\nNEWOBJ\nSTOP").data}
    for module, text in code.items():
        members[f"m/code/{module.replace('.', '/')}.py"] = text.encode("latin-1")
    members |= {"m/constants.pkl": b"\x80\x02).", "m/version": b"3\n", **others}
    return zipped(members)


def export_zip(others: Mapping[str, bytes] = {}) -> bytes:
    """Makes an archive of torch.export with no model in it, and further members."""
    members = {"archive_format": b"pt2", "archive_version": b"0", "byteorder": b"little", **others}
    return zipped({f"e/{name}": data for name, data in members.items()})


def skops_zip(schema: Mapping[str, object], others: Mapping[str, bytes] = {}) -> bytes:
    """Makes a skops archive of a node, and the members it reads."""
    text = json.dumps({**schema, "protocol": 2, "_skops_version": "0.16.0"})
    return zipped({**others, "schema.json": text.encode()})


def skops_node(loader: str, name: str, **fields: object) -> dict[str, object]:
    """Makes a node; `name` is `module:class`."""
    module, _, qualname = name.partition(":")
    return {"__loader__": loader, "__module__": module, "__class__": qualname, **fields}


def skops_dict(content: Mapping[str, object]) -> dict[str, object]:
    """Makes a DictNode whose keys are texts."""
    keys = [skops_node("TypeNode", "builtins:str") for _ in content]
    types = skops_node("ListNode", "builtins:list", content=keys)
    return skops_node("DictNode", "builtins:dict", content=content, key_types=types)


def torch_legacy(object_pickle: bytes, storages: Mapping[str, bytes], *, item_bytes: int) -> bytes:
    """Writes a checkpoint of the old format.

    Magic number, protocol, system, object and keys are pickles; then comes each storage, behind its number
    of elements.
    """
    info = {
        "protocol_version": 1001,
        "little_endian": True,
        "type_sizes": {"short": 2, "int": 4, "long": 4},
    }
    heads = (pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, info))
    raw = (struct.pack("<q", len(data) // item_bytes) + data for data in storages.values())
    return b"".join((*heads, object_pickle, pickle.dumps(list(storages), 2), *raw))


def tensor_rows(
    *,
    key: str = "0",
    numel: int = 2,
    offset: int = 0,
    size: str = "BININT1 2\nTUPLE1",
    stride: str = "BININT1 1\nTUPLE1",
    view: str = "",
    arrow: str = "BINPERSID",
) -> str:
    """Gives the rows that `torch.save` writes for one float tensor; `arrow` names the opcode to point at.

    `size` and `stride` are rows that make a tuple, `view` is what the old format adds to the id.
    """
    rows = f"""
        PROTO 2
        GLOBAL torch._utils _rebuild_tensor_v2
        MARK
        MARK
        BINUNICODE 'storage'
        GLOBAL torch FloatStorage
        BINUNICODE {key!r}
        BINUNICODE 'cpu'
        LONG1 {numel}
        {view}
        TUPLE
        BINPERSID
        LONG1 {offset}
        {size}
        {stride}
        NEWFALSE
        GLOBAL collections OrderedDict
        EMPTY_TUPLE
        REDUCE ; the hooks
        TUPLE
        REDUCE
        STOP
    """
    lines = [line.strip() for line in rows.splitlines()]
    return "\n".join(f"> {line}" if line == arrow else line for line in lines)


# joblib. An array stands raw behind the BUILD of its wrapper: a length byte, that much padding, the data.


def joblib_rows(*, dtype: str = "f8", flags: int = 0, count: int = 2, array: bytes, arrow: str = "") -> str:
    """Gives the rows that `joblib.dump` writes for one array, with the raw bytes behind the wrapper.

    `flags` is the last number of the dtype's state, where numpy keeps "holds objects"; `arrow` is "BUILD" or
    "array".
    """
    point = {arrow: "> "}
    return f"""
        PROTO 4
        GLOBAL joblib.numpy_pickle NumpyArrayWrapper
        EMPTY_TUPLE
        NEWOBJ
        EMPTY_DICT
        MARK
        BINUNICODE 'subclass'
        GLOBAL numpy ndarray
        BINUNICODE 'shape'
        BININT1 {count}
        TUPLE1
        BINUNICODE 'order'
        BINUNICODE 'C'
        BINUNICODE 'dtype'
        GLOBAL numpy dtype
        BINUNICODE {dtype!r}
        NEWFALSE
        NEWTRUE
        TUPLE3
        REDUCE
        MARK
        BININT1 3
        BINUNICODE '<'
        NONE
        NONE
        NONE
        BININT -1
        BININT -1
        BININT1 {flags}
        TUPLE
        BUILD
        BINUNICODE 'allow_mmap'
        NEWTRUE
        BINUNICODE 'numpy_array_alignment_bytes'
        BININT1 16
        SETITEMS
        {point.get("BUILD", "")}BUILD
        {point.get("array", "")}.raw {array.hex(" ")}
        STOP
    """


# npy and safetensors.


def npy(header: str, data: bytes = b"", *, version: int = 1, length: int | None = None) -> bytes:
    """Writes an npy file around the text of a header; `length` is the length field, when it is to lie."""
    text = header.encode("utf-8")
    field_bytes = 2 if version == 1 else 4
    declared = len(text) if length is None else length
    return b"\x93NUMPY" + bytes((version, 0)) + declared.to_bytes(field_bytes, "little") + text + data


def npy_header(descr: str = "'<f4'", shape: str = "(2,)", *, total: int = 118) -> str:
    """Gives the header that numpy writes, padded so that the data of version 1.0 begin at 128."""
    literal = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    return literal.ljust(total - 1) + "\n"


def safetensors(header: str | bytes | Mapping[str, object], data: bytes = b"") -> bytes:
    """Writes a safetensors file around a header: text as it is, a mapping as compact JSON."""
    if isinstance(header, Mapping):
        header = json.dumps(header, separators=(",", ":"))
    raw = header.encode("utf-8") if isinstance(header, str) else header
    return struct.pack("<Q", len(raw)) + raw + data


def tensor(dtype: str, shape: list[int], start: int, end: int) -> dict[str, object]:
    """Gives the entry of one tensor."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
