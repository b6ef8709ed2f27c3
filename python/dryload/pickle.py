"""`pickle.load` and `pickle.loads` of what is inert: `import dryload.pickle as pickle` in a program."""

from __future__ import annotations

import io
import pickle

from dryload.guards import safe_load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

    from typing_extensions import Buffer

    from dryload.policy import Policy


def load(file: BinaryIO, *, policy: Policy | None = None, **options: Any) -> Any:
    """Loads the next pickle of a binary file as `pickle.load(file, **options)` does, if the rest of the file
    is inert. The file stands behind the pickle afterwards, where it can be put there.

    Raises:
        UnsafeModelError: what the file holds from here on is not inert.
    """
    begin = file.tell() if _is_seekable(file) else None
    held = io.BytesIO(file.read())
    loaded = safe_load(held.getvalue(), loader=_Loads(held), policy=policy, **options)
    if begin is not None:
        file.seek(begin + held.tell())
    return loaded


def loads(data: Buffer, *, policy: Policy | None = None, **options: Any) -> Any:
    """Loads bytes as `pickle.loads(data, **options)` does, if they are inert.

    Raises:
        UnsafeModelError: they are not.
    """
    return safe_load(data, loader=pickle.load, policy=policy, **options)


class _Loads:
    """Loads from a file of its own that holds the same bytes, whose place says how much was read."""

    def __init__(self, held: io.BytesIO) -> None:
        self._held = held

    def __call__(self, _file: BinaryIO, **options: Any) -> Any:
        return pickle.load(self._held, **options)


def _is_seekable(file: BinaryIO) -> bool:
    return bool(getattr(file, "seekable", bool)())
