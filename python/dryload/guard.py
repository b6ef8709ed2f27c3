"""Loads a model only if it is inert.

The file is read once: the bytes that were scanned are the bytes that the loader gets, so that nobody can
swap the file in between. The guard picks no loader and changes none; what the loader then does with inert
bytes is the loader's business.
"""

from __future__ import annotations

import io
import os

from dryload.errors import SourceError
from dryload.scanner import scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO, TypeVar

    from dryload.policy import Policy

    T = TypeVar("T")


def safe_load(
    path: str | os.PathLike[str], *, loader: Callable[..., T], policy: Policy | None = None, **options: object
) -> T:
    """Calls `loader(file, **options)` with a binary file of the scanned bytes, if they are inert.

    The whole file is held in memory while the loader runs.

    Raises:
        UnsafeModelError: the verdict is not inert; the loader was not called.
        SourceError: the file could not be read.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise SourceError(error.errno, error.strerror or str(error), os.fspath(path)) from error
    scan(data, policy=policy, name=os.fspath(path)).raise_for_verdict()
    held: BinaryIO = io.BytesIO(data)
    return loader(held, **options)
