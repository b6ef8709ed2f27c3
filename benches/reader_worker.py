"""Asks one reader of safetensors about files, inside a process of its own; `agree_readers.py` starts it.

It runs in the readers' environment, so it imports nothing of this repository. It takes one path a line and
prints one JSON object a line: whether the reader takes the file, and which tensors it then has. A reader
takes a file if its call returns: tensors that fail only when they are fetched were still listed.

    python reader_worker.py READER MEMORY_GB < paths
"""

# The type checker's environment need not have the readers: each one is imported where it is asked.
# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-call"

from __future__ import annotations

import contextlib
import hashlib
import json
import resource
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import Any

# Name, dtype, shape, offsets where the reader has them, hash of the bytes where it gave them.
Row = tuple[str, Any, Any, Any, str | None]
Reader = Callable[[str], Iterator[Row]]


def safetensors() -> Reader:
    """Opens with `safe_open`, then has bytes of `deserialize`, which knows the dtypes that numpy lacks."""
    import safetensors as library

    def read(path: str) -> Iterator[Row]:
        with library.safe_open(path, framework="numpy") as file:
            names = set(file.keys())
        with open(path, "rb") as file:
            rows = library.deserialize(file.read())
        if {name for name, _ in rows} != names:
            raise AssertionError("safe_open and deserialize have other names")
        for name, row in rows:
            yield name, row["dtype"], row["shape"], None, _hash(row["data"])

    return read


def huggingface_hub() -> Reader:
    """Reads as from the Hub, with a session that answers from the disk."""
    from huggingface_hub import hf_api

    class Answer:
        def __init__(self, content: bytes) -> None:
            self.content = content

    class Session:
        def get(self, _url: str, headers: dict[str, str], **_: Any) -> Answer:
            start, end = map(int, headers["range"].removeprefix("bytes=").split("-"))
            with open(here[0], "rb") as file:
                file.seek(start)
                return Answer(file.read(end + 1 - start))

    here = [""]
    hf_api.get_session = Session
    hf_api.hf_raise_for_status = lambda _: None
    api = hf_api.HfApi(token=False)

    def read(path: str) -> Iterator[Row]:
        here[0] = path
        return _listed(api.parse_safetensors_file_metadata("owner/name", "model.safetensors"))

    return read


def huggingface_hub_local() -> Reader:
    """Reads a file of the disk by the function for those."""
    from huggingface_hub import parse_local_safetensors_file_metadata

    return lambda path: _listed(parse_local_safetensors_file_metadata(path))


def gguf() -> Reader:
    """Lists with the class that `convert_hf_to_gguf` uses for local files."""
    from pathlib import Path

    from gguf.utility import SafetensorsLocal

    def read(path: str) -> Iterator[Row]:
        with open(path, "rb") as file:
            start = 8 + int.from_bytes(file.read(8), "little")
        for name, tensor in SafetensorsLocal(Path(path)).tensors.items():
            first = tensor.data_range.offset - start
            yield name, tensor.dtype, tensor.shape, (first, first + tensor.data_range.size), None

    return read


def tinygrad() -> Reader:
    """Loads lazily, then fetches bytes from the disk."""
    from tinygrad import dtypes
    from tinygrad.nn.state import inverse_safe_dtypes, safe_load

    def read(path: str) -> Iterator[Row]:
        for name, tensor in safe_load(path).items():
            data = None
            with contextlib.suppress(Exception):
                data = _hash(tensor.flatten().bitcast(dtypes.uint8).data() if tensor.numel() else b"")
            yield name, inverse_safe_dtypes[tensor.dtype], tensor.shape, None, data

    return read


def mlx() -> Reader:
    """Loads lazily, then fetches the bytes."""
    import mlx.core as mx

    names = {"bool": "BOOL", "bfloat16": "BF16", "complex64": "C64"}
    names |= {f"float{bits}": f"F{bits}" for bits in (16, 32, 64)}
    names |= {f"uint{bits}": f"U{bits}" for bits in (8, 16, 32, 64)}
    names |= {f"int{bits}": f"I{bits}" for bits in (8, 16, 32, 64)}

    def read(path: str) -> Iterator[Row]:
        for name, array in mx.load(path).items():
            data = None
            with contextlib.suppress(Exception):
                data = _hash(bytes(memoryview(mx.view(array.reshape(-1), mx.uint8))) if array.size else b"")
            yield name, names[str(array.dtype).rpartition(".")[2].rstrip("_")], array.shape, None, data

    return read


def json_numpy() -> Reader:
    """Does what programs without a library do: `json.loads`, then numpy at the offsets."""

    def read(path: str) -> Iterator[Row]:
        with open(path, "rb") as file:
            data = file.read()
        for name, info in json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")]).items():
            if name != "__metadata__":
                start, end = info["data_offsets"]
                yield name, info["dtype"], tuple(info["shape"]), (start, end), None

    return read


def _listed(found: Any) -> Iterator[Row]:
    for name, tensor in found.tensors.items():
        yield name, tensor.dtype, tensor.shape, tensor.data_offsets, None


def _hash(data: Any) -> str:
    return hashlib.sha256(data).hexdigest()


def main() -> int:
    """Answers for each path; says first whether the reader is there."""
    name, memory_gb = sys.argv[1], float(sys.argv[2])
    package, make = READERS[name]
    try:
        read = make()
        print(json.dumps({"version": metadata.version(package) if package else ""}), flush=True)
    except Exception as error:  # a reader that is there and cannot be imported is missing as well
        print(json.dumps({"missing": f"{type(error).__name__}: {error}"[:200]}), flush=True)
        return 0
    resource.setrlimit(resource.RLIMIT_AS, (int(memory_gb * 2**30), resource.RLIM_INFINITY))
    for line in sys.stdin:
        path = line.rstrip("\n")
        answer: dict[str, Any] = {"path": path}
        try:
            answer |= {"accepts": True, "tensors": list(read(path))}
        except Exception as error:  # whatever it raises, the reader refused the file
            answer |= {"accepts": False, "error": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps(answer), flush=True)
    return 0


READERS: dict[str, tuple[str, Callable[[], Reader]]] = {
    "safetensors": ("safetensors", safetensors),
    "huggingface_hub": ("huggingface_hub", huggingface_hub),
    "huggingface_hub, local": ("huggingface_hub", huggingface_hub_local),
    "gguf": ("gguf", gguf),
    "tinygrad": ("tinygrad", tinygrad),
    "mlx": ("mlx", mlx),
    "json + numpy": ("", json_numpy),
}

if __name__ == "__main__":
    sys.exit(main())
