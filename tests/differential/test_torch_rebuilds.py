"""The functions that rebuild tensors: what is called inert, torch can load, in memory of the file's order.

Each case is a checkpoint that torch does not survive, or that it refuses. `really` says what torch 2.15.0 and
2.6.0 were seen to do, `rule` what would close an open gap. Nothing is loaded but in a process of its own with
bounds on memory and time, and there only where torch is present.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dryload import Policy, Verdict, scan
from tests.build import pkasm, torch_legacy, torch_zip

REAL = Path(__file__).parent.parent / "data" / "real"

# What the child may use beyond torch itself, in bytes and in seconds of one load.
ROOM, SECONDS = 1 << 30, 10


def ints(*values: int) -> str:
    """Rows that make a tuple of integers."""
    return "MARK\n" + "".join(f"LONG1 {value}\n" for value in values) + "TUPLE\n"


def storage(kind: str = "FloatStorage", key: str = "0", numel: int = 2, *, legacy: bool = False) -> str:
    """Rows of a persistent load."""
    return f"""
        MARK
        BINUNICODE 'storage'
        GLOBAL torch {kind}
        BINUNICODE {key!r}
        BINUNICODE 'cpu'
        LONG1 {numel}
        {"NONE" if legacy else ""}
        TUPLE
        BINPERSID
    """


HOOKS = "GLOBAL collections OrderedDict\nEMPTY_TUPLE\nREDUCE\n"
LAYOUT = "GLOBAL torch.serialization _get_layout\nBINUNICODE 'torch.{}'\nTUPLE1\nREDUCE\n"
ONE = storage(numel=1)


def call(module: str, name: str, *arguments: str) -> str:
    """Rows that call a name with arguments that are rows themselves."""
    return f"GLOBAL {module} {name}\nMARK\n{''.join(arguments)}TUPLE\nREDUCE\n"


def tensor(
    of: str, size: Iterable[int], stride: Iterable[int], offset: int = 0, metadata: str = ""
) -> str:  # fmt: skip
    """Rows of `_rebuild_tensor_v2`."""
    place = f"LONG1 {offset}\n{ints(*size)}{ints(*stride)}"
    return call("torch._utils", "_rebuild_tensor_v2", of, place, "NEWFALSE\n", HOOKS, metadata)


def quantised(of: str, size: Iterable[int], stride: Iterable[int]) -> str:
    """Rows of `_rebuild_qtensor`, one scale for the whole tensor."""
    scheme = "MARK\nGLOBAL torch per_tensor_affine\nBINFLOAT 0.1\nLONG1 0\nTUPLE\n"
    place = f"LONG1 0\n{ints(*size)}{ints(*stride)}"
    return call("torch._utils", "_rebuild_qtensor", of, place, scheme, "NEWFALSE\n", HOOKS)


def sparse(indices: str, values: str, size: int) -> str:
    """Rows of `_rebuild_sparse_tensor` for a coalesced tensor of one dimension."""
    data = f"MARK\n{indices}{values}{ints(size)}NEWTRUE\nTUPLE\n"
    return call("torch._utils", "_rebuild_sparse_tensor", LAYOUT.format("sparse_coo"), data)


def by_type(function: str, kind: str, arguments: str, state: str) -> str:
    """Rows of `_rebuild_from_type_v2`."""
    return call("torch._tensor", "_rebuild_from_type_v2", function, kind, arguments, state)


def listed(*rows: str) -> str:
    return f"EMPTY_LIST\nMARK\n{''.join(rows)}APPENDS\n"


def checkpoint(rows: str, **storages: bytes) -> bytes:
    """A zip checkpoint; the storages are named `s0`, `s1` for their keys."""
    return torch_zip(pickled(rows), {name[1:]: data for name, data in storages.items()})


def pickled(rows: str) -> bytes:
    return pkasm(f"PROTO 2\n{rows}STOP\n").data


def forgotten() -> bytes:
    """A legacy stream whose size and stride are made so early that their contents are not kept."""
    early = f"EMPTY_LIST\nMARK\n{ints(2**33)}BINPUT 200\n{ints(1)}BINPUT 201\n"
    place = "LONG1 0\nBINGET 200\nBINGET 201\n"
    late = call(
        "torch._utils", "_rebuild_tensor_v2", storage(legacy=True), place, "NEWFALSE\n", HOOKS
    )  # fmt: skip
    head, tail = pickled(early)[:-1], pickled(f"{late}APPENDS\n")[2:]
    return torch_legacy(head + b"K\x01\x85" * 300_000 + tail, {"0": bytes(8)}, item_bytes=4)


@dataclass(frozen=True, slots=True)
class Case:
    """A file and what torch makes of it: "memory", "crash", "slow", "refuses" or "differs"."""

    data: bytes
    outcome: str
    really: str
    rule: str = ""
    weights_only: bool = False


NDARRAY = "GLOBAL numpy ndarray\n"
NEW_ARRAY = f"MARK\n{NDARRAY}LONG1 0\nTUPLE1\nSHORT_BINBYTES b'b'\nTUPLE\n"
OBJECTS = "GLOBAL numpy dtype\nBINUNICODE 'O8'\nNEWFALSE\nNEWTRUE\nTUPLE3\nREDUCE\n"
WRAPPED_KEYS = """
    GLOBAL collections UserDict
    EMPTY_TUPLE
    NEWOBJ
    EMPTY_DICT
    BINUNICODE 'data'
    EMPTY_DICT
    BINUNICODE '__class__'
    GLOBAL torch Tensor
    SETITEM
    SETITEM
    BUILD
    NONE
    TUPLE2
