"""Times one tool on one input inside a process of its own; `compare.py` starts it, nobody else needs to.

It runs in the peers' environment as well as in dryload's, so it imports nothing of this repository. It prints
one JSON line a sample, so that a run which is cut off keeps what it measured. It never unpickles anything but
the inputs that `inputs.py` made of plain values and arrays.

    python worker.py TOOL KIND PATH --repeat 5 --seconds 10
"""

# The type checker's environment need not have the peers: each one is imported where it is measured.
# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import logging
import os
import pickle
import pickletools
import re
import resource
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

Call = Callable[[], Any]
Say = Callable[[Any], dict[str, Any]]


def dryload(path: Path, kind: str, jobs: int) -> tuple[Call, Say]:
    """Times `dryload.scan`, or `dryload.scan_many` for a folder."""
    import dryload as api

    if kind == "folder":

        def count() -> dict[str, Any]:
            # Reports are counted and dropped, as a scan of a zoo does: memory must not grow with the files.
            verdicts: dict[str, int] = {}
            read = 0
            for report in api.scan_many([path], jobs=jobs):
                verdict = "ignored" if report.ignored else str(report.verdict)
                verdicts[verdict] = verdicts.get(verdict, 0) + 1
                read += report.bytes_read
            return {"answer": _counts(verdicts), "bytes_read": read}

        return count, lambda said: said
    source = path.read_bytes() if kind == "bytes" else path
    return lambda: api.scan(source), lambda report: {
        "answer": str(report.verdict),
        "bytes_read": report.bytes_read,
    }


def dryload_validate(path: Path, kind: str, jobs: int) -> tuple[Call, Say]:
    """Times `dryload.validate_safetensors` on the file's bytes."""
    import dryload as api

    data = path.read_bytes()
    return lambda: api.validate_safetensors(data), lambda header: {"answer": f"{len(header)} tensors"}


def picklescan(path: Path, kind: str, jobs: int) -> tuple[Call, Say]:
    """Times picklescan's own entry points: by path, by stream or by folder."""
    from picklescan import scanner

    def say(result: Any) -> dict[str, Any]:
        error = ", scan error" if result.scan_err else ""
        return {"answer": f"{result.scanned_files} scanned, {result.issues_count} issues{error}"}

    if kind == "folder":
        return lambda: scanner.scan_directory_path(str(path)), say
    if kind == "bytes":
        data = path.read_bytes()
        return lambda: scanner.scan_pickle_bytes(io.BytesIO(data), "data.pkl"), say
    return lambda: scanner.scan_file_path(str(path)), say


def modelscan(path: Path, kind: str, jobs: int) -> tuple[Call, Say]:
    """Times `ModelScan.scan`; it reads paths only, so `bytes` is the file as well."""
    from modelscan.modelscan import ModelScan

    scan = ModelScan()

    def say(result: dict[str, Any]) -> dict[str, Any]:
        summary, errors = result["summary"], len(result.get("errors", []))
        answer = f"{summary['scanned']['total_scanned']} scanned, {summary['total_issues']} issues"
        return {"answer": answer + (f", {errors} errors" if errors else "")}

    return lambda: scan.scan(path), say


def fickling(path: Path, kind: str, jobs: int) -> tuple[Call, Say]:
    """Times decoding and `check_safety`, as `is_likely_safe` does, or `scan_zip_archive` for a zip."""
    from fickling.analysis import check_safety
    from fickling.fickle import Pickled
    from fickling.loader import scan_zip_archive

    def check() -> Any:
        pickled = Pickled.load(path.read_bytes() if data is None else data, fail_on_decode_error=False)
        return "invalid opcode" if pickled.has_invalid_opcode else check_safety(pickled).severity.name.lower()

    def check_zip() -> str:
        members = scan_zip_archive(str(path)).values()
        severities = "/".join(sorted({member.severity.name.lower() for member in members}))
        return f"{len(members)} member, {severities}" if members else "nothing scanned"

    if kind == "folder":
        raise Unsupported("no folder support")
    if kind == "file" and zipfile.is_zipfile(path):
        return check_zip, lambda severity: {"answer": severity}
    data = path.read_bytes() if kind == "bytes" else None
    return check, lambda severity: {"answer": severity}


def modelaudit(path: Path, kind: str, jobs: int) -> tuple[Call, Say]:
    """Times modelaudit-picklescan's `scan_bytes` or `scan_file`; a folder is one `scan_file` a file."""
    import modelaudit_picklescan as api

    def say(report: Any) -> dict[str, Any]:
        reasons = [error.category for error in report.errors] + [note.code for note in report.notices]
        why = f" ({reasons[0]})" if reasons and reasons[0] else ""
        return {"answer": f"{report.verdict.value}, {report.status.value}{why}"}

    if kind == "folder":

        def each() -> dict[str, Any]:
            verdicts: dict[str, int] = {}
            for name in _walk(path):
                verdict = api.scan_file(name).verdict.value
                verdicts[verdict] = verdicts.get(verdict, 0) + 1
            return {"answer": _counts(verdicts)}

        return each, lambda said: said
    if kind == "bytes":
        data = path.read_bytes()
        return lambda: api.scan_bytes(data), say
    return lambda: api.scan_file(path), say


