"""`joblib.load` of what is inert."""

from __future__ import annotations

from importlib import import_module

from dryload.guards import safe_load

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any, BinaryIO

    from dryload.policy import Policy


def load(
    filename: str | os.PathLike[str] | BinaryIO, mmap_mode: str | None = None, *, policy: Policy | None = None
) -> Any:
    """Loads a dump as `joblib.load` does, if it is inert.

    Raises:
        UnsafeModelError: it is not.
        ValueError: `mmap_mode` would write into the file.
        ImportError: joblib is not installed.
    """
    joblib: Any = import_module("joblib")
    if mmap_mode not in (None, "r", "c"):
        raise ValueError(f"mmap_mode is None, r or c: {mmap_mode!r} writes into the file")
    return safe_load(
        filename, loader=joblib.load, policy=policy, by_name=mmap_mode is not None, mmap_mode=mmap_mode
    )
