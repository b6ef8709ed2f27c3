"""Measures dryload beside its peers on the same inputs in the same run, and prints one markdown table.

Each tool runs in a worker process of its own under a time and a memory limit, so a peer that is slow, crashes
or is not installed becomes a cell of the table. Nothing is asserted about time: figures are read, not tested.

    python benches/compare.py [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One input and the tools that are measured on it; the first one is the base of the ratios."""

    key: str
    title: str
    tools: tuple[str, ...]
    kind: str = "file"


@dataclass(slots=True)
class Result:
    """What one tool did on one input. Without `seconds`, `note` says why."""

    row: str
    tool: str
    seconds: float | None = None
    samples: list[float] = field(default_factory=list)
    bytes_read: int | None = None
    peak_mib: float | None = None
    answer: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """How a run measures: the two interpreters, the limits, and where the inputs are."""

    python: str
    peers: str
    inputs: dict[str, str]
    repeat: int
    seconds: float
    timeout: float
    memory_gb: float

    def measure(self, row: Row, tool: str, repeat: int) -> Result:
        """Runs one worker and keeps the minimum of its samples."""
        result = Result(row.title, tool)
        name, _, jobs = tool.partition(" x")
        python = self.python if name in OURS else self.peers
        path = self.inputs[row.key]
        command = [python, str(HERE / "worker.py"), name, row.kind, path, "--repeat", str(repeat)]
        command += ["--seconds", str(self.seconds), "--jobs", jobs or "1", "--memory-gb", str(self.memory_gb)]
        output, ended = _run(command, self.timeout)
        for line in output.splitlines():
            _take(result, line)
        if result.seconds is None and not result.note:
            result.note = f"> {self.timeout:g} s" if ended is None else f"error: worker ended with {ended}"
        return result

    def measure_process(self, row: Row, tool: str, repeat: int) -> Result:
        """Times a whole process from start to exit, output thrown away."""
        result = Result(row.title, tool)
        command = [part.replace("{path}", self.inputs[row.key]) for part in COMMANDS[tool]]
        home = Path(self.python if tool in OURS else self.peers).parent
        program = Path(self.python) if tool in INTERPRETED else home / command[0]
        if not program.exists():
            result.note = f"missing: {command[0]}"
            return result
        for _ in range(repeat):
            started = time.perf_counter()
            _, ended = _run([str(program), *command[1:]], self.timeout)
            result.samples.append(time.perf_counter() - started)
            result.answer = "timed out" if ended is None else f"exit {ended}"
        result.seconds = min(result.samples)
        return result


def make_environment(folder: Path, requirements: Sequence[str]) -> str:
    """Returns the interpreter of an environment for peers, made or completed as needed.

    Packages are installed one by one: a peer without a wheel for this machine costs only itself.
    """
    python = folder / "bin" / "python"
    if not python.exists():
        base = shutil.which("python3.11") or sys.executable
        subprocess.run([base, "-m", "venv", str(folder)], check=True, stdout=sys.stderr)
    have = {_plain(name): version for name, version in _versions(str(python))["packages"].items()}
    for requirement in requirements:
        name, _, version = requirement.partition("==")
        if have.get(_plain(name.partition("[")[0])) != version:
            _say(f"installing {requirement}")
            install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", requirement]
            if subprocess.run(install, check=False, stdout=sys.stderr).returncode:
                _say(f"could not install {requirement}; its cells will say so")
    return str(python)


def make_inputs(folder: Path, quick: bool) -> dict[str, str]:
    """Makes the inputs in a process of its own, so that their memory is not counted to a worker."""
    command = [sys.executable, str(HERE / "inputs.py"), str(folder), *(["--quick"] if quick else [])]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    inputs: dict[str, str] = json.loads(made)
    return inputs


def rows(jobs: int) -> list[Row]:
    """Lists what is measured on what, in the order of the table."""
    scanners = ("dryload", "picklescan", "modelscan", "fickling", "modelaudit-picklescan")
    table = [
        Row(f"dense{protocol}", f"opcode-dense pickle, protocol {protocol}", (*scanners, "genops", "loads"))
        for protocol in (4, 2, 0)
    ]
    table += [
        Row("large", "opcode-dense pickle of 500 MB", ("dryload", "read")),
        Row("numpy", "numpy array pickle", (*scanners, "genops", "loads", "read")),
        Row("torch", "torch zip", (*scanners, "read")),
        Row("tiny", "60-byte pickle, from memory", (*scanners, "genops", "loads"), "bytes"),
        Row("tiny", "60-byte pickle, from a file", (*scanners, "read")),
    ]
    headers = ("dryload", "validate_safetensors", "safe_open")
    table += [
        Row(f"safetensors{count}", f"safetensors, {count:,} tensors", headers)
        for count in (1, 10, 300, 3_000, 100_000)
    ]
    parallel = (f"dryload x{jobs}", f"read x{jobs}") if jobs > 1 else ()
    table.append(Row("tree", "folder of small files", (*scanners, "read", *parallel), "folder"))
    table.append(Row("tiny", "60-byte pickle, as a process", tuple(COMMANDS), "process"))
    return table


