"""`pandas.read_pickle` of what is inert."""

from __future__ import annotations

from importlib import import_module

from dryload.guards import safe_load

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any, BinaryIO

    from dryload.policy import Policy


def read_pickle(
    filepath_or_buffer: str | os.PathLike[str] | BinaryIO,
    compression: Any = "infer",
    *,
    policy: Policy | None = None,
    **options: Any,
) -> Any:
    """Reads a frame as `pandas.read_pickle` does, if the file is inert.

    Compression is inferred from the name, as pandas does; a URL is not fetched.

    Raises:
        UnsafeModelError: it is not inert.
        SourceError: there is no such file.
        ImportError: pandas is not installed.
    """
    pd: Any = import_module("pandas")
    name = str(getattr(filepath_or_buffer, "name", filepath_or_buffer)).lower()
    if compression == "infer":
        compression = next((kind for ending, kind in _COMPRESSIONS.items() if name.endswith(ending)), None)
    return safe_load(
        filepath_or_buffer, loader=pd.read_pickle, policy=policy, compression=compression, **options
    )


_COMPRESSIONS = {
    ".tar": "tar",
    ".tar.gz": "tar",
    ".tar.bz2": "tar",
    ".tar.xz": "tar",
    ".gz": "gzip",
    ".bz2": "bz2",
    ".zip": "zip",
    ".xz": "xz",
    ".zst": "zstd",
}