"""
MANY = 2**34

CLOSED = {
    "the state of an array, through torch's rebuild": Case(
        checkpoint(
            by_type(
                "GLOBAL numpy.core.multiarray _reconstruct\n",
                NDARRAY,
                NEW_ARRAY,
                f"MARK\nLONG1 1\n{ints(4)}{OBJECTS}NEWFALSE\nEMPTY_LIST\nTUPLE\n",
            )
        ),
        "crash",
        "ndarray.__setstate__ reads four objects of an empty list",
    ),
    "dunder keys inside a wrapper of a dict": Case(
        checkpoint(
            call(
                "torch._utils",
                "_rebuild_parameter_with_state",
                tensor(ONE, [1], [1]),
                "NEWTRUE\nNONE\n",
                WRAPPED_KEYS,
            ),
            s0=bytes(4),
        ),
        "loads",
        "sets __class__ of the parameter",
    ),
    "a small storage seen as a huge tensor, copied": Case(
        checkpoint(
            call(
                "torch._utils",
                "_rebuild_device_tensor_from_cpu_tensor",
                tensor(ONE, [MANY], [0]),
                "GLOBAL torch float64\nBINUNICODE 'cpu'\nNEWFALSE\n",
            ),
            s0=bytes(4),
        ),
        "memory",
        "asks for 137 GB",
        weights_only=True,
    ),
    "a tensor outside its storage": Case(
        checkpoint(tensor(ONE, [2], [1]), s0=bytes(4)), "refuses", "storage is not resizable"
    ),
    "a quantised tensor with stride 0": Case(
        checkpoint(quantised(storage("QInt8Storage"), [2**36], [0]), s0=bytes(2)),
        "memory",
        "allocates size before it takes the storage: asks for 68 GB",
        "of _rebuild_qtensor, the product of size (times the item) lies inside the storage, too",
        weights_only=True,
    ),
    "a quantised tensor over a storage of floats": Case(
        checkpoint(quantised(storage(), [2], [1]), s0=bytes(8)),
        "refuses",
        "wants a quantised dtype",
        "of _rebuild_qtensor, the class of the storage is QInt8, QInt32, QUInt8, QUInt4x2 or QUInt2x4",
    ),
    "narrow sparse indices with stride 0": Case(
        checkpoint(
            sparse(tensor(storage("ByteStorage", "1", 1), [1, MANY], [0, 0]), tensor(ONE, [1], [1]), 10),
            s0=bytes(4),
            s1=bytes(1),
        ),
        "memory",
        "turns the indices into int64: asks for 137 GB",
        "of _rebuild_sparse_tensor, each tensor of the data has no more elements than its storage",
        weights_only=True,
    ),
    "sparse indices and values with stride 0": Case(
        checkpoint(
            sparse(tensor(storage("LongStorage", "1", 1), [1, MANY], [0, 0]), tensor(ONE, [MANY], [0]), 10),
            s0=bytes(4),
            s1=bytes(8),
        ),
        "slow",
        "validates each of 2**34 indices",
        "as above",
        weights_only=True,
    ),
    "a size and a stride that are not kept": Case(
        forgotten(),
        "memory",
        "a legacy storage is resizable: set_ makes it as large as the size says",
        "torch::extent: a size or stride whose node is PARTIAL or LOST is no size of no dimensions",
        weights_only=True,
    ),
    "a legacy storage declared huge, then small": Case(
        torch_legacy(
            pickled(listed(storage(numel=MANY, legacy=True), tensor(storage(legacy=True), [2], [1]))),
            {"0": bytes(8)},
            item_bytes=4,
        ),
        "memory",
        "allocates what the first declaration of the key says: 68 GB",
        "a key that is declared again has the class and the number of elements it had",
        weights_only=True,
    ),
    "a storage declared with two classes": Case(
        checkpoint(
            listed(
                tensor(storage("DoubleStorage", numel=1), [1], [1]),
                tensor(storage("ByteStorage", numel=8), [8], [1]),
            ),
            s0=bytes(8),
        ),
        "differs",
        "2.6.0 takes the class of the first for both and refuses, 2.15.0 loads both",
        "as above; a storage of no bytes may have several, which torch.save writes",
        weights_only=True,
    ),
    "more elements than a number holds": Case(
        checkpoint(tensor(ONE, [2**32, 2**32], [0, 0]), s0=bytes(4)),
        "refuses",
        "numel: integer multiplication overflow",
        "torch::extent: the product of size fits into 63 bits",
        weights_only=True,
    ),
    "a conjugated tensor of floats": Case(
        checkpoint(
            tensor(ONE, [1], [1], metadata="EMPTY_DICT\nBINUNICODE 'conj'\nNEWTRUE\nSETITEM\n"),
            s0=bytes(4),
        ),
        "refuses",
        "an internal assertion fails",
        "metadata is None, or a dict of 'conj' (complex storages only) and 'neg' to booleans",
    ),
}

OPEN = {
    "a sparse index outside the tensor": Case(
        checkpoint(
            sparse(tensor(storage("LongStorage", "1", 1), [1, 1], [1, 1]), tensor(ONE, [1], [1]), 10),
            s0=bytes(4),
            s1=(10**9).to_bytes(8, "little"),
        ),
        "crash",
        "to_dense() writes outside its memory: with weights_only=False 2.15.0 validates nothing",
        "read the storage of the indices, or say in a note that sparse indices were not read",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOSED)
def test_what_torch_does_not_survive_is_not_inert(name: str) -> None:
    assert scan(CLOSED[name].data, name="model.pt").verdict is not Verdict.INERT


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.xfail(strict=True, reason=OPEN[name].rule)) for name in OPEN],
)
def test_a_gap_that_is_still_open_is_not_inert(name: str) -> None:
    assert scan(OPEN[name].data, name="model.pt").verdict is not Verdict.INERT


@pytest.mark.parametrize("first", range(256))
def test_a_storage_of_random_numbers_stays_inert(first: int) -> None:
    """A storage is data, whatever it begins with: some of the 256 bytes are opcodes that act."""
    for seed in range(4):
        numbers = bytes([first]) + random.Random(seed).randbytes(1023)
        data = checkpoint(tensor(storage(numel=256), [256], [1]), s0=numbers)
        assert scan(data, name="model.pt").verdict is Verdict.INERT


CHILD = """
import json, os, resource, sys, warnings
import torch
warnings.simplefilter("ignore")
def tensors(value, seen):
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, torch.nn.Module):
        yield from value.state_dict().values()
    elif isinstance(value, (dict, list, tuple, set)) and id(value) not in seen:
        seen.add(id(value))
        for each in value.values() if isinstance(value, dict) else value:
            yield from tensors(each, seen)
