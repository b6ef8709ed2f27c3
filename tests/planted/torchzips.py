"""A strict reader of torch checkpoints in zip archives, with any one check left out.

The pickle is read by `pickles`, and nothing in it is imported: storages and tensors are looked at.
"""

from __future__ import annotations

from collections.abc import Set

from tests.planted import pickles
from tests.planted.checks import Checks
from tests.planted.pickle_machine import Global, Made, Storage
from tests.planted.zips import members


def parse(data: bytes, omit: Set[str] = frozenset()) -> dict[str, bytes]:
    """Reads the storages of a checkpoint.

    Raises:
        Planted: the omitted check would have refused it.
        ValueError: it is malformed.
    """
    checks = Checks(omit)
    files = members(data, checks)
    if not files:
        raise ValueError("an empty archive")
    folder = next(iter(files)).partition("/")[0]
    checks.refuse("torch-data-pkl", f"{folder}/data.pkl" not in files)
    try:
        pickle = files[f"{folder}/data.pkl"]
    except KeyError:
        checks.hit("torch-data-pkl")
    version = files.get(f"{folder}/version", b"3\n").strip()
    checks.refuse("torch-version", version not in VERSIONS)
    try:
        VERSIONS[version]
    except KeyError:
        checks.hit("torch-version")
    loaded = pickles.parse(pickle, omit)
    found = {}
    for storage in loaded.storages:
        found[storage.key] = _storage(files, folder, storage, checks)
    for made in loaded.calls:
        _tensor(made, checks)
    return found


def _storage(files: dict[str, bytes], folder: str, storage: Storage, checks: Checks) -> bytes:
    if storage.kind.name not in ITEM_BYTES:
        raise ValueError("no kind of storage")
    name = f"{folder}/data/{storage.key}"
    checks.refuse("torch-storage-missing", name not in files)
    try:
        raw = files[name]
    except KeyError:
        checks.hit("torch-storage-missing")
    fits = len(raw) == storage.count * ITEM_BYTES[storage.kind.name]
    checks.refuse("torch-storage-size", not fits)
    if not fits:  # Tensors are laid over more bytes than there are, or other ones.
        checks.hit("torch-storage-size")
    return raw


def _tensor(made: Made, checks: Checks) -> None:
    if not isinstance(made.callee, Global) or made.callee.name != "_rebuild_tensor_v2":
        return
    if not isinstance(made.args, tuple) or len(made.args) != 6:
        raise ValueError("a tensor has six arguments")
    storage, offset, size, stride = made.args[:4]
    numbers = (offset, *size, *stride) if isinstance(size, tuple) and isinstance(stride, tuple) else (None,)
    if not isinstance(storage, Storage) or not all(type(number) is int and number >= 0 for number in numbers):
        raise ValueError("no tensor")
    checks.refuse("torch-stride-count", len(size) != len(stride))
    try:
        last = offset + sum((size[i] - 1) * stride[i] for i in range(max(len(size), len(stride))))
    except IndexError:
        checks.hit("torch-stride-count")
    beyond = 0 not in size and last >= storage.count
    checks.refuse("torch-tensor-beyond", beyond)
    if beyond:
        checks.hit("torch-tensor-beyond")


VERSIONS = {b"2": 2, b"3": 3}
ITEM_BYTES = {"FloatStorage": 4, "ByteStorage": 1, "LongStorage": 8, "HalfStorage": 2}
