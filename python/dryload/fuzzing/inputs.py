"""The inputs of a fuzzing run by their numbers: the same seed, format and files give the same input.

Pickles are generated and mutated as opcodes by the core; of other formats there are mutants of the files that
are given, whose bytes are edited where such formats keep lengths, offsets and signatures.
"""

from __future__ import annotations

import io
import random
import struct
import zipfile
from pathlib import Path

from dryload._native import generate_pickle, mutate_pickle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Inputs:
    """The inputs of one run."""

    def __init__(self, format: str, seeds: Sequence[bytes], *, seed: int = 1, max_len: int = 4096) -> None:
        """Takes the files that a run begins with; without any, those of the format that need no file.

        Raises:
            ValueError: the format is unknown.
        """
        if format not in FORMATS:
            raise ValueError(f"the format is one of {', '.join(FORMATS)}, not {format!r}")
        self._format = format
        self._seeds = [data[:max_len] for data in seeds] or [bytes.fromhex(each) for each in STARTS[format]]
        self._seed = seed
        self._max_len = max_len

    def at(self, number: int) -> bytes:
        """Makes one input: first the files as they are, then what is made of them."""
        if number < len(self._seeds):
            return self._seeds[number]
        draw = random.Random(f"{self._seed}:{number}")
        if self._format == "pickle" and draw.random() < 0.75:
            data = self._pickle(draw)
        else:
            data = mutated(draw.choice(self._seeds), draw.choice(self._seeds), draw)
        return data[: self._max_len]

    def _pickle(self, draw: random.Random) -> bytes:
        made = generate_pickle(draw.getrandbits(64))
        if draw.random() < 0.25:
            return made
        data = draw.choice(self._seeds) if draw.random() < 0.5 else made
        for _ in range(draw.choice((1, 1, 2, 3))):
            data = mutate_pickle(draw.getrandbits(64), data, made)
        return data


def mutated(data: bytes, other: bytes, draw: random.Random) -> bytes:
    """Edits bytes once to four times: bits, runs, numbers at their boundaries, parts of another file."""
    out = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(out) + 1)
        length = min(len(out) - at, draw.choice((1, 1, 2, 4, 8, 32)))
        match draw.randrange(7):
            case 0 if out:
                out[at % len(out)] ^= 1 << draw.randrange(8)
            case 1:
                out[at : at + 1] = bytes([draw.randrange(256)])
            case 2:
                del out[at : at + length]
            case 3:
                out[at:at] = bytes(draw.randrange(256) for _ in range(length))
            case 4:
                code = draw.choice(["<B", "<H", "<I", "<Q", ">H", ">I", ">Q"])
                size = struct.calcsize(code)
                number = draw.choice(BOUNDARIES) % (1 << 8 * size)
                out[at : at + size] = struct.pack(code, number)
            case 5:
                begin = draw.randrange(len(other) + 1)
                out[at : at + length] = other[begin : begin + draw.choice((1, 4, 16, 64))]
            case _:
                out[at:at] = out[at : at + length] * draw.choice((1, 2, 16))
    return bytes(out)


def read_seeds(folder: str | None) -> list[bytes]:
    """Reads the files below a folder, in the order of their names; of large ones the first megabyte."""
    if folder is None:
        return []
    found = []
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                found.append(file.read(1 << 20))
    return found


def _zip() -> bytes:
    """Makes an archive of one small pickle."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.pkl"), b"\x80\x02N.")
    return file.getvalue()


BOUNDARIES = [0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
BOUNDARIES += [0x100000000, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF]
_NPY = b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }".ljust(127) + b"\n"
_HEADER = b'{"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}'
# What a run begins with when no files are given.
STARTS = {
    "bytes": ["", "00"],
    "npy": [(_NPY + bytes(8)).hex()],
    "pickle": [b"\x80\x04]\x94(K\x01\x8c\x01ae.".hex(), b"(dp0\nS'a'\nI1\ns.".hex()],
    "safetensors": [(len(_HEADER).to_bytes(8, "little") + _HEADER + b"ab").hex()],
    "zip": [_zip().hex()],
}
FORMATS = tuple(STARTS)