def genops(path: Path, kind: str, jobs: int) -> tuple[Call, Say]:
    """Times `pickletools.genops`, the pure Python decoder under most peers, with nothing on top."""
    data = path.read_bytes()
    return lambda: sum(1 for _ in pickletools.genops(data)), lambda count: {"answer": f"{count:,} opcodes"}


def loads(path: Path, kind: str, jobs: int) -> tuple[Call, Say]:
    """Times the C `pickle.loads` of our own input: what the load itself costs."""
    data = path.read_bytes()
    return lambda: pickle.loads(data), lambda value: {"answer": type(value).__name__}


def safe_open(path: Path, kind: str, jobs: int) -> tuple[Call, Say]:
    """Times opening and closing with `safetensors.safe_open`, which checks the header and maps the file."""
    import safetensors

    def check() -> None:
        with safetensors.safe_open(str(path), framework="np"):
            pass

    with safetensors.safe_open(str(path), framework="np") as opened:
        count = len(opened.keys())
    return check, lambda _: {"answer": f"{count} tensors"}


def read(path: Path, kind: str, jobs: int) -> tuple[Call, Say]:
    """Times opening and reading every byte in `jobs` threads, the floor for any scan that reads it all."""

    def one(name: str | Path) -> int:
        file = os.open(name, os.O_RDONLY)
        try:
            return sum(iter(lambda: len(os.read(file, 1 << 20)), 0))
        finally:
            os.close(file)

    def run() -> int:
        names: list[str] = list(_walk(path)) if kind == "folder" else [str(path)]
        if jobs == 1:
            return sum(map(one, names))
        with ThreadPoolExecutor(jobs) as pool:
            shares = [names[start::jobs] for start in range(jobs)]
            return sum(pool.map(lambda share: sum(map(one, share)), shares))

    return run, lambda total: {"answer": "", "bytes_read": total}


class Unsupported(Exception):
    """The tool does not do this kind of input; reported in the table, not measured."""


def measure(call: Call, say: Say, *, repeat: int, seconds: float) -> None:
    """Prints a JSON line for each of at most `repeat` samples, stopping early once `seconds` are spent.

    A call below 2 ms is repeated inside a sample for some 20 ms. The last result is dropped outside the clock
    and the collector stays on, as it is for a user.
    """
    before, loops, spent, taken = _peak_kib(), 1, 0.0, 0
    warm = False
    while taken < repeat and (taken == 0 or spent < seconds):
        gc.collect()
        kept: Any = None
        started = time.perf_counter()
        for _ in range(loops):
            kept = call()
        elapsed = time.perf_counter() - started
        if not warm and elapsed < 1.0:
            # The first call also pays for what is made once, a policy or a module: it is no sample. A second
            # one says how often the call fits into a sample.
            started = time.perf_counter()
            call()
            again = time.perf_counter() - started
            loops = max(1, round(0.02 / max(again, 1e-6))) if again < 0.002 else 1
        else:
            spent += elapsed
            taken += 1
            sample = {"seconds": elapsed / loops, "peak_kib": max(0, _peak_kib() - before), **say(kept)}
            print(json.dumps(sample), flush=True)
        warm = True
        del kept


def _peak_kib() -> int:
    # Not ru_maxrss: a child starts with its parent's, which may be larger than anything it does itself.
    try:
        found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    except OSError:
        found = None
    return int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _walk(folder: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (os.path.join(parent, name) for name in sorted(names))


def _counts(verdicts: dict[str, int]) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))


def main() -> int:
    """Measures as the arguments say; a failure is a JSON line too."""
    parser = argparse.ArgumentParser(description="time one tool on one input")
    parser.add_argument("tool", choices=[*TOOLS, "versions"])
    parser.add_argument("kind", choices=["file", "bytes", "folder"], nargs="?", default="file")
    parser.add_argument("path", type=Path, nargs="?", default=Path())
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--memory-gb", type=float, default=8.0)
    options = parser.parse_args()
    if options.tool == "versions":
        found = {item.metadata["Name"]: item.version for item in metadata.distributions()}
        print(json.dumps({"python": sys.version.split()[0], "packages": found}))
        return 0
    limit = int(options.memory_gb * (1 << 30))
    with contextlib.suppress(ValueError, OSError):  # Some systems refuse; the time limit still holds.
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    logging.disable(logging.CRITICAL)
    try:
        call, say = TOOLS[options.tool](options.path, options.kind, options.jobs)
        measure(call, say, repeat=options.repeat, seconds=options.seconds)
    except Unsupported as reason:
        print(json.dumps({"unsupported": str(reason)}))
    except ModuleNotFoundError as error:
        print(json.dumps({"missing": str(error.name)}))
    except Exception as error:
        # A peer may raise anything on a large input; that is its result, not an end of the run.
        print(json.dumps({"error": f"{type(error).__name__}: {error}"[:200]}))
    return 0


TOOLS: dict[str, Callable[[Path, str, int], tuple[Call, Say]]] = {
    "dryload": dryload,
    "validate_safetensors": dryload_validate,
    "picklescan": picklescan,
    "modelscan": modelscan,
    "fickling": fickling,
    "modelaudit-picklescan": modelaudit,
    "genops": genops,
    "loads": loads,
    "safe_open": safe_open,
    "read": read,
}

if __name__ == "__main__":
    sys.exit(main())
