"""Types of the compiled extension, written by hand and checked against it by `mypy.stubtest`.

The extension converts and never decides: it says what is in a file; `dryload.rules` says what we think of it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NotRequired, TypedDict, final, type_check_only

_Standing = Literal["allow", "unknown", "deny"]
_Path = str | bytes
# Device, inode, size, and the times of the last changes in nanoseconds: of the content, and of anything.
_Place = tuple[int, int, int, int, int]

ImportRow = TypedDict(
    "ImportRow",
    {"name": str, "module": str, "qualname": str, "offset": int, "class": _Standing, "count": int},
)
CallRow = TypedDict("CallRow", {"call": str, "offset": int, "class": _Standing, "count": int})

@type_check_only
class PartRow(TypedDict):
    member: str | None
    offset: int | None
    size: int
    format: str
    protocol: int | None
    opcodes: int | None
    tensors: int | None
    imports: list[ImportRow]
    calls: list[CallRow]
    dropped: int
    array: NotRequired[ArrayRow]

@type_check_only
class ArrayRow(TypedDict):
    dtype: str
    shape: list[int]
    cut: bool
    fortran: bool
    start: int
    end: int

@type_check_only
class SkippedRow(TypedDict):
    member: str | None
    why: str
    bytes: int

@type_check_only
class TraceRow(TypedDict):
    part: int
    offset: int
    size: int
    code: int
    name: str
    arg: str
    depth: int
    memo: bool

# The keys up to `import_start` are in every observation, the others depend on its `code`.
Observation = TypedDict(
    "Observation",
    {
        "code": str,
        "part": int | None,
        "member": str | None,
        "start": int,
        "end": int,
        "file_start": int | None,
        "expected": str,
        "found": str,
        "place": str,
        "import_start": int | None,
        "name": str,
        "module": str,
        "qualname": str,
        "raw": str,
        "class": _Standing,
        "reason": str,
        "opcode": str,
        "call": str,
        "spec": str,
    },
    total=False,
)

@final
class Names:
    def __new__(
        cls, allow: Sequence[tuple[str, str, str]], deny: Sequence[tuple[str, str, str]]
    ) -> Names: ...
    def __len__(self) -> int: ...

@final
class Record:
    @property
    def size(self) -> int: ...
    @property
    def bytes_read(self) -> int: ...
    @property
    def rounds(self) -> int: ...
    @property
    def format(self) -> str: ...
    @property
    def quiet(self) -> bool: ...
    @property
    def recognised(self) -> bool: ...
    @property
    def named_like_model(self) -> bool: ...
    @property
    def no_model(self) -> bool: ...
    @property
    def complete(self) -> bool: ...
    def parts(self) -> list[PartRow]: ...
    def observations(self) -> list[Observation]: ...
    def skipped(self) -> list[SkippedRow]: ...
    def limits_hit(self) -> list[str]: ...

@final
class Cancel:
    def __new__(cls) -> Cancel: ...
    def set(self) -> None: ...

@final
class Batch:
    def __new__(
        cls,
        names: Names,
        limits: Mapping[str, int] | None,
        jobs: int,
        *,
        unordered: bool = False,
        exclude: Sequence[str] | None = None,
        known: Sequence[_Place] | None = None,
        done: Sequence[_Path] | None = None,
    ) -> Batch: ...
    def add(self, paths: Sequence[_Path]) -> None: ...
    def end(self) -> None: ...
    def wants_paths(self) -> bool: ...
    def progress(self) -> tuple[int, int, bool]: ...
    def take(
        self, most: int
    ) -> list[tuple[bytes, bool, _Place | None, Record | tuple[str, str] | None]] | None: ...
    def close(self) -> None: ...

@final
class Session:
    def __new__(
        cls, size: int, name: str | None, names: Names, limits: Mapping[str, int] | None
    ) -> Session: ...
    def wants(self) -> list[tuple[int, int]]: ...
    def feed(self, start: int, data: bytes) -> None: ...
    def finish(self) -> Record: ...

@final
class Header:
    def __len__(self) -> int: ...
    def keys(self) -> list[str]: ...
    def tensor(self, name: str) -> tuple[str, tuple[int, ...], tuple[int, int]]: ...
    def rows(self) -> list[tuple[str, str, list[int], tuple[int, int]]]: ...
    def metadata(self) -> dict[str, str]: ...
    def dtypes(self) -> list[tuple[str, str]]: ...
    def notes(self) -> list[tuple[str, int, str, str]]: ...
    @property
    def header_bytes(self) -> int: ...

def scan_bytes(
    data: bytes,
    name: str | None,
    names: Names,
    limits: Mapping[str, int] | None = None,
    cancel: Cancel | None = None,
) -> Record: ...
def scan_file(
    path: _Path, names: Names, limits: Mapping[str, int] | None = None, cancel: Cancel | None = None
) -> Record: ...
def trace_bytes(
    data: bytes,
    name: str | None,
    names: Names,
    limits: Mapping[str, int] | None = None,
    around: Sequence[tuple[int, int]] | None = None,
    before: int = 0,
    after: int = 0,
) -> list[TraceRow]: ...
def trace_file(
    path: _Path,
    names: Names,
    limits: Mapping[str, int] | None = None,
    around: Sequence[tuple[int, int]] | None = None,
    before: int = 0,
    after: int = 0,
) -> list[TraceRow]: ...
def defects() -> list[tuple[str, str, str, str]]: ...
def compat_names() -> list[tuple[str, str, str, str]]: ...
def opcodes() -> list[tuple[int, str, int, str]]: ...
def limits() -> list[tuple[str, int, str]]: ...
def check_name(name: bytes) -> tuple[str, int] | None: ...
def name_rules() -> list[tuple[str, str]]: ...
def check_spec(spec: str) -> None: ...
def generate_pickle(seed: int) -> bytes: ...
def mutate_pickle(seed: int, data: bytes, other: bytes) -> bytes: ...
def valid_pickle(proto: int, seed: int) -> bytes: ...
def formats() -> list[str]: ...
def generate(format: str, seed: int, kind: str) -> bytes: ...
def mutate(format: str, seed: int, data: bytes, other: bytes) -> bytes: ...
def crossover(format: str, seed: int, data: bytes, other: bytes) -> bytes: ...
def faults(format: str) -> list[str]: ...
def minimize(format: str, data: bytes, still: Callable[[bytes], bool], budget: int) -> bytes: ...
def safetensors_header_bytes(data: bytes, size: int | None = None) -> Header: ...
def safetensors_header_file(path: _Path) -> Header: ...
def safetensors_layout_bytes(data: bytes, size: int | None = None) -> Header: ...
