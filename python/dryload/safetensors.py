"""Checks a safetensors file by the format's own rules, strictly, and gives its header.

Only the header is interpreted and no tensor is read. What another reader of the format would take
differently is refused, even where the official library accepts it: a duplicated name, a tensor written as a
list, a gap.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from dryload._frozen import frozen
from dryload._native import safetensors_header_bytes, safetensors_header_file
from dryload.errors import SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

    from typing_extensions import Buffer

    from dryload._core import Header as NativeHeader


@frozen
class TensorInfo:
    """What the header says about one tensor; `data_offsets` count from the end of the header, as in the
    file."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


class Header(Mapping[str, TensorInfo]):
    """The tensors of a checked file, by name.

    Attributes:
        header_bytes: the length of the JSON text; tensor data begins 8 bytes after that.
    """

    __slots__ = ("_checked",)

    _checked: NativeHeader

    def __init__(self, checked: NativeHeader) -> None:
        object.__setattr__(self, "_checked", checked)

    @property
    def metadata(self) -> dict[str, str]:
        """The strings under `__metadata__`; empty when there are none."""
        return self._checked.metadata()

    @property
    def header_bytes(self) -> int:
        return self._checked.header_bytes

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


def validate_safetensors(source: str | os.PathLike[str] | Buffer) -> Header:
    """Reads only the header of a file, or of a buffer that holds a whole file.

    >>> data = b'{"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}'
    >>> header = validate_safetensors(len(data).to_bytes(8, "little") + data + b"ab")
    >>> header["w"].shape
    (2,)

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
    # A buffer that can change is copied first, because another thread may write into it.
    data = source if isinstance(source, bytes) else bytes(memoryview(source))
    return Header(safetensors_header_bytes(data))