def run(bench: Bench, table: Sequence[Row], tools: Sequence[str], rounds: int) -> Iterator[Result]:
    """Measures row by row and yields results in table order.

    Tools take turns within a row, `rounds` times, so that a busy minute does not fall on one of them alone.
    Whatever took more than `SLOW` seconds or failed is not asked again.
    """
    for row in table:
        if row.key not in bench.inputs:
            continue
        results: dict[str, Result] = {}
        _warm(Path(bench.inputs[row.key]))
        for turn in range(rounds):
            for tool in row.tools:
                known = results.get(tool)
                if tools and tool.partition(" x")[0] not in tools:
                    continue
                if known is not None and (known.seconds is None or known.seconds > SLOW):
                    continue
                _say(f"{row.title}: {tool}" + (f", round {turn + 1}" if turn else ""))
                how = bench.measure_process if row.kind == "process" else bench.measure
                results[tool] = _better(known, how(row, tool, bench.repeat))
        yield from results.values()


def markdown(results: Sequence[Result]) -> str:
    """Renders the table: best time, ratio to the row's dryload, bytes read and peak memory growth."""
    lines = ["| input | tool | best | / dryload | bytes read | peak MiB | answer |"]
    lines.append("|---|---|--:|--:|--:|--:|---|")
    shown = ""
    for result in results:
        base = next((r.seconds for r in results if r.row == result.row and r.tool == "dryload"), None)
        cells = [
            result.row if result.row != shown else "",
            result.tool,
            duration(result.seconds) if result.seconds is not None else result.note,
            _ratio(result, base),
            f"{result.bytes_read:,}" if result.bytes_read is not None else "",
            f"{result.peak_mib:.1f}" if result.peak_mib is not None else "",
            result.answer,
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
        shown = result.row
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Writes a time with three significant digits and its unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{_three(seconds / scale)} {unit}"
    return f"{_three(seconds * 1e9)} ns"


def _three(number: float) -> str:
    return f"{number:.3g}" if number < 100 else f"{number:,.0f}"


def _ratio(result: Result, base: float | None) -> str:
    if base is None or result.tool == "dryload":
        return ""
    if result.seconds is not None:
        return f"{_three(result.seconds / base)}x"
    if result.note.startswith("> "):
        return f"> {_three(float(result.note.split()[1]) / base)}x"
    return ""


def _take(result: Result, line: str) -> None:
    # A peer may print to stdout too: only lines that are our own objects count.
    try:
        sample: Any = json.loads(line)
    except ValueError:
        return
    if not isinstance(sample, dict):
        return
    for key, note in (("missing", "not installed: {}"), ("unsupported", "{}"), ("error", "error: {}")):
        if key in sample:
            result.note = note.format(sample[key])
    if "seconds" in sample:
        result.samples.append(sample["seconds"])
        result.seconds = min(result.samples)
        result.bytes_read = sample.get("bytes_read")
        result.peak_mib = sample["peak_kib"] / 1024
        result.answer = sample["answer"]


def _better(known: Result | None, new: Result) -> Result:
    if known is None:
        return new
    known.samples += new.samples
    known.seconds = min(known.samples)
    return known


def _run(command: Sequence[str], timeout: float) -> tuple[str, int | None]:
    # Output goes to a file: what was printed before a time-out still counts.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as out:
        # Away from the repository, so that no checkout shadows what is installed.
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, cwd=tempfile.gettempdir())
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        # Not wait(timeout): it polls ever more rarely, and a process would seem to take 32 or 64 ms.
        timer = threading.Timer(timeout, stop)
        timer.start()
        ended = process.wait()
        timer.cancel()
        out.seek(0)
        return out.read(), None if late.is_set() else ended


def _warm(path: Path) -> None:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for name in files:
        if name.is_file():
            with name.open("rb") as file:
                while file.read(1 << 20):
                    pass


