"""Makes safetensors headers that are wrong, from a seed: crafted files with changed bytes, plain ones with a
word of the wrong kind.

The files of the corpus that are nothing but long are made here as well, byte for byte. Nothing is loaded.
"""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

FOLDER = Path(__file__).parent / "data" / "headers"


def verdicts() -> list[dict[str, object]]:
    """Gives the rows of VERDICTS.json: the file, the case, and what each reader made of it."""
    rows: list[dict[str, object]] = json.loads((FOLDER / "VERDICTS.json").read_text(encoding="utf-8"))
    return rows


def crafted(file: str) -> bytes:
    """Gives a file of the corpus, read or made."""
    return _long(file) if file in LONG else (FOLDER / file).read_bytes()


def framed(header: bytes, data: bytes = b"") -> bytes:
    """Puts the length before a header and the data behind it."""
    return struct.pack("<Q", len(header)) + header + data


def changed(rng: random.Random, seeds: list[bytes]) -> bytes:
    """Gives one of the seeds with one to three pieces of its header replaced, doubled or taken out."""
    data = rng.choice(seeds)
    length = struct.unpack_from("<Q", data)[0] if len(data) >= 8 else 0
    header, rest = bytearray(data[8 : 8 + length]), data[8 + length :]
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(header) + 1)
        match rng.randrange(5):
            case 0:
                header[at:at] = rng.choice(PIECES)
            case 1:
                del header[at : at + rng.randint(1, 4)]
            case 2:
                header[at : at + rng.randint(1, 8)] = rng.choice(PIECES)
            case 3:
                end = at + rng.randint(1, 40)
                header[at:at] = header[at:end]
            case _:
                rest = rest[: rng.randrange(len(rest) + 1)] + bytes(rng.randrange(3) * 4)
    length = len(header) + rng.choice([0] * 12 + [-1, 1, 8])
    return struct.pack("<Q", max(length, 0)) + bytes(header) + rest


def odd(rng: random.Random) -> bytes:
    """Gives a file of up to three tensors in which a word or two are of a kind that the format has not."""
    tensors: list[list[object]] = []
    end = 0
    for name in rng.sample(['"a"', '"b"', '"\\u0061"', '"__proto__"', '""'], rng.randint(1, 3)):
        dtype = rng.choice(list(WIDTHS))
        shape = [rng.choice([0, 1, 2, 2, 4]) for _ in range(rng.randrange(4))]
        bits = WIDTHS[dtype]
        for dim in shape:
            bits *= dim
        start, end = end, end + bits // 8
        fields: object = [
            ("dtype", json.dumps(dtype)),
            ("shape", str(shape)),
            ("data_offsets", f"[{start},{end}]"),
        ]
        tensors.append([name, fields, ""])
    for _ in range(rng.randint(1, 2)):
        _make_odd(rng, rng.choice(tensors))
    members = [f"{name}:{value or _object(fields)}" for name, fields, value in tensors]
    if rng.random() < 0.2:
        value = rng.choice([*VALUES, '{"k":"v"}', f'{{"k":{rng.choice(VALUES)}}}'])
        members.insert(rng.randrange(len(members) + 1), f'"__metadata__":{value}')
    data = bytes(end + rng.choice([0] * 12 + [-1, 1]) if end else 0)
    return framed(("{" + ",".join(members) + "}").encode(), data)


def _make_odd(rng: random.Random, tensor: list[object]) -> None:
    fields = tensor[1]
    assert isinstance(fields, list)
    at = rng.randrange(len(fields)) if fields else 0
    match rng.randrange(8) if fields else 7:
        case 0:
            fields[at] = (fields[at][0], rng.choice(VALUES))
        case 1:
            del fields[at]
        case 2:
            fields.append((fields[at][0], rng.choice(VALUES)))
        case 3:
            fields.append((rng.choice(["x", "Dtype", "data"]), rng.choice(VALUES)))
        case 7:
            values = [value for _, value in fields]
            tensor[2] = rng.choice([*VALUES, f"[{','.join(values)}]", f"[{','.join(values[:2])}]"])
        case _:
            # One number of a list, most often; or one more.
            lists = [i for i, (_, value) in enumerate(fields) if value.startswith("[")]
            if lists:
                i = rng.choice(lists)
                items = [item for item in fields[i][1][1:-1].replace(" ", "").split(",") if item]
                place = rng.randrange(len(items) + 1)
                items[place : place + rng.choice([1, 1, 1, 0])] = [rng.choice(VALUES)]
                fields[i] = (fields[i][0], f"[{','.join(items)}]")


def _object(fields: object) -> str:
    assert isinstance(fields, list)
    return "{" + ",".join(f'"{key}":{value}' for key, value in fields) + "}"


def _long(file: str) -> bytes:
    if file.startswith("03a"):
        deep = b"[" * 100_000 + b"]" * 100_000
        plain = b'{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16],"x":' + deep + b"}}"
        return framed(plain, bytes(range(1, 0x70, 7)))
    four = b'"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}'
    if file.startswith("057"):
        return framed(b'{"__metadata__":{"x":"' + b"A" * 5_000_000 + b'"},' + four, bytes([1, 8, 15, 22]))
    if file.startswith("0a6"):
        empty = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
        return framed(("{" + ",".join(f'"z{i}":{empty}' for i in range(1000)) + "}").encode())
    return framed((b"{" + four).ljust(LONG[file]), bytes([1, 8, 15, 22]))


# Files that are too long to be kept, and how long their headers are.
LONG = {
    "03a_deep_nest_100k.safetensors": 200_062,
    "057_meta_big.safetensors": 5_000_077,
    "0a6_many_zero.safetensors": 54_891,
    "0d3_first_bytes_mark.safetensors": 0x5D28,
    "0d4_first_bytes_PK.safetensors": 0x4B50,
    "0d5_first_bytes_png_like.safetensors": 0x5089,
}

PIECES = [
    b'"', b"'", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"\t", b"\0", b"0", b"1", b"-1", b"1.0",
    b"1e1", b"00", b"18446744073709551616", b"9223372036854775808", b"4294967296", b"null", b"true", b"NaN",
    b"//", b"\\u0061", b"\\ud800", b"\\", b"\xff", b"\xc3\xa9", b'"dtype"', b'"shape"', b'"data_offsets"',
    b'"F32"', b'"F4"', b'"U8"', b'"BOOL"', b'"C64"', b'"F6_E2M3"', b'"__metadata__"', b'"a":"b"', b'"x":1',
    b"[]", b"{}", b"[0,0]", b"[4,0]",
]  # fmt: skip

# Texts of JSON, and what is none in some readers.
VALUES = [
    "null", "true", "false", "0", "1", "2", "3", "-1", "-0", "-0.0", "2.0", "2.5", "1e0", "1e400", '"2"',
    '""', '"ab"', "[]", "{}", "[1]", "[0,0]", "[[0],[1]]", '{"0":0,"1":1}', '{"F32":null}', '{"U8":1}',
    '"U8"', '{"F32":{}}',
    "2147483648", "4294967296", "4294967297", "9007199254740993", "9223372036854775807",
    "9223372036854775808", "18446744073709551615", "18446744073709551616", "1" * 40, "NaN", "-Infinity",
    '"\\ud800"', '"\\u0000"',
]  # fmt: skip

WIDTHS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "U16": 16,
    "I16": 16, "F16": 16, "BF16": 16, "U32": 32, "I32": 32, "F32": 32, "U64": 64, "I64": 64, "F64": 64,
    "C64": 64, "F4": 4, "F6_E2M3": 6, "F128": 128,
}  # fmt: skip
