"""Holds `dryload.agreement` against the readers themselves, on crafted headers and on mutants from a seed.

The readers that install from PyPI go to an environment of their own, at the releases that
`dryload.agreement.READERS` names; one that does not install or import is named as missing. Each runs in
worker processes under a limit of memory and of time a file; a file that ends one is a refusal.
`@huggingface/hub` is a package of npm and is not asked.

    python benches/agree_readers.py [--mutants N] [--record FILE]

What is compared: does the reader take the file; and if so, are its names, dtypes, shapes, offsets and bytes
those that the header states. A header whose dtype, shape or offsets are of another kind than the format has
states nothing that a reader could have in common with it. The exit code is 1 where anything differs.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import queue
import random
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from compare import make_environment  # noqa: E402

from dryload.agreement import READERS, agreement  # noqa: E402
from tests.headers import changed, crafted, odd, verdicts  # noqa: E402

# Whether a reader takes a file, and whether it has the same tensors; None where nobody can say.
Outcome = tuple[bool, bool | None]
# Dtype, shape, offsets, and the bytes if they are in the file.
Stated = tuple[str, list[float], list[float], bytes | None]


@dataclass(slots=True)
class Asked:
    """What one reader said to all files: takes it, has the same tensors; and the errors in its words."""

    version: str = ""
    missing: str = ""
    answers: dict[str, Outcome] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def inputs(mutants: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Gives the crafted headers by name, then the mutants: half of changed bytes, half of odd words."""
    seeds = []
    for row in verdicts():
        data = crafted(str(row["file"]))
        if len(data) < 1000:
            seeds.append(data)
        yield str(row["file"]), data
    rng = random.Random(seed)
    for number in range(mutants):
        # MLX goes by the ending.
        yield f"{MUTANT}{number}.safetensors", changed(rng, seeds) if number % 2 else odd(rng)


def stated(data: bytes) -> dict[str, Stated] | None:
    """Gives what a header states: dtype, shape, offsets and bytes by name. The last of two equal keys counts.

    Raises:
        RecursionError: it nests too deep for Python.
    """
    length = int.from_bytes(data[:8], "little")
    try:
        header = _parsed(data[8 : 8 + length])
        found = {}
        for name, info in header.items():
            if name != "__metadata__":
                fields = zip(FIELDS, info, strict=True) if isinstance(info, list) else info
                found[name] = _stated(dict(fields), data[8 + length :])
    except (AttributeError, KeyError, TypeError, ArithmeticError, ValueError):
        return None
    return found


def ask(python: str, reader: str, paths: Sequence[Path], *, seconds: float, memory_gb: float) -> Asked:
    """Asks one reader about all files, with a new worker after each file that ends or holds up one."""
    asked = Asked()
    rest = list(paths)
    while rest and not asked.missing:
        with tempfile.TemporaryFile("w+") as listed:
            listed.write("".join(f"{path}\n" for path in rest))
            listed.seek(0)
            command = [python, str(HERE / "reader_worker.py"), reader, str(memory_gb)]
            worker = subprocess.Popen(
                command, stdin=listed, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd="/"
            )
        lines: queue.Queue[str] = queue.Queue()
        listener = threading.Thread(target=_pass_on, args=(worker, lines), daemon=True)
        listener.start()
        try:
            rest = _answers(asked, rest, lines, seconds)
        finally:
            worker.kill()
            worker.wait()
            listener.join()
    return asked


def expected(reader: str, data: bytes) -> tuple[Outcome, tuple[str, ...]]:
    """Gives what `agreement` says of a reader, and why."""
    name = reader.partition(",")[0]
    (reading,) = [r for r in agreement(data) if r.reader == name or r.reader.split()[0] == name]
    if reader != name and int.from_bytes(data[:8], "little") > len(data) - 8:
        # Its function for files of the disk asks for the whole header, where a range of the Hub gives less.
        return (False, False), ("a header that is longer than the file",)
    return (reading.accepts, reading.same), reading.because


def _answers(asked: Asked, rest: list[Path], lines: queue.Queue[str], seconds: float) -> list[Path]:
    """Takes a worker's answers and gives the files that are left."""
    # The first line says that it is ready; an import takes longer than a file.
    for limit in [60.0, *[seconds] * len(rest)]:
        try:
            line = lines.get(timeout=limit)
        except queue.Empty:
            line = ""
        answer: dict[str, Any] = json.loads(line) if line else {"error": "ended, or no answer in time"}
        if "missing" in answer:
            asked.missing = answer["missing"]
            return []
        if "version" in answer:
            asked.version = answer["version"]
            continue
        path = rest[0]
        rest = rest[1:]
        accepts = bool(answer.get("accepts"))
        same = accepts and _same(path.read_bytes(), answer["tensors"])
        asked.answers[path.name] = (accepts, same)
        asked.errors[path.name] = answer.get("error", "")
        if not line:
            break
    return rest


def _same(data: bytes, rows: list[list[Any]]) -> bool | None:
    try:
        header = stated(data)
    except RecursionError:
        return None
    if header is None or {row[0] for row in rows} != header.keys():
        return False
    for name, dtype, shape, offsets, digest in rows:
        kind, sizes, places, content = header[name]
        alike = dtype == kind and list(shape) == sizes and (offsets is None or list(offsets)[:2] == places)
        if not alike or digest not in (None, content is not None and hashlib.sha256(content).hexdigest()):
            return False
    return True


