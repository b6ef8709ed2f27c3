"""Makes the files that the benchmarks read, the same bytes on every run.

Nothing large is committed: `make_all` fills a cache folder once and later runs reuse it. Neither torch, numpy
nor safetensors is needed to write their layouts. No input is ever loaded here, and the few hostile ones in
the folder only name `posix.system('true')`; the benchmarks scan them and never unpickle them.

    python inputs.py /tmp/dryload-bench [--quick]
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import os
import pickle
import random
import struct
import sys
import zlib
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the inputs are; `FULL` is what published figures use."""

    pickle_bytes: int
    large_bytes: int
    numpy_bytes: int
    torch_tensors: int
    torch_tensor_bytes: int
    headers: tuple[int, ...]
    tree_files: int


FULL = Sizes(17_000_000, 500_000_000, 100_000_000, 200, 3_000_000, (1, 10, 300, 3_000, 100_000), 10_000)
QUICK = Sizes(600_000, 3_000_000, 4_000_000, 200, 30_000, (1, 10, 300), 300)


def make_all(folder: Path, sizes: Sizes = FULL) -> dict[str, Path]:
    """Writes every input that `folder` lacks and returns their paths by key.

    Sizes are part of a file's name and `REVISION` of the folder's: no stale file passes for a wanted one.
    """
    folder /= f"v{REVISION}"
    folder.mkdir(parents=True, exist_ok=True)
    made: dict[str, Path] = {}

    def once(key: str, name: str, write: Callable[..., object], *arguments: int) -> None:
        made[key] = folder / name
        if not made[key].exists():
            part = folder / f"{name}.{os.getpid()}.part"
            with part.open("wb") as out:
                write(out, *arguments)
            part.replace(made[key])

    for protocol in (0, 2, 4):
        name = f"dense-p{protocol}-{sizes.pickle_bytes}.pkl"
        once(f"dense{protocol}", name, write_dense_pickle, protocol, sizes.pickle_bytes)
    once("large", f"large-{sizes.large_bytes}.pkl", write_large_pickle, sizes.large_bytes)
    once("numpy", f"numpy-{sizes.numpy_bytes}.pkl", write_numpy_pickle, sizes.numpy_bytes)
    tensors, elements = sizes.torch_tensors, sizes.torch_tensor_bytes // 4
    once("torch", f"torch-{tensors}x{elements}.pt", write_torch_zip, tensors, elements)
    for count in sizes.headers:
        once(f"safetensors{count}", f"header-{count}.safetensors", write_safetensors, count)
    once("tiny", "tiny.pkl", lambda out: out.write(tiny_pickle()))
    made["tree"] = make_tree(folder / f"tree-{sizes.tree_files}", sizes.tree_files)
    return made


def dense_pickle(protocol: int, size: int) -> bytes:
    """Pickles nested lists, dicts and tuples of small ints and short strings to about `size` bytes.

    Protocol 4 comes to 2.5 bytes an opcode: 17 MB holds some 6.7 million of them.
    """
    was_enabled = gc.isenabled()
    gc.disable()  # Millions of containers that all stay alive: each collection while they grow is wasted.
    try:
        count = 500
        while True:
            data = pickle.dumps(_records(count), protocol)
            if abs(len(data) - size) * 50 <= size:
                return data
            # Memo operands widen as slots run out, so one estimate from a small sample falls short.
            count = max(1, round(count * size / len(data)))
    finally:
        if was_enabled:
            gc.enable()


def write_dense_pickle(out: BinaryIO, protocol: int, size: int) -> None:
    """Writes `dense_pickle`'s bytes."""
    out.write(dense_pickle(protocol, size))


def write_large_pickle(out: BinaryIO, size: int) -> None:
    """Writes a protocol-4 pickle of a list of records, batch by batch as the C pickler does, without
    holding it: 500 MB come to some 230 million opcodes and 29 million memo slots."""
    memo = _Memo()
    out.write(b"\x80\x04]\x94")
    memo.put(None)
    written, index = 4, 0
    while written < size:
        batch = [b"("]
        for _ in range(1_000):  # A batch of the C pickler.
            batch.append(_large_record(memo, index))
            index += 1
        batch.append(b"e")
        written += out.write(b"".join(batch))
    out.write(b".")


