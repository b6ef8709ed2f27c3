"""The global oracle: which names real unpicklers ask for, without giving them one.

Every unpickler here gets a class that stands for anything, and persistent loads and buffers of the same
kind. So opcodes go on as far as they can, nothing is imported, and nothing that a pickle names is ever
called. The claim that it checks: every (module, name) that any reader asks for is among those that a report
lists, or its verdict is not inert; and where it is inert, all readers ask for the same names in the same
order, as far as each of them goes.

It refuses to judge what the names mean, and it finds nothing in a file that no unpickler reads.
"""

from __future__ import annotations

import _compat_pickle as compat
import contextlib
import io
import itertools
import pickle

from dryload._frozen import frozen
from dryload._native import defects, scan_bytes
from dryload.findings import Verdict
from dryload.policy import Policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from typing_extensions import Buffer

    from dryload._core import Record
    from dryload.report import Report

    Name = tuple[str, str]


@frozen
class Reader:
    """An unpickler, where it reads from, and the options that some loader gives it."""

    label: str
    unpickler: type
    source: str
    options: dict[str, object]


@frozen
class Asked:
    """What one reader asked for, in its order, repetitions included.

    Attributes:
        reader: the reader's label. names: each (module, name) as `Unpickler.find_class` would look it up,
        Python-2 spellings mapped. pickles: how many it read to their STOP. error: what ended the reading
        before the end of the bytes; empty when nothing did.
    """

    reader: str
    names: tuple[Name, ...]
    pickles: int
    error: str


@frozen
class Unreported:
    """A name that a reader asked for and that the report of an inert file does not have."""

    reader: str
    module: str
    name: str


@frozen
class Disagreement:
    """Two readers of an inert file that ask for different names; the first difference is at `index`."""

    reader: str
    other: str
    index: int


def ask(data: bytes, *, readers: Sequence[Reader] | None = None) -> tuple[Asked, ...]:
    """Lets every reader read pickles from the start of `data` until one breaks or none is left.

    >>> asked = ask(b"cposix\\nsystem\\n(S'true'\\ntR.")
    >>> {one.names for one in asked}
    {(('posix', 'system'),)}
    """
    with room():
        return tuple(_ask(data, reader) for reader in (READERS if readers is None else readers))


def unreported(data: bytes, report: Report, *, asked: Sequence[Asked] | None = None) -> list[Unreported]:
    """Lists the names that any reader asks for and that the report does not have, while it says inert.

    `asked` is what `ask(data)` gave, if somebody has it already.

    >>> import dryload
    >>> data = b"cposix\\nsystem\\n(S'true'\\ntR."
    >>> unreported(data, dryload.scan(data))  # it is not inert, so it promises nothing
    []
    """
    if report.verdict is not Verdict.INERT:
        return []
    return beyond(ask(data) if asked is None else asked, reported(report))


def untold(
    data: bytes, *, policy: Policy | None = None, asked: Sequence[Asked] | None = None
) -> list[Unreported]:
    """Lists the names that any reader asks for and that no scan tells of, though it saw no defect.

    Whatever the verdict: a name must be told before it can be judged. Where there is a defect, readers may
    differ, and the verdict says so.

    >>> untold(b"cverymod\\nsecret\\n.")
    []
    """
    record = _without_defect(data, Policy.default() if policy is None else policy)
    if record is None:
        return []
    known = frozenset((row["module"], row["qualname"]) for part in record.parts() for row in part["imports"])
    return beyond(ask(data) if asked is None else asked, known)


def is_without_defect(data: bytes, policy: Policy) -> bool:
    """True for what was read to its end with nothing against its format's rules, and no name computed."""
    return _without_defect(data, policy) is not None


def _without_defect(data: bytes, policy: Policy) -> Record | None:
    record = scan_bytes(data, None, policy.names, policy.limits or None)
    if not record.recognised or not record.complete:
        return None
    if any(row["code"] in DEFECTS or row["code"] in NAMELESS for row in record.observations()):
        return None
    return record


def disagreements(data: bytes, report: Report, *, asked: Sequence[Asked] | None = None) -> list[Disagreement]:
    """Lists the readers of an inert file whose names differ from those of the reader that got farthest.

    A reader that breaks off agrees as long as what it asked for until then is what the others ask for.
    """
    if report.verdict is not Verdict.INERT:
        return []
    asked = ask(data) if asked is None else asked
    whole = max(asked, key=lambda one: (not one.error, len(one.names)))
    return [
        Disagreement(reader=one.reader, other=whole.reader, index=_common(one.names, whole.names))
        for one in asked
        if one.names != (whole.names if not one.error else whole.names[: len(one.names)])
    ]


def reported(report: Report) -> frozenset[Name]:
    """The names that a report lists, on whatever side of the policy."""
    return frozenset((row.module, row.qualname) for part in report.parts for row in part.imports)


def beyond(asked: Sequence[Asked], known: frozenset[Name]) -> list[Unreported]:
    """Lists the names that were asked for and are not known, once for each reader."""
    return [
        Unreported(reader=one.reader, module=module, name=name)
        for one in asked
        for module, name in dict.fromkeys(one.names)
        if (module, name) not in known and (_told(module), _told(name)) not in known
    ]


def _told(name: str) -> str:
    """A name as a report can hold it: a lone surrogate, which UNICODE may give, stays the escape it was."""
    return name.encode("utf-8", "backslashreplace").decode()