def _stated(info: dict[str, Any], data: bytes) -> Stated:
    dtype, shape, offsets = (info[name] for name in FIELDS)
    if isinstance(dtype, dict):
        # Rust's serde reads a variant without a value so.
        ((dtype, value),) = dtype.items()
        if value is not None:
            raise ValueError("a variant with a value")
    whole = all(isinstance(n, int | float) and n == int(n) for n in [*shape, *offsets[:2]])
    if not isinstance(dtype, str) or not isinstance(shape, list) or not whole or len(offsets) < 2:
        raise ValueError("of another kind")
    start, end = map(int, offsets[:2])
    return dtype, shape, offsets[:2], data[start:end] if 0 <= start <= end <= len(data) else None


def _parsed(text: bytes) -> Any:
    # Of bytes after the object one reader takes those that begin with a NUL, so they are not looked at.
    decoder = json.JSONDecoder(parse_int=lambda digits: int(digits[:4000]))
    encoding = json.detect_encoding(text)
    try:
        plain = text.decode(encoding, "replace").lstrip(" \t\r\n")
        return decoder.raw_decode(plain)[0]
    except ValueError:
        # One reader leaves out what is no UTF-8, which outside of texts loses nothing.
        return decoder.raw_decode(text.decode(encoding, "ignore").lstrip(" \t\r\n"))[0]


def _pass_on(worker: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    assert worker.stdout is not None
    with worker.stdout as printed:
        for line in printed:
            # A library may print as well.
            if line.startswith("{"):
                lines.put(line)
    lines.put("")


def _differences(asked: Asked, reader: str, files: dict[str, bytes]) -> dict[tuple[str, str, str], list[str]]:
    """Gives the files on which reader and table differ, by what each said."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for name, outcome in asked.answers.items():
        told, why = expected(reader, files[name])
        if outcome not in (told, (told[0], None)):
            words = asked.errors[name].partition(":")[0]
            key = (f"{WORDS[outcome]} {words}".rstrip(), f"said: {WORDS[told]}", ", ".join(why))
            found.setdefault(key, []).append(name)
    return found


def _record(path: Path, said: dict[str, Asked], files: dict[str, bytes], most: int) -> None:
    """Writes the shortest mutant of each kind: those on which the same facts decide for every reader."""
    kinds: dict[object, str] = {}
    for name in sorted(
        (name for name in files if name.startswith(MUTANT)), key=lambda name: len(files[name])
    ):
        kinds.setdefault(tuple((r.accepts, r.same, r.because) for r in agreement(files[name])), name)
    rows = [
        {
            "data": base64.b64encode(files[name]).decode(),
            "readers": {r: WORDS[a.answers[name]] for r, a in said.items() if not a.missing and "," not in r},
        }
        for name in list(kinds.values())[:most]
    ]
    path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n", encoding="utf-8")


def main() -> int:
    """Makes what is missing, asks all readers, and prints a table and what differs."""
    parser = argparse.ArgumentParser(description="hold dryload.agreement against the readers themselves")
    cache = Path(tempfile.gettempdir()) / "dryload-readers"
    parser.add_argument("--mutants", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=20260102)
    parser.add_argument("--readers", nargs="*", default=[], metavar="NAME", help="only these")
    parser.add_argument("--env", type=Path, default=cache / "env", help="environment for the readers")
    parser.add_argument("--seconds", type=float, default=10.0, help="for a file")
    parser.add_argument("--memory-gb", type=float, default=8.0, help="address space of a worker")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the shortest mutant of each kind")
    parser.add_argument("--most", type=int, default=300, help="kinds that are written")
    options = parser.parse_args()
    python = make_environment(options.env.resolve(), PACKAGES)
    said: dict[str, Asked] = {}
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        files = dict(inputs(options.mutants, options.seed))
        paths = [Path(folder) / name for name in files]
        for path in paths:
            path.write_bytes(files[path.name])
        for reader in ASKED:
            if options.readers and reader not in options.readers:
                continue
            asked = ask(python, reader, paths, seconds=options.seconds, memory_gb=options.memory_gb)
            said[reader] = asked
            if asked.missing:
                failed = True
                print(f"{reader}: missing, {asked.missing}", flush=True)
                continue
            differences = _differences(asked, reader, files)
            wrong = {name for names in differences.values() for name in names}
            headers = len(files) - options.mutants
            of_mutants = options.mutants - sum(name.startswith(MUTANT) for name in wrong)
            of_headers = headers - sum(not name.startswith(MUTANT) for name in wrong)
            takes = sum(accepts for accepts, _ in asked.answers.values())
            print(
                f"{reader} {asked.version}: as told on {of_headers} of {headers} headers and "
                f"{of_mutants:,} of {options.mutants:,} mutants; takes {takes:,}",
                flush=True,
            )
            for key, names in sorted(differences.items(), key=lambda item: -len(item[1]))[:40]:
                failed = True
                shortest = min(names, key=lambda name: len(files[name]))
                print(f"  {len(names)} x {key}: {files[shortest][:200]!r}", flush=True)
        print("@huggingface/hub: not asked, it is a package of npm")
        if options.record:
            _record(options.record, said, files, options.most)
    return int(failed)


FIELDS = ("dtype", "shape", "data_offsets")
WORDS = {(False, False): "refuses", (True, False): "other", (True, True): "same", (True, None): "takes"}
ASKED = (
    "safetensors",
    "huggingface_hub",
    "huggingface_hub, local",
    "gguf",
    "tinygrad",
    "mlx",
    "json + numpy",
)
# The releases that the table is about; MLX has no CPU backend of its own on Linux.
PACKAGES = [
    "==".join(words).replace("mlx==", "mlx[cpu]==")
    for words in (label.split() for label in READERS.values())
    if len(words) == 2 and not words[0].startswith("@")
]
MUTANT = "mutant-"

if __name__ == "__main__":
    sys.exit(main())