def write_numpy_pickle(out: BinaryIO, size: int) -> None:
    """Writes what `pickle.dumps(array_of_float32, 4)` of numpy 2 writes, for `size` bytes of data.

    The data are normal variates, as weights are, in a block of 1 MiB that repeats: all zeros would flatter
    a scanner that searches the payload.
    """
    count = size // 4
    head = io.BytesIO()
    head.write(_short("numpy._core.multiarray") + b"\x94" + _short("_reconstruct") + b"\x94\x93\x94")
    head.write(_short("numpy") + b"\x94" + _short("ndarray") + b"\x94\x93\x94")
    head.write(b"K\x00\x85\x94C\x01b\x94\x87\x94R\x94")
    head.write(b"(K\x01J" + struct.pack("<i", count) + b"\x85\x94")
    head.write(b"h\x03" + _short("dtype") + b"\x94\x93\x94" + _short("f4") + b"\x94\x89\x88\x87\x94R\x94")
    head.write(b"(K\x03" + _short("<") + b"\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94b\x89")
    # The C pickler ends a frame before a bytes object of 64 KiB or more and starts another one after it.
    out.write(b"\x80\x04\x95" + struct.pack("<Q", head.tell()) + head.getvalue())
    out.write(b"B" + struct.pack("<I", count * 4))
    variate = random.Random(2026)
    values = array("f", (variate.gauss(0.0, 0.02) for _ in range(262_144)))
    if sys.byteorder == "big":
        values.byteswap()
    _repeat(out, values.tobytes(), count * 4)
    out.write(b"\x95" + struct.pack("<Q", 5) + b"\x94t\x94b.")


def write_torch_zip(out: BinaryIO, tensors: int, elements: int) -> None:
    """Writes what `torch.save(state_dict)` writes for float32 tensors of `elements` zeros.

    The layout is that of torch 2.6 and later. Storages are holes where the file system has them; sizes and
    CRCs are true.
    """
    archive = TorchArchive(out)
    archive.add("archive/data.pkl", state_dict_pickle(tensors, elements))
    archive.add("archive/.format_version", b"1")
    archive.add("archive/.storage_alignment", b"64")
    archive.add("archive/byteorder", b"little")
    for index in range(tensors):
        archive.add_zeros(f"archive/data/{index}", elements * 4)
    archive.add("archive/version", b"3\n")
    archive.add("archive/.data/serialization_id", b"%040d" % (tensors * elements))
    archive.close()


def torch_zip(tensors: int, elements: int) -> bytes:
    """Returns `write_torch_zip`'s file as bytes."""
    out = io.BytesIO()
    write_torch_zip(out, tensors, elements)
    return out.getvalue()


def state_dict_pickle(tensors: int, elements: int) -> bytes:
    """Returns the `data.pkl` of an OrderedDict of float32 tensors: protocol 2, storages by persistent id."""
    memo = _Memo()
    out = [b"\x80\x02ccollections\nOrderedDict\n", memo.put("OrderedDict"), b")R", memo.put("state"), b"("]
    for index in range(tensors):
        out += [_text(tensor_name(index)), memo.put(None)]
        out += [memo.get_or("rebuild", b"ctorch._utils\n_rebuild_tensor_v2\n"), b"(("]
        out += [memo.get_or("storage", _text("storage")), memo.get_or("Float", b"ctorch\nFloatStorage\n")]
        out += [_text(str(index)), memo.put(None), memo.get_or("cpu", _text("cpu"))]
        out += [_int(elements), b"t", memo.put(None), b"QK\x00"]
        out += [_int(elements), b"\x85", memo.put(None), b"K\x01\x85", memo.put(None), b"\x89"]
        out += [memo.get_or("OrderedDict", b""), b")R", memo.put(None)]
        out += [b"t", memo.put(None), b"R", memo.put(None)]
    return b"".join([*out, b"u."])


def write_safetensors(out: BinaryIO, count: int) -> None:
    """Writes `count` bfloat16 tensors of 512 bytes; the data are a hole where the file system has them."""
    out.write(safetensors_head(count))
    _zeros(out, count * 512)


