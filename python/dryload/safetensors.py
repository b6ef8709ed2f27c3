"""Checks a safetensors file by the format's own rules, strictly, and gives its header.

Only the header is interpreted and no tensor is read. What another reader of the format would take
differently is refused, even where the official library accepts it: a duplicated name, a tensor written as a
list, a gap. `dryload.agreement` says what each of the other readers makes of a file.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping
from typing import cast

from dryload._frozen import frozen
from dryload._native import safetensors_header_bytes, safetensors_header_file
from dryload.errors import SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO, NoReturn

    from typing_extensions import Buffer

    from dryload._core import Header as NativeHeader

# The length before the header, and the longest header of the format.
_PREFIX = 8
_MAX_HEADER = 100_000_000

# What numpy calls the dtypes that it has.
_NUMPY = {
    "BOOL": "bool",
    "U8": "u1",
    "I8": "i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
    "C64": "<c8",
}


@frozen
class TensorInfo:
    """What the header says about one tensor; `data_offsets` count from the end of the header, as in the
    file."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


@frozen
class Note:
    """Something out of the common that no reader refuses: its slug, its offset in the file, what is usual and
    what stands there."""

    rule: str
    offset: int
    expected: str
    found: str


class Header(Mapping[str, TensorInfo]):
    """The tensors of a checked file, by name, in the order of the header.

    `header.view(name)` and `header.numpy(name)` give the bytes of a tensor without a copy where the header
    was read from a buffer that holds the whole file, such as an `mmap`.
    """

    __slots__ = ("_bytes", "_checked")

    _checked: NativeHeader
    _bytes: memoryview | None

    def __init__(self, checked: NativeHeader, data: memoryview | None = None) -> None:
        object.__setattr__(self, "_checked", checked)
        object.__setattr__(self, "_bytes", data)

    @property
    def metadata(self) -> dict[str, str]:
        """The strings under `__metadata__`; empty when there are none."""
        return self._checked.metadata()

    @property
    def header_bytes(self) -> int:
        """The length of the JSON text; tensor data begins 8 bytes after that."""
        return self._checked.header_bytes

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is out of the common: a very long header, a name like a path, a dimension that some wrap."""
        rows = self._checked.notes()
        return tuple(Note(rule=r, offset=at, expected=e, found=f) for r, at, e, f in rows)

    @property
    def dtypes(self) -> tuple[str, ...]:
        """The dtypes of the tensors, each once."""
        return tuple(name for name, _ in self._checked.dtypes())

    @property
    def min_safetensors_version(self) -> str:
        """The first release of the official library that knows all dtypes of the file.

        Measured from 0.3.0 on; that one stands for all before it.
        """
        since = [tuple(map(int, version.split("."))) for _, version in self._checked.dtypes()]
        return ".".join(map(str, max(since, default=(0, 3, 0))))

    @property
    def loadable_in(self) -> frozenset[str]:
        """Which of numpy and torch give every tensor through the official library (0.8.0).

        numpy has no BF16 and nothing below a byte or of 8-bit floats; torch has no F6.
        """
        found = set(self.dtypes)
        held = {"numpy": found <= _NUMPY.keys(), "torch": not any(name.startswith("F6_") for name in found)}
        return frozenset(name for name, holds in held.items() if holds)

    def view(self, name: str) -> memoryview:
        """Gives the bytes of a tensor, little-endian and in row order, without a copy and read-only.

        Raises:
            KeyError: there is no such tensor.
            ValueError: the header was not read from a buffer.
        """
        start, end = self[name].data_offsets
        if self._bytes is None:
            raise ValueError("the header was read from a file: give a buffer, such as mmap.mmap(...)")
        first = _PREFIX + self.header_bytes
        return self._bytes[first + start : first + end].toreadonly()

    def numpy(self, name: str) -> Any:
        """Gives a tensor as a read-only numpy array, without a copy.

        Raises:
            KeyError, ValueError: as `view`.
            TypeError: numpy has no such dtype; `view` gives its bytes.
        """
        import numpy as np

        info = self[name]
        if info.dtype not in _NUMPY:
            raise TypeError(f"numpy has no {info.dtype}: header.view({name!r}) gives the bytes")
        return np.frombuffer(self.view(name), dtype=_NUMPY[info.dtype]).reshape(info.shape)

    def __getitem__(self, name: str) -> TensorInfo:
        dtype, shape, data_offsets = self._checked.tensor(name)
        return TensorInfo(dtype=dtype, shape=shape, data_offsets=data_offsets)

    def __iter__(self) -> Iterator[str]:
        return iter(self._checked.keys())

    def __len__(self) -> int:
        return len(self._checked)

    def __repr__(self) -> str:
        return f"<Header, {len(self)} tensors>"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("Header is immutable")


def validate_safetensors(source: str | os.PathLike[str] | Buffer | BinaryIO) -> Header:
    """Reads only the header of a file, of a buffer that holds a whole file, or of a seekable binary file.

    >>> data = b'{"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}'
    >>> header = validate_safetensors(len(data).to_bytes(8, "little") + data + b"ab")
    >>> header["w"].shape, bytes(header.view("w"))
    ((2,), b'ab')

    A header may have 100,000,000 bytes, as the format says.

    Raises:
        FormatError: a rule of the format is broken; `.code` and `.offset` say which and where.
        SourceError: the bytes could not be read.
    """
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        try:
            return Header(safetensors_header_file(path))
        except OSError as error:
            raise SourceError(error.errno, error.strerror or str(error), path) from error
    if isinstance(source, bytes):
        return Header(safetensors_header_bytes(source), memoryview(source))
    if hasattr(source, "read") and not isinstance(source, mmap.mmap):
        return Header(_of_file(cast("BinaryIO", source)))
    data = memoryview(source).cast("B")
    # Another thread may write into the buffer: the header is copied first, and only the copy is judged.
    length = int.from_bytes(data[:_PREFIX], "little")
    end = _PREFIX + length if length <= _MAX_HEADER else _PREFIX
    return Header(safetensors_header_bytes(bytes(data[:end]), len(data)), data)


def _of_file(file: BinaryIO) -> NativeHeader:
    try:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        head = file.read(_PREFIX)
        length = int.from_bytes(head, "little")
        if length <= _MAX_HEADER:
            head += file.read(length)
    except OSError as error:
        raise SourceError(error.errno, error.strerror or str(error), getattr(file, "name", None)) from error
    return safetensors_header_bytes(head, size)


class CheckedFile:
    """What `safe_open` gives: the official library's handle, and the descriptor that was checked."""

    __slots__ = ("_fd", "_handle", "header")

    def __init__(self, fd: int, handle: Any, header: Header) -> None:
        self._fd, self._handle, self.header = fd, handle, header

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handle, name)

    def __enter__(self) -> CheckedFile:
        self._handle.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._handle.__exit__(*error)
        self.close()

    def close(self) -> None:
        """Closes the descriptor; tensors that were given stay."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        if getattr(self, "_fd", -1) >= 0:
            self.close()


def safe_open(
    filename: str | os.PathLike[str], framework: str, device: str | int = "cpu", **options: Any
) -> CheckedFile:
    """Opens a file as `safetensors.safe_open` does, once its header and its ends have been checked.

    The name is opened once. The check and the official library, which opens files by name and for torch a
    second time, both work on that file: a name that comes to stand for another file in between changes
    nothing. A process that writes into the same file is not kept out; give it a file that nobody else may
    write.

    The handle has the official one's methods, and `.header`.

    Raises:
        FormatError: a rule of the format is broken; or `scan-polyglot`, the file is of another format too.
        SourceError: the file could not be read.
        ImportError: safetensors is not installed.
        OSError: this system has no names for open files (`/proc/self/fd` or `/dev/fd`).
    """
    import safetensors

    path = os.fspath(filename)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise SourceError(error.errno, error.strerror or str(error), path) from error
    try:
        name = _name_of(fd)
        header = validate_safetensors(name)
        _refuse_polyglot(name)
        return CheckedFile(fd, safetensors.safe_open(name, framework, device, **options), header)
    except BaseException:
        os.close(fd)
        raise


def _name_of(fd: int) -> str:
    for folder in ("/proc/self/fd", "/dev/fd"):
        if os.path.exists(f"{folder}/{fd}"):
            return f"{folder}/{fd}"
    raise OSError("no name for an open file: neither /proc/self/fd nor /dev/fd is there")


def _refuse_polyglot(name: str) -> None:
    from dryload.errors import FormatError
    from dryload.scanner import scan

    for finding in scan(name).findings:
        if finding.rule == "scan-polyglot":
            offset = finding.span.start if finding.span else 0
            raise FormatError(finding.message, code=finding.rule, offset=offset, format="safetensors")
