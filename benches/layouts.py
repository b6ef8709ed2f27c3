"""How many bytes of a large checkpoint a verdict takes: files with the shapes of real models, made sparse.

    python benches/layouts.py            # with dryload importable; prints a table

The forest is one of scikit-learn, dumped by joblib, where the two are importable.

The files hold what a loader reads, and holes where the numbers stand, so a layout of 138 GB takes a few
hundred kilobytes of disk. They go to a temporary folder that is removed.
"""

from __future__ import annotations

import pickle
import struct
import sys
import tempfile
import time
import types
import zlib
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import dryload
from dryload._core import scan_file

Shapes = dict[str, tuple[int, ...]]


def bert_base() -> Shapes:
    """BERT-base uncased: 199 tensors, 438 MB of float32."""
    hidden, inner = 768, 3072
    shapes: Shapes = {
        "embeddings.word_embeddings.weight": (30522, hidden),
        "embeddings.position_embeddings.weight": (512, hidden),
        "embeddings.token_type_embeddings.weight": (2, hidden),
        "embeddings.LayerNorm.weight": (hidden,),
        "embeddings.LayerNorm.bias": (hidden,),
    }
    for layer in range(12):
        at = f"encoder.layer.{layer}."
        for part in (
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
        ):
            shapes |= {f"{at}{part}.weight": (hidden, hidden), f"{at}{part}.bias": (hidden,)}
        shapes |= {
            f"{at}intermediate.dense.weight": (inner, hidden),
            f"{at}intermediate.dense.bias": (inner,),
        }
        shapes |= {f"{at}output.dense.weight": (hidden, inner), f"{at}output.dense.bias": (hidden,)}
        for part in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"{at}{part}.weight": (hidden,), f"{at}{part}.bias": (hidden,)}
    return shapes | {"pooler.dense.weight": (hidden, hidden), "pooler.dense.bias": (hidden,)}


def llama_70b() -> Shapes:
    """Llama 2 70B: 723 tensors, 138 GB of bfloat16."""
    hidden, inner, kv = 8192, 28672, 1024
    shapes: Shapes = {"model.embed_tokens.weight": (32000, hidden)}
    for layer in range(80):
        at = f"model.layers.{layer}."
        shapes |= {f"{at}self_attn.{part}_proj.weight": (hidden, hidden) for part in "qo"}
        shapes |= {f"{at}self_attn.{part}_proj.weight": (kv, hidden) for part in "kv"}
        shapes |= {f"{at}mlp.{part}_proj.weight": (inner, hidden) for part in ("gate", "up")}
        shapes |= {f"{at}mlp.down_proj.weight": (hidden, inner)}
        shapes |= {f"{at}{part}_layernorm.weight": (hidden,) for part in ("input", "post_attention")}
    return shapes | {"model.norm.weight": (hidden,), "lm_head.weight": (32000, hidden)}


def count(shape: tuple[int, ...]) -> int:
    n = 1
    for dim in shape:
        n *= dim
    return n


class _Storage:
    def __init__(self, key: str, items: int, legacy: bool) -> None:
        self.key, self.items, self.legacy = key, items, legacy


class _Tensor:
    def __init__(self, storage: _Storage, shape: tuple[int, ...]) -> None:
        self.storage, self.shape = storage, shape

    def __reduce__(self) -> tuple[Any, ...]:
        strides = tuple(count(self.shape[i + 1 :]) for i in range(len(self.shape)))
        args = (self.storage, 0, self.shape, strides, False, OrderedDict())
        return sys.modules["torch._utils"]._rebuild_tensor_v2, args


def _stand_ins(kind: str) -> type:
    """Modules under torch's names, so that pickle writes what torch writes."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    storage = type(kind, (), {"__module__": "torch"})

    def rebuild(*args: object) -> None:
        """Stands for torch's own: pickle writes its name, and nothing calls it."""

    rebuild.__module__, rebuild.__name__, rebuild.__qualname__ = "torch._utils", *["_rebuild_tensor_v2"] * 2
    setattr(torch, kind, storage)
    utils._rebuild_tensor_v2 = rebuild  # type: ignore[attr-defined]
    sys.modules |= {"torch": torch, "torch._utils": utils}
    return storage


def state(shapes: Shapes, kind: str, legacy: bool = False) -> bytes:
    """The pickle of a state dict, protocol 2, as torch.save writes it."""
    storage_type = _stand_ins(kind)

    class Pickler(pickle._Pickler):
        def persistent_id(self, value: object) -> object:
            if not isinstance(value, _Storage):
                return None
            id = ("storage", storage_type, value.key, "cpu", value.items)
            return (*id, None) if value.legacy else id

    import io

    out = io.BytesIO()
    tensors = {
        name: _Tensor(_Storage(str(i), count(shape), legacy), shape)
        for i, (name, shape) in enumerate(shapes.items())
    }
    Pickler(out, 2).dump(OrderedDict(tensors))
    return out.getvalue()