def safetensors_head(count: int) -> bytes:
    """Returns length and header of `write_safetensors`, padded to 8 bytes as the official writer pads."""
    tensors: dict[str, object] = {"__metadata__": {"format": "pt"}}
    for index in range(count):
        span = [index * 512, index * 512 + 512]
        tensors[tensor_name(index)] = {"dtype": "BF16", "shape": [16, 16], "data_offsets": span}
    header = json.dumps(tensors, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header


def safetensors_bytes(count: int) -> bytes:
    """Returns `write_safetensors`'s file as bytes."""
    out = io.BytesIO()
    write_safetensors(out, count)
    return out.getvalue()


def tiny_pickle() -> bytes:
    """Returns a benign pickle of exactly 60 bytes: what a scan costs when there is nothing to scan."""
    data = pickle.dumps({"epoch": 12, "lr": 0.001, "tags": ["a", "b7"]}, 4)
    if len(data) != 60:
        raise AssertionError(f"tiny pickle: expected 60 bytes, found {len(data)}")
    return data


def make_tree(folder: Path, files: int) -> Path:
    """Fills `folder` with small model files and bystanders, 100 to a subfolder; one in 100 is hostile."""
    done = folder.with_name(f"{folder.name}.complete")  # Beside it: the folder holds nothing but inputs.
    if done.exists():
        return folder
    for index in range(files):
        name, data = _tree_file(index)
        path = folder / f"{index // 100:03d}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    done.touch()
    return folder


def tensor_name(index: int) -> str:
    """Names a tensor as a decoder stack names it; distinct for each index."""
    parts = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.up_proj")
    return f"model.layers.{index // len(parts)}.{parts[index % len(parts)]}.weight"


class TorchArchive:
    """Writes zip members the way torch's miniz does, which `zipfile` cannot.

    Local header without sizes (flags 0x0808) and a data descriptor after the data; data on a 64-byte boundary
    by an `FB` field of `Z`s in the *local* extra field alone; no time, version or attributes; a zip64 end
    record always. Read from `mz_zip_writer_add_mem_ex_v2` and `getPadding` in the torch sources.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._at = 0
        self._members: list[_Member] = []
        self._zero_crcs: dict[int, int] = {}

    def add(self, name: str, data: bytes) -> None:
        """Stores one member."""
        start = self._head(name)
        self._write(data)
        self._tail(name, start, len(data), zlib.crc32(data))

    def add_zeros(self, name: str, size: int) -> None:
        """Stores one member of `size` zero bytes without writing them."""
        if size not in self._zero_crcs:
            self._zero_crcs[size] = _crc_of_zeros(size)
        start = self._head(name)
        _zeros(self._out, size)
        self._at += size
        self._tail(name, start, size, self._zero_crcs[size])

    def close(self) -> None:
        """Writes the central directory and the three end records."""
        directory = self._at
        for member in self._members:
            size = member.size
            self._write(struct.pack("<IHHHHHHIII", 0x02014B50, 0, 0, 0x0808, 0, 0, 0, member.crc, size, size))
            self._write(struct.pack("<HHHHHII", len(member.name), 0, 0, 0, 0, 0, member.start) + member.name)
        count, length, end = len(self._members), self._at - directory, self._at
        self._write(struct.pack("<IQHHII", 0x06064B50, 44, 0x031E, 45, 0, 0))
        self._write(struct.pack("<QQQQ", count, count, length, directory))
        self._write(struct.pack("<IIQI", 0x07064B50, 0, end, 1))
        self._write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, length, directory, 0))

    def _head(self, name: str) -> int:
        start, raw = self._at, name.encode()
        padding = -(start + 30 + len(raw) + 4) % 64
        self._write(struct.pack("<IHHHHHIII", 0x04034B50, 0, 0x0808, 0, 0, 0, 0, 0, 0))
        self._write(struct.pack("<HH", len(raw), padding + 4) + raw)
        self._write(b"FB" + struct.pack("<H", padding) + b"Z" * padding)
        return start

    def _tail(self, name: str, start: int, size: int, crc: int) -> None:
        self._write(struct.pack("<IIII", 0x08074B50, crc, size, size))
        self._members.append(_Member(name.encode(), start, size, crc))

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._at += len(data)


@dataclass(frozen=True, slots=True)
class _Member:
    name: bytes
    start: int
    size: int
    crc: int


@dataclass(slots=True)
class _Memo:
    """Numbers memo slots as a pickler does: every put takes the next one."""

    next: int = 0
    slots: dict[str, int] = field(default_factory=dict)

    def put(self, key: str | None) -> bytes:
        slot = self.next
        self.next += 1
        if key is not None:
            self.slots[key] = slot
        return b"q" + bytes([slot]) if slot < 256 else b"r" + struct.pack("<I", slot)

    def get_or(self, key: str, first: bytes) -> bytes:
        if key not in self.slots:
            return first + self.put(key)
        slot = self.slots[key]
        return b"h" + bytes([slot]) if slot < 256 else b"j" + struct.pack("<I", slot)


def _records(count: int) -> list[dict[str, object]]:
    # Every string but the keys is made anew, so that no memo look-up stands in for it.
    return [
        {
            "id": index & 0xFF,
            "name": f"layer.{index:06d}.weight",
            "pair": (index % 251, (index * 7) % 60_000),
            "row": [(index * step) % 100_000 for step in range(1, 25)],
            "tree": [
                [index % 3, [index % 5, (index % 7, index % 11)]],
                {"of": f"block-{index % 997}", "in": []},
            ],
            "flags": (True, None, False),
            "rows": [(f"encoder-{index % 89}", 90_000 + index % 23), (f"decoder-{index % 83}", index % 17)],
        }
        for index in range(count)
    ]


def _large_record(memo: _Memo, index: int) -> bytes:
    def text(word: str) -> bytes:
        memo.put(None)
        return _short(word) + b"\x94"

    def key(word: str) -> bytes:
        if word in memo.slots:
            return memo.get_or(word, b"")
        memo.put(word)
        return _short(word) + b"\x94"

    memo.put(None)
    row = [b"}\x94(", key("id"), _int(index & 0xFF), key("name"), text(f"layer.{index:06d}.weight")]
    row += [key("pair"), _int(index % 251), b"M" + struct.pack("<H", index * 7 % 60_000), b"\x86\x94"]
    memo.put(None)
    row += [key("row"), b"]\x94(", *(_int(index * step & 0xFF) for step in range(24)), b"e"]
    memo.put(None)
    row += [key("flags"), b"\x88N\x89\x87\x94"]
    memo.put(None)
    row += [key("of"), text(f"block-{index % 997}"), key("in"), b"]\x94u"]
    memo.put(None)
    return b"".join(row)


def _tree_file(index: int) -> tuple[str, bytes]:
    kind, step = index % 10, index // 10
    if index % 100 == 50:
        return f"hostile-{index}.pkl", b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R."
    if kind < 4:
        return f"data-{index}.pkl", pickle.dumps(_records(1 + step % 20), (0, 2, 4, 5)[kind])
    if kind < 6:
        return f"model-{index}.pt", torch_zip(2 + step % 8, 64)
    if kind == 6:
        return f"model-{index}.safetensors", safetensors_bytes(1 + step % 8)
    if kind == 7:
        return f"array-{index}.npy", _npy(64 + step % 1_000)
    if kind == 8:
        return f"config-{index}.json", json.dumps({"layers": step, "names": [tensor_name(step)] * 8}).encode()
    return f"notes-{index}.md", b"# A model\n\nTrained for a while.\n" * (1 + step % 40)


def _npy(count: int) -> bytes:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({count},), }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bytes(count * 4)


def _short(text: str) -> bytes:
    raw = text.encode()
    return b"\x8c" + bytes([len(raw)]) + raw


def _text(text: str) -> bytes:
    raw = text.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def _int(value: int) -> bytes:
    if value < 0x100:
        return b"K" + bytes([value])
    return b"M" + struct.pack("<H", value) if value < 0x10000 else b"J" + struct.pack("<i", value)


def _repeat(out: BinaryIO, block: bytes, size: int) -> None:
    for _ in range(size // len(block)):
        out.write(block)
    out.write(block[: size % len(block)])


def _zeros(out: BinaryIO, size: int) -> None:
    # Seeking leaves a hole; the last byte is written so that the file has its size even if nothing follows.
    if size:
        out.seek(size - 1, os.SEEK_CUR)
        out.write(b"\0")


def _crc_of_zeros(size: int) -> int:
    block, crc = bytes(1 << 20), 0
    for _ in range(size // len(block)):
        crc = zlib.crc32(block, crc)
    return zlib.crc32(block[: size % len(block)], crc)


def main(arguments: Iterable[str] | None = None) -> None:
    """Makes the inputs and prints their keys, paths and sizes as JSON."""
    parser = argparse.ArgumentParser(description="make the benchmark inputs")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true", help="small inputs, for a smoke test")
    options = parser.parse_args(None if arguments is None else list(arguments))
    made = make_all(options.folder, QUICK if options.quick else FULL)
    print(json.dumps({key: str(path.resolve()) for key, path in made.items()}, indent=1))


# Raise it whenever an input's bytes change, so that no cache keeps the old ones.
REVISION = 1

if __name__ == "__main__":
    main()