def _versions(python: str) -> dict[str, Any]:
    output, _ = _run([python, str(HERE / "worker.py"), "versions"], 60.0)
    try:
        found: dict[str, Any] = json.loads(output)
    except ValueError:
        return {"python": "", "packages": {}}
    return found


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def _machine() -> dict[str, Any]:
    load = [round(value, 2) for value in os.getloadavg()]
    return {"system": platform.platform(), "cpus": os.cpu_count(), "load": load}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# Compiles dryload's own modules, wherever they are.
COMPILE = "import compileall, dryload, os; compileall.compile_dir(os.path.dirname(dryload.__file__), quiet=1)"


def main() -> int:
    """Makes what is missing, measures, and prints the table."""
    parser = argparse.ArgumentParser(
        description="measure dryload beside its peers", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    cache = Path(tempfile.gettempdir()) / "dryload-bench"
    parser.add_argument("--quick", action="store_true", help="small inputs and few samples, for a smoke test")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything measured")
    parser.add_argument("--python", default=sys.executable, help="interpreter that has dryload")
    parser.add_argument("--cache", type=Path, default=cache, help="folder for the inputs")
    parser.add_argument("--env", type=Path, help="environment for the peers; CACHE/env if not given")
    parser.add_argument("--repeat", type=int, default=5, help="samples a round")
    parser.add_argument("--rounds", type=int, default=2, help="turns within a row")
    parser.add_argument("--seconds", type=float, default=10.0, help="stop sampling after")
    parser.add_argument("--timeout", type=float, default=120.0, help="end a worker after")
    parser.add_argument("--memory-gb", type=float, default=8.0, help="address space of a worker")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="threads of the rows with an x")
    parser.add_argument("--rows", nargs="*", default=[], metavar="KEY", help="only keys that start so")
    parser.add_argument("--tools", nargs="*", default=[], metavar="TOOL", help="only these tools")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.repeat, options.seconds = 1, min(options.repeat, 3), min(options.seconds, 2.0)

    peers = make_environment((options.env or options.cache / "env").resolve(), PEERS)
    # An installed package has its bytecode; an editable one may be run where writing it is forbidden.
    subprocess.run(
        [options.python, "-c", COMPILE], check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    )
    inputs = make_inputs(options.cache, options.quick)
    limits = (options.repeat, options.seconds, options.timeout, options.memory_gb)
    bench = Bench(str(Path(options.python).absolute()), peers, inputs, *limits)
    table = [row for row in rows(options.jobs) if not options.rows or row.key.startswith(tuple(options.rows))]
    machine, ours, theirs = _machine(), _versions(bench.python), _versions(peers)
    results = list(run(bench, table, options.tools, options.rounds))

    named = {name.partition("==")[0] for name in PEERS}
    versions = {name: found for name, found in theirs["packages"].items() if _plain(name) in named}
    versions["dryload"] = ours["packages"].get("dryload", "not installed")
    print(f"{machine['system']}, {machine['cpus']} CPUs, load {machine['load']} at the start")
    print(f"Python {ours['python']} (dryload), {theirs['python']} (peers); ", end="")
    print(", ".join(f"{name} {version}" for name, version in sorted(versions.items())))
    samples = options.rounds * options.repeat
    print(f"{'quick' if options.quick else 'full'} inputs, best of up to {samples} samples a cell\n")
    print(markdown(results))
    if options.json:
        document = {
            "schema": "dryload.bench/1",
            "quick": options.quick,
            "machine": machine,
            "python": {"dryload": ours["python"], "peers": theirs["python"]},
            "versions": versions,
            "sizes": {key: Path(path).stat().st_size for key, path in inputs.items() if Path(path).is_file()},
            "results": [asdict(result) for result in results],
        }
        options.json.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


HERE = Path(__file__).resolve().parent

# Pinned, so that two runs a month apart differ by dryload alone; raise them on purpose.
PEERS = (
    "picklescan==1.0.5",
    "modelscan==0.8.8",
    "fickling==0.1.12",
    "modelaudit-picklescan==0.1.12",
    "safetensors==0.8.0",
    "numpy==2.4.6",
    "typing-extensions==4.16.0",  # fickling 0.1.12 imports it and does not require it on Python 3.11.
)

OURS = ("dryload", "validate_safetensors", "read")

# A second sample of something this slow tells little and costs minutes.
SLOW = 5.0

COMMANDS = {
    "dryload": ("dryload", "scan", "{path}"),
    "python -c pass": ("python", "-c", "pass"),
    "picklescan": ("picklescan", "-p", "{path}"),
    "modelscan": ("modelscan", "-p", "{path}"),
    "fickling": ("fickling", "--check-safety", "{path}"),
}
INTERPRETED = ("python -c pass",)

if __name__ == "__main__":
    sys.exit(main())
