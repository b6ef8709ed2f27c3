"""`numpy.load` of what is inert, with pickled objects or without."""

from __future__ import annotations

from dryload.guards import safe_load

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any, BinaryIO

    from dryload.policy import Policy


def load(
    file: str | os.PathLike[str] | BinaryIO,
    mmap_mode: str | None = None,
    allow_pickle: bool = True,  # noqa: FBT001, FBT002 - as numpy has it
    *,
    policy: Policy | None = None,
    **options: Any,
) -> Any:
    """Loads an array as `numpy.load` does, if the file is inert; an archive is a dict of its arrays.

    Objects are allowed, as the scan has seen what they are made of. numpy's archives are read as they are
    asked for, which would be behind the guard: they are read at once.

    Raises:
        UnsafeModelError: it is not inert.
        ValueError: `mmap_mode` would write into the file.
        ImportError: numpy is not installed.
    """
    import numpy as np

    if mmap_mode not in (None, "r", "c"):
        raise ValueError(f"mmap_mode is None, r or c: {mmap_mode!r} writes into the file")

    def whole(source: Any, **rest: Any) -> Any:
        loaded = np.load(source, **rest)
        if not hasattr(loaded, "files"):
            return loaded
        with loaded:
            return {name: loaded[name] for name in loaded.files}

    return safe_load(
        file,
        loader=whole,
        policy=policy,
        by_name=mmap_mode is not None,
        mmap_mode=mmap_mode,
        allow_pickle=allow_pickle,
        **options,
    )