def outside(t):
    if t.layout is not torch.strided or t.device.type == "meta":
        return False
    last = t.storage_offset() + sum((n - 1) * s for n, s in zip(t.shape, t.stride())) + 1 if t.numel() else 0
    return last * t.element_size() > t.untyped_storage().nbytes()
def load(path, weights_only):
    try:
        value = torch.load(path, weights_only=weights_only, map_location="cpu")
        every = list(tensors(value, set()))
        shapes = [list(t.shape) for t in every]
        told = {"outcome": "loads", "shapes": shapes, "outside": any(map(outside, every))}
        for t in every:
            if t.layout is not torch.strided:
                t.to_dense()
        return told
    except Exception as error:
        text = str(error)
        return {"outcome": "memory" if "allocate" in text else "refuses", "error": text[:2000]}
for line in sys.stdin:
    path, weights_only, room, seconds = json.loads(line)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + room, used + room))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.write(write, json.dumps(load(path, weights_only)).encode())
        os._exit(0)
    os.close(write)
    told = open(read).read()
    _, status = os.waitpid(child, 0)
    how = {0: "", 9: "slow", 24: "slow"}.get(status & 127, "crash")
    print(json.dumps({"outcome": how} if how else json.loads(told)), flush=True)
"""


def loaded(files: Iterable[tuple[Path, bool]]) -> Iterator[dict[str, object]]:
    """Loads each file in a process of its own, all of them children of one that has imported torch."""
    asked = "".join(json.dumps([str(path), only, ROOM, SECONDS]) + "\n" for path, only in files)
    run = subprocess.run(
        [sys.executable, "-c", CHILD], input=asked, capture_output=True, text=True, check=True, timeout=600
    )
    yield from map(json.loads, run.stdout.splitlines())


@pytest.mark.torch
def test_torch_really_does_what_each_case_says(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("numpy")
    cases = {**CLOSED, **OPEN}
    files = []
    for number, case in enumerate(cases.values()):
        files.append((tmp_path / f"{number}.pt", case.weights_only))
        files[-1][0].write_bytes(case.data)
    # Releases differ in what they validate; none takes more than its word.
    also = {"differs": {"loads", "refuses"}, "crash": {"refuses"}}
    for (name, case), told in zip(cases.items(), loaded(files), strict=True):
        assert told["outcome"] in {case.outcome, *also.get(case.outcome, ())}, (name, told)


@pytest.mark.torch
def test_real_checkpoints_that_are_inert_load_and_keep_inside_their_storages() -> None:
    pytest.importorskip("torch")
    rows = json.loads((REAL / "MANIFEST.json").read_text(encoding="utf-8"))
    paths = [REAL / row["file"] for row in rows if row["format"] in ("torch-zip", "torch-legacy")]
    inert = [path for path in paths if scan(path).verdict is Verdict.INERT]
    assert len(inert) > 10
    for path, told in zip(inert, loaded((path, False) for path in inert), strict=True):
        assert (told["outcome"], told["outside"]) == ("loads", False), (path, told)
    narrow = Policy.weights_only()
    inert = [path for path in paths if scan(path, policy=narrow).verdict is Verdict.INERT]
    for path, told in zip(inert, loaded((path, True) for path in inert), strict=True):
        # Its unpickler knows the opcodes of protocol 2 alone.
        unread = "Unsupported operand" in str(told.get("error"))
        assert unread or (told["outcome"], told["outside"]) == ("loads", False), (path, told)


@pytest.mark.torch
def test_random_tensors_that_are_inert_load_with_the_shapes_that_the_file_gives_them(tmp_path: Path) -> None:
    """Sizes, strides, offsets and storages at random, right and wrong."""
    pytest.importorskip("torch")
    rng = random.Random(20)
    narrow = Policy.weights_only()
    kinds = {
        "FloatStorage": 4,
        "LongStorage": 8,
        "HalfStorage": 2,
        "ComplexDoubleStorage": 16,
        "BoolStorage": 1,
    }
    files, sizes = [], []
    for number in range(600):
        kind, item = rng.choice(list(kinds.items()))
        numel = rng.choice([0, 1, 2, 6, 24])
        size = [rng.choice([0, 1, 2, 3, 4, 2**31]) for _ in range(rng.randrange(4))]
        stride = [rng.choice([-1, 0, 1, 1, 2, 3, 6]) for _ in size]
        offset = rng.choice([0, 0, 0, 1, 5, -1])
        member = bytes(max(0, numel * item + rng.choice([0, 0, 0, 0, 1, -1])))
        legacy = rng.random() < 0.3
        rows = tensor(storage(kind, numel=numel, legacy=legacy), size, stride, offset)
        if legacy:
            data = torch_legacy(pickled(rows), {"0": bytes(numel * item)}, item_bytes=item)
        else:
            data = checkpoint(rows, s0=member)
        if scan(data, name="model.pt", policy=narrow).verdict is Verdict.INERT:
            path = tmp_path / f"{number}.pt"
            path.write_bytes(data)
            files.append((path, True))
            sizes.append(size)
    assert len(files) > 100
    for (path, _), size, told in zip(files, sizes, loaded(files), strict=True):
        assert (told["outcome"], told.get("shapes"), told.get("outside")) == ("loads", [size], False), (
            path,
            told,
        )