def torch_zip(file: IO[bytes], shapes: Shapes, kind: str, item: int) -> None:
    """A zip as torch writes it: stored members, data on multiples of 64 bytes."""
    directory = b""
    members: list[tuple[str, bytes | int]] = [("m/data.pkl", state(shapes, kind)), ("m/byteorder", b"little")]
    members += [(f"m/data/{i}", count(shape) * item) for i, shape in enumerate(shapes.values())]
    members += [("m/version", b"3\n")]
    for name, data in members:
        at, path = file.tell(), name.encode()
        size, crc = (data, 0) if isinstance(data, int) else (len(data), zlib.crc32(data))
        # miniz puts into the zip64 field only what does not fit, in the local header too: here the offset.
        big = at >= 0xFFFFFFFF
        wide = struct.pack("<HHQ", 1, 8, at) if big else b""
        pad = -(at + 30 + len(path) + len(wide) + 4) % 64
        extra = wide + struct.pack("<HH", 0x4246, pad) + b"Z" * pad
        fields = (45 if big else 20, 0, 0, 0, 0, crc, size, size, len(path), len(extra))
        file.write(struct.pack("<IHHHHHIIIHH", 0x04034B50, *fields) + path + extra)
        file.seek(size, 1) if isinstance(data, int) else file.write(data)
        head = (0x02014B50, 45, *fields[:-1], len(wide), 0, 0, 0, 0, 0xFFFFFFFF if big else at)
        directory += struct.pack("<IHHHHHHIIIHHHHHII", *head) + path + wide
    start, n = file.tell(), len(members)
    file.write(directory)
    end = file.tell()
    file.write(struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, n, n, len(directory), start))
    file.write(struct.pack("<IIQI", 0x07064B50, 0, end, 1))
    file.write(
        struct.pack(
            "<IHHHHIIH", 0x06054B50, 0, 0, n, n, min(len(directory), 0xFFFFFFFF), min(start, 0xFFFFFFFF), 0
        )
    )


def torch_legacy(file: IO[bytes], shapes: Shapes, kind: str, item: int) -> None:
    """The stream of torch before 1.6: five pickles, then each storage after its count."""
    for value in (
        0x1950A86A20F9469CFC6C,
        1001,
        {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}},
    ):
        file.write(pickle.dumps(value, 2))
    file.write(state(shapes, kind, legacy=True))
    file.write(pickle.dumps([str(i) for i in range(len(shapes))], 2))
    for shape in shapes.values():
        file.write(struct.pack("<q", count(shape)))
        file.seek(count(shape) * item, 1)
    file.truncate(file.tell())


Writer = Callable[[IO[bytes], Shapes, str, int], None]
LAYOUTS: dict[str, tuple[Writer, Callable[[], Shapes], str, int, int]] = {
    "BERT-base .pt": (torch_zip, bert_base, "FloatStorage", 4, 100_000),
    "Llama 70B .pt": (torch_zip, llama_70b, "BFloat16Storage", 2, 200_000),
    "BERT-base, legacy": (torch_legacy, bert_base, "FloatStorage", 4, 128_000),
}


def random_forest(path: Path) -> bool:
    """A random forest of 100 trees, its arrays inline; False where its libraries are missing."""
    try:
        import joblib
        from sklearn.datasets import make_classification
        from sklearn.ensemble import RandomForestClassifier
    except ImportError:
        return False
    x, y = make_classification(5000, 20, n_informative=8, n_classes=3, random_state=0)
    joblib.dump(RandomForestClassifier(100, random_state=0).fit(x, y), path)
    return True


def row(name: str, path: Path, bar: int) -> bool:
    """Prints what a verdict of a file took; whether the bar is held."""
    best, report = 1e9, None
    for _ in range(5):
        began = time.perf_counter()
        report = dryload.scan(path)
        best = min(best, time.perf_counter() - began)
    assert report is not None
    record = scan_file(str(path), dryload.Policy.default().names)
    start = f"{name:20} {report.size:>16,} {report.verdict:8} {record.rounds:>6} {report.bytes_read:>10,}"
    print(f"{start} {bar:>9,} {best * 1e3:>6.1f}")
    return bool(report.ok and report.bytes_read <= bar)


def main() -> int:
    """Prints a row for each layout; gives 1 when a bar is missed."""
    held = []
    print(f"{'layout':20} {'size':>16} {'verdict':8} {'rounds':>6} {'bytes read':>10} {'bar':>9} {'ms':>6}")
    with tempfile.TemporaryDirectory() as folder:
        # First: the others put stand-ins in the place of torch.
        path = Path(folder, "forest.joblib")
        if random_forest(path):
            skipped = dryload.scan(path).coverage.skipped
            opcodes = path.stat().st_size - sum(skip.bytes for skip in skipped)
            # The end of any file is searched for a zip's end record, 64 KiB; after each array 192 are read.
            held.append(row("RandomForest .joblib", path, opcodes + 64 * 1024 + 300 * 192))
        for name, (write, shapes, kind, item, bar) in LAYOUTS.items():
            path = Path(folder, "model.pt")
            with path.open("wb") as file:
                write(file, shapes(), kind, item)
            held.append(row(name, path, bar))
            path.unlink()
    return int(not all(held))


if __name__ == "__main__":
    sys.exit(main())