def _common(some: tuple[Name, ...], others: tuple[Name, ...]) -> int:
    pairs = zip(some, others, strict=False)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(some), len(others)))


def _ask(data: bytes, reader: Reader) -> Asked:
    file = SOURCES[reader.source](data)
    names: list[Name] = []
    pickles, error = 0, ""
    while pickles < MAX_PICKLES and not error:
        at, before = file.tell(), len(names)
        unpickler = reader.unpickler(file, **reader.options)
        unpickler.names = names
        try:
            unpickler.load()
            pickles += 1
        except Exception as fault:
            error = f"{type(fault).__name__}: {fault}"
        # A stub gets the names as they are written: `find_class` itself maps them.
        if protocol_of(data, at) < 3:
            names[before:] = [mapped(*name) for name in names[before:]]
        if not error and file.tell() >= len(data):
            break
    return Asked(reader=reader.label, names=tuple(names), pickles=pickles, error=error)


def protocol_of(data: bytes, at: int) -> int:
    """The protocol that the pickle at an offset announces; 0 without one."""
    return data[at + 1] if data[at : at + 1] == b"\x80" and len(data) > at + 1 else 0


def mapped(module: str, name: str) -> Name:
    """A name as `Unpickler.find_class` maps it below protocol 3, when `fix_imports` is on, as it is in
    every loader.

    >>> mapped("copy_reg", "_reconstructor")
    ('copyreg', '_reconstructor')
    """
    if (module, name) in compat.NAME_MAPPING:
        return compat.NAME_MAPPING[module, name]
    return compat.IMPORT_MAPPING.get(module, module), name


@contextlib.contextmanager
def room(size: int | None = None) -> Iterator[None]:
    """Bounds what may be allocated beyond what is in use, where the system can: one LONG_BINPUT of 2**32 -
    1 asks for 64 GiB."""
    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY and soft <= used + (ROOM if size is None else size):
        yield  # Somebody drew the bound already.
        return
    resource.setrlimit(resource.RLIMIT_AS, (used + (ROOM if size is None else size), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


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


class _Stubs:
    """The two doors to the outside, closed."""

    names: list[Name]

    def find_class(self, module: str, name: str) -> type[Anything]:
        self.names.append((module, name))
        return Anything

    def persistent_load(self, _: object) -> Anything:
        return Anything()


class Fast(_Stubs, pickle.Unpickler):
    """The C unpickler, closed."""


class Slow(_Stubs, pickle._Unpickler):
    """The pure Python unpickler, closed."""


class Unbuffered(io.RawIOBase):
    """A file without `peek`, as torch's and many others' are."""

    def __init__(self, data: bytes) -> None:
        self._inner = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._inner.tell()

    def read(self, size: int = -1) -> bytes:
        return self._inner.read(size)

    def readline(self, size: int | None = -1) -> bytes:
        return self._inner.readline(size)

    def readinto(self, buffer: Buffer) -> int:
        return self._inner.readinto(buffer)


# `pickle.loads` has all the bytes in its buffer; a file that was read ahead to its end gives the same buffer
# to an unpickler whose `find_class` can be replaced. The small buffer is crossed by reads.
SOURCES: dict[str, Callable[[bytes], io.IOBase]] = {
    "ahead": lambda data: io.BufferedReader(Unbuffered(data), len(data) + 1),
    "memory": io.BytesIO,
    "file": lambda data: io.BufferedReader(Unbuffered(data), 64),
    "raw": Unbuffered,
}

LATIN1: dict[str, object] = {"encoding": "latin1", "buffers": itertools.repeat(b"")}

# Each option is one that a loader uses: torch reads legacy files as utf-8, Paddle and old numpy files are
# read as latin1, `numpy.load` is told `bytes`. A loader that has buffers goes on past NEXT_BUFFER.
_ROWS: tuple[tuple[str, type, str, dict[str, object]], ...] = (
    ("C from bytes", Fast, "ahead", {}),
    ("C from BytesIO", Fast, "memory", {}),
    ("C from a file", Fast, "file", {}),
    ("C from a raw file", Fast, "raw", {}),
    ("C from BytesIO, latin1, buffers", Fast, "memory", LATIN1),
    ("C from a file, utf-8", Fast, "file", {"encoding": "utf-8", "errors": "replace"}),
    ("C from bytes, as bytes", Fast, "ahead", {"encoding": "bytes"}),
    ("Python from BytesIO", Slow, "memory", {}),
    ("Python from a file, latin1, buffers", Slow, "file", LATIN1),
    ("Python from a raw file, as bytes", Slow, "raw", {"encoding": "bytes"}),
)
READERS: tuple[Reader, ...] = tuple(
    Reader(label=label, unpickler=unpickler, source=source, options=options)
    for label, unpickler, source, options in _ROWS
)

# The slugs of the core's defects; what else it observes are facts.
DEFECTS = frozenset(slug for slug, *_ in defects())

# Facts that stand for a name: it is computed, too long to be one, or a number.
NAMELESS = frozenset({"computed-name", "extension"})

# What a mutant may make an unpickler allocate before it gets a MemoryError, in bytes.
ROOM = 512 * 1024 * 1024
# Pickles that are read from one source, one after the other, as a legacy torch reader does.
MAX_PICKLES = 8
