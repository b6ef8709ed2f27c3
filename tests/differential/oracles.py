"""The global oracle: which names real unpicklers ask for, without giving them one.

Every unpickler here gets a class that stands for anything and a persistent load that gives one of it. So
opcodes go on as far as they can, nothing is imported, and nothing that a pickle names is ever called.
It refuses to be more than a witness: what the names mean is the business of the tests.
"""

from __future__ import annotations

import contextlib
import io
import pickle
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

Name = tuple[str, str]

# What a mutant may make an unpickler allocate before it gets a MemoryError, in bytes: one LONG_BINPUT of
# 2**32 - 1 asks for 64 GiB.
ROOM = 512 * 1024 * 1024

# Pickles that are read from one source, one after the other, as a legacy torch reader does.
MAX_PICKLES = 8


class _Meta(type):
    """Lets the class itself take whatever its instances take."""

    def __setitem__(cls, key: object, value: object) -> None: ...


class Anything(metaclass=_Meta):
    """What every name resolves to: takes any call, state and item, and does nothing."""

    def __new__(cls, *_: object, **__: object) -> Anything:
        return object.__new__(cls)

    def __init__(self, *_: object, **__: object) -> None: ...

    def __call__(self, *_: object, **__: object) -> Anything:
        return self

    def __setitem__(self, key: object, value: object) -> None: ...

    # Without `self`: unpicklers look these up on the class, too.
    def __setstate__(*args: object) -> None: ...

    def append(*args: object) -> None: ...

    def extend(*args: object) -> None: ...

    def add(*args: object) -> None: ...


@dataclass
class Witness:
    """The names that were asked for, in order of first asking, and how the reading ended."""

    names: list[Name] = field(default_factory=list)
    pickles: int = 0
    error: str = ""

    def see(self, module: str, name: str) -> type[Anything]:
        if (module, name) not in self.names:
            self.names.append((module, name))
        return Anything


class _Stubs:
    """The two doors to the outside, closed."""

    witness: Witness

    def find_class(self, module: str, name: str) -> type[Anything]:
        return self.witness.see(module, name)

    def persistent_load(self, _: object) -> Anything:
        return Anything()


class _Fast(_Stubs, pickle.Unpickler):
    """The C unpickler."""


class _Slow(_Stubs, pickle._Unpickler):  # type: ignore[name-defined, misc]
    """The pure Python unpickler."""


class Unbuffered(io.RawIOBase):
    """A file without `peek`, as torch's and many others' are."""

    def __init__(self, data: bytes) -> None:
        self._inner = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._inner.read(size)

    def readline(self, size: int | None = -1) -> bytes:  # type: ignore[override]
        return self._inner.readline(size)

    def readinto(self, buffer: object) -> int:
        return self._inner.readinto(buffer)  # type: ignore[arg-type]


# A buffer shorter than the seeds, so that reads cross it.
SOURCES: dict[str, Callable[[bytes], io.IOBase]] = {
    "bytes": io.BytesIO,
    "file": lambda data: io.BufferedReader(Unbuffered(data), 64),
    "raw": Unbuffered,
}

READERS: list[tuple[str, type, str, dict[str, object]]] = [
    ("C from bytes", _Fast, "bytes", {}),
    ("C from a file", _Fast, "file", {}),
    ("C from a raw file", _Fast, "raw", {}),
    ("C from bytes, latin1", _Fast, "bytes", {"encoding": "latin1"}),
    ("Python from bytes", _Slow, "bytes", {}),
    ("Python from bytes, as bytes", _Slow, "bytes", {"encoding": "bytes"}),
]


def protocol_of(data: bytes, at: int) -> int:
    """The protocol that the pickle at an offset announces; 0 without one."""
    return data[at + 1] if data[at : at + 1] == b"\x80" and len(data) > at + 1 else 0


def mapped(module: str, name: str, protocol: int) -> Name:
    """A name as `Unpickler.find_class` maps it from Python 2 (`fix_imports`)."""
    import _compat_pickle as compat

    if protocol < 3:
        if (module, name) in compat.NAME_MAPPING:
            return compat.NAME_MAPPING[module, name]
        return compat.IMPORT_MAPPING.get(module, module), name
    return module, name


def ask(data: bytes, kind: type, source: str, options: dict[str, object]) -> Witness:
    """Reads pickles from the start of `data` until one of them breaks or none is left."""
    witness = Witness()
    file = SOURCES[source](data)
    with room():
        while witness.pickles < MAX_PICKLES:
            before = len(witness.names)
            at = file.tell() if source == "bytes" else 0
            unpickler = kind(file, **options)
            unpickler.witness = witness
            try:
                unpickler.load()
            except RecursionError:
                raise
            except Exception as e:
                witness.error = f"{type(e).__name__}: {e}"
            if source == "bytes" or witness.pickles == 0:
                _map_from(witness, before, protocol_of(data, at))
            if witness.error or source != "bytes":
                # Only a source that tells its place says where the next pickle begins.
                return witness
            witness.pickles += 1
            if file.tell() >= len(data):
                return witness
    return witness


def _map_from(witness: Witness, start: int, protocol: int) -> None:
    """A stubbed `find_class` gets the names as they are written: maps those that were."""
    witness.names[start:] = [mapped(*name, protocol) for name in witness.names[start:]]


def ask_all(data: bytes) -> dict[str, Witness]:
    """Every reader's witness, by the reader's name."""
    return {label: ask(data, kind, source, options) for label, kind, source, options in READERS}


@contextlib.contextmanager
def room() -> Iterator[None]:
    """Bounds what may be allocated, where the system can."""
    try:
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


# Pieces that were of use to somebody: mutants get them between their opcodes.
HOSTILE = [
    b"(", b"0", b"1", b"2", b"t", b")", b"l", b"d", b"e", b"u", b"a", b"s", b"b", b"R", b"\x81", b"\x92",
    b"o", b"\x85", b"\x86", b"\x87", b"\x90", b"\x91", b"\x94", b"\x93", b"Q", b"\x97", b"\x98", b".",
    b"\x8f", b"N", b"\x88", b"]", b"}", b"K\x01", b"I0x1\n", b"I01\n", b"I010\n", b"L1L\n", b"L1\x00zz\n",
    b"F1.5\n", b"\x80\x00", b"\x80\x02", b"\x80\x04", b"\x80\x05", b"\x95\x00\x00\x00\x00\x00\x00\x00\x00",
    b"\x95\x04\x00\x00\x00\x00\x00\x00\x00", b"\x95\x09\x00\x00\x00\x00\x00\x00\x00",
    b"\x95\x40\x00\x00\x00\x00\x00\x00\x00", b"cverymod\nsecret\n", b"ccopy_reg\n_reconstructor\n",
    b"c__builtin__\nset\n", b"ccollections\nOrderedDict\n", b"(iverymod\nsecret\n",
    b"\x8c\x07verymod\x8c\x06secret\x93", b"Vverymod\nVsecret\n\x93", b"S'verymod'\n", b"S'a\\x5cb'\n",
    b"U\x03abc", b"X\x03\x00\x00\x00abc", b"V\\u005f_x\n", b"q\x00", b"q\x01", b"h\x00", b"h\x01", b"p0\n",
    b"p1\n", b"p007\n", b"g0\n", b"g00\n", b"g1\n", b"g 1\n", b"r\x00\x00\x01\x00", b"j\x00\x00\x01\x00",
    b"j\x01\x00\x00\x00", b"B\x05\x00\x00\x00", b"C\x03", b"\x82\x01", b"Pabc\n", b"P\n", b"\x8a\x00",
    b"\x8a\x01\xff", b"T\x02\x00\x00\x00ab", b"\x8c\x00", b"\n", b"\x00",
]  # fmt: skip


def pieces(data: bytes) -> list[bytes]:
    """The opcodes of a pickle with their arguments, as `pickletools` cuts them."""
    import pickletools

    starts = [pos for _, _, pos in pickletools.genops(data)]
    return [data[a:b] for a, b in zip(starts, [*starts[1:], len(data)], strict=True)]


def mutate(rng: random.Random, seeds: list[bytes], cut: list[list[bytes]]) -> bytes:
    """One mutant: opcodes moved, doubled, dropped, swapped in, or bytes changed; one to four times."""
    which = rng.randrange(len(seeds))
    ops = list(cut[which])
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(ops) + 1)
        match rng.randrange(7):
            case 0:
                ops.insert(at, rng.choice(HOSTILE))
            case 1 if ops:
                del ops[at % len(ops)]
            case 2:
                ops.insert(at, rng.choice(rng.choice(cut)))
            case 3 if ops:
                other = rng.randrange(len(ops))
                ops[at % len(ops)], ops[other] = ops[other], ops[at % len(ops)]
            case 4 if ops:
                ops[at % len(ops)] = rng.choice(HOSTILE)
            case 5:
                donor = rng.choice(cut)
                start = rng.randrange(len(donor))
                ops[at:at] = donor[start : start + rng.randint(1, 6)]
            case _:
                data = bytearray(b"".join(ops))
                if data:
                    place = rng.randrange(len(data))
                    match rng.randrange(3):
                        case 0:
                            data[place] = rng.randrange(256)
                        case 1:
                            data[place:place] = bytes([rng.randrange(256)])
                        case _:
                            del data[place]
                ops = [bytes(data)]
    return b"".join(ops)
