"""Counts the inputs that an engine needs to find each planted bug of `tests/planted`, and writes a table.

    python benches/planted.py --engine kit --engine kit+seeds
    python benches/planted.py --engine bytes --engine bytes+seeds --python ENV/bin/python --execs 200000

`fuzz` is the loop of `dryload fuzz`, which follows the lines that an input reaches; `kit` is its inputs
alone. `bytes` is atheris where the interpreter of `--python` has it, with the parsers instrumented; where it
has not, a loop that mutates bytes and sees no coverage. Engines with `+seeds` begin with the three sound
files of each bug.
Every bug has a process of its own, because an engine may end it. Figures are kept in `planted.json`, and an
engine that is not asked keeps its own. The exit code is 1 when a process failed, or when `fuzz` missed a bug
in `--bar` inputs.
"""

from __future__ import annotations

import argparse
import ctypes
import datetime
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

Result = dict[str, Any]


def kit_inputs(format: str, seed: int, seeds: Sequence[bytes] = ()) -> Iterator[bytes]:
    """Gives the inputs of `dryload fuzz`, in its order, without what it would learn from running them."""
    from dryload.fuzzing.inputs import Inputs

    inputs = Inputs(format, seeds, seed=seed, max_len=MAX_LEN)
    return (inputs.at(number) for number in itertools.count())


def byte_inputs(seed: int, seeds: Sequence[bytes] = ()) -> Iterator[bytes]:
    """Gives the inputs of a loop that knows bytes alone: bits, runs, boundaries, pieces of other inputs."""
    draw = random.Random(seed)
    corpus = list(seeds) or [b"\n"]
    yield from corpus
    while True:
        data = bytearray(draw.choice(corpus))
        for _ in range(1 << draw.randint(0, 4)):
            _havoc(data, corpus, draw)
        made = bytes(data[:MAX_LEN])
        yield made
        # Without seeds there is nothing to grow from but what was made.
        if not seeds and len(corpus) < 256 and draw.random() < 0.02:
            corpus.append(made)


def _havoc(data: bytearray, corpus: Sequence[bytes], draw: random.Random) -> None:
    at = draw.randrange(len(data) + 1)
    action = draw.randrange(6)
    if action == 0 and at < len(data):
        data[at] ^= 1 << draw.randrange(8)
    elif action == 1:
        data[at : at + 1] = draw.randbytes(1)
    elif action == 2:
        width = draw.choice((1, 2, 4, 8))
        value = draw.choice((0, 1, 127, 128, 255, 1 << 15, 1 << 31, (1 << 63) - 1, (1 << 64) - 1))
        data[at : at + width] = (value % (1 << 8 * width)).to_bytes(width, draw.choice(("little", "big")))
    elif action == 3:
        del data[at : at + draw.randint(1, 16)]
    elif action == 4:
        data[at:at] = draw.randbytes(draw.randint(1, 8))
    else:
        other = draw.choice(corpus)
        begin = draw.randrange(len(other) + 1)
        data[at:at] = other[begin : begin + draw.randint(1, 32)]


def run_loop(name: str, engine: str, execs: int, seed: int) -> Result:
    """Feeds a bug the inputs of an engine until it shows or the budget ends."""
    from tests.planted.checks import Planted
    from tests.planted.registry import BY_NAME

    bug = BY_NAME[name]
    seeds = bug.seeds if engine.endswith("+seeds") else ()
    if engine.startswith("fuzz"):
        return _steered(bug, seeds, execs, seed)
    kit = engine.startswith("kit")
    inputs = kit_inputs(bug.format, seed, seeds) if kit else byte_inputs(seed, seeds)
    begun = time.perf_counter()
    number = 0
    for number, data in enumerate(itertools.islice(inputs, execs), 1):
        try:
            bug.target(data)
        except ValueError:
            continue
        except Planted:
            return _result(number, number, begun)
    return _result(None, number, begun)


def _steered(bug: Any, seeds: Sequence[bytes], execs: int, seed: int) -> Result:
    """Does what the loop of `dryload fuzz` does: inputs that reach new lines or errors are mutated again."""
    from dryload.fuzzing.coverage import Coverage, words_of
    from dryload.fuzzing.inputs import Inputs
    from tests.planted import checks
    from tests.planted.checks import Planted

    coverage = Coverage()
    # The words of all parsers: more than a user's target has.
    words = words_of(checks)
    inputs = Inputs(bug.format, seeds, seed=seed, max_len=MAX_LEN, words=words, reached=coverage.words)
    begun = time.perf_counter()
    for number in range(execs):
        data = inputs.at(number)
        coverage.start()
        accepted = False
        try:
            bug.target(data)
            accepted = True
        except ValueError as error:
            coverage.stop()
            coverage.message(error)
        except Planted:
            coverage.stop()
            return _result(number + 1, number + 1, begun)
        finally:
            coverage.stop()
        inputs.saw(number, data, fresh=coverage.fresh, shape=coverage.shape, accepted=accepted)
    return _result(None, execs, begun)


def run_atheris(name: str, engine: str, execs: int, seed: int) -> None:
    """Lets atheris find a bug; it ends the process, and the result is printed before."""
    mutator = os.environ.get("DRYLOAD_MUTATOR")
    if mutator:
        # The symbol is a weak one: it is found only when it is there before the core.
        ctypes.CDLL(mutator, ctypes.RTLD_GLOBAL)
    import atheris

    with atheris.instrument_imports(include=["tests.planted"]):
        from tests.planted.checks import Planted
        from tests.planted.registry import BY_NAME
    bug = BY_NAME[name]
    begun = 0.0
    number = 0

    def one(data: bytes) -> None:
        nonlocal begun, number
        begun = begun or time.perf_counter()
        number += 1
        try:
            bug.target(data)
        except ValueError:
            if number >= execs:
                _tell(_result(None, number, begun))
        except Planted:
            _tell(_result(number, number, begun))
        else:
            if number >= execs:
                _tell(_result(None, number, begun))

    with tempfile.TemporaryDirectory() as folder:
        arguments = ["planted", f"-seed={seed}", f"-max_len={MAX_LEN}", "-rss_limit_mb=0", "-verbosity=1"]
        if engine.endswith("+seeds"):
            for place, data in enumerate(bug.seeds):
                Path(folder, str(place)).write_bytes(data)
            arguments.append(folder)
        atheris.Setup(arguments, one, **({"internal_libfuzzer": True} if mutator else {}))
        atheris.Fuzz()


def _result(found: int | None, execs: int, begun: float) -> Result:
    seconds = time.perf_counter() - begun
    return {"found": found, "execs": execs, "rate": round(execs / seconds) if seconds > 0.05 else None}


def _tell(result: Result) -> None:
    print(json.dumps(result), flush=True)
    os._exit(0)


def has_atheris(python: str) -> bool:
    """Says whether an interpreter has atheris."""
    return subprocess.run([python, "-c", "import atheris"], capture_output=True, check=False).returncode == 0


def measure(name: str, engine: str, options: argparse.Namespace) -> Result:
    """Runs one bug with one engine in a process of its own."""
    worker = "loop" if engine.startswith(OURS) or not options.atheris else "atheris"
    python = sys.executable if engine.startswith(OURS) else options.python
    command = [python, __file__, "--worker", worker, "--bug", name, "--engine", engine]
    command += ["--execs", str(options.execs), "--seed", str(options.seed)]
    environment = dict(os.environ)
    if engine.startswith("mutator"):
        from tests.planted.registry import BY_NAME

        environment |= {"DRYLOAD_MUTATOR": options.mutator, "DRYLOAD_FUZZ_FORMAT": BY_NAME[name].format}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    unused = engine.startswith("mutator") and "found LLVMFuzzerCustomMutator" not in done.stderr
    if done.returncode or not lines or unused:
        print(f"{engine} {name}: failed with {done.returncode}\n{done.stderr[-2000:]}", file=sys.stderr)
        return {"found": None, "execs": 0, "rate": None, "failed": True}
    result: Result = json.loads(lines[-1])
    return result


def table(kept: Mapping[str, Any], formats: Mapping[str, str]) -> str:
    """Writes what is kept as Markdown: how many each engine found, then each bug."""
    engines = [engine for engine in ENGINES if engine in kept]
    rows = [f"| engine | {' | '.join(COLUMNS)} |", f"|---|{'---|' * len(COLUMNS)}"]
    rows += [_summary(engine, kept[engine], formats) for engine in engines]
    rows += ["", f"| bug | format | {' | '.join(ENGINES)} |", f"|---|---|{'--:|' * len(ENGINES)}"]
    for name, format in formats.items():
        cells = (_cell(kept.get(engine, {}), name) for engine in ENGINES)
        rows.append(f"| `{name}` | {format} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _summary(engine: str, run: Mapping[str, Any], formats: Mapping[str, str]) -> str:
    found = [row["found"] for row in run["bugs"].values() if row["found"]]
    rates = [row["rate"] for row in run["bugs"].values() if row["rate"]]
    rate = f"{statistics.median(rates):,.0f}" if rates else ""
    within = sum(number <= 20_000 for number in found)
    what = f"{engine} ({run['by']})"
    total = len(formats)
    cells = (what, run["date"], f"{run['execs']:,}", f"{len(found)} of {total}", f"{within} of {total}", rate)
    return f"| {' | '.join(cells)} |"


def _cell(run: Mapping[str, Any], name: str) -> str:
    row = run.get("bugs", {}).get(name)
    if row is None:
        return ""
    if row.get("failed"):
        return "failed"
    return f"{row['found']:,}" if row["found"] else f"> {row['execs']:,}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what is asked, keeps the figures and writes the table."""
    options = _options(arguments)
    if options.worker == "atheris":
        run_atheris(options.bug[0], options.engine[0], options.execs, options.seed)
    if options.worker:
        print(json.dumps(run_loop(options.bug[0], options.engine[0], options.execs, options.seed)))
        return 0
    from tests.planted.registry import BUGS

    formats = {bug.name: bug.format for bug in BUGS}
    names = options.bug or list(formats)
    kept = json.loads(options.kept.read_text()) if options.kept.exists() else {}
    options.atheris = has_atheris(options.python)
    failed = missed = 0
    for engine in options.engine:
        by = "dryload" if engine.startswith(OURS) else "atheris" if options.atheris else "loop"
        run = kept.setdefault(engine, {"bugs": {}})
        run.update(date=str(datetime.date.today()), execs=options.execs, seed=options.seed, by=by)
        ask: Callable[[str], Result] = lambda name, engine=engine: measure(name, engine, options)  # noqa: E731
        with ThreadPoolExecutor(options.jobs) as pool:
            for name, result in zip(names, pool.map(ask, names), strict=True):
                run["bugs"][name] = result
                failed += "failed" in result
                missed += (
                    engine.startswith("fuzz") and not (result["found"] or options.bar + 1) <= options.bar
                )
                print(f"{engine:12} {name:28} {_cell(run, name):>10}", flush=True)
        options.kept.write_text(json.dumps(kept, indent=1) + "\n")
    text = options.table.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    options.table.write_text(f"{head}{BEGIN}\n{table(kept, formats)}\n{END}{tail}", encoding="utf-8")
    return int(bool(failed or missed))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--engine",
        action="append",
        default=[],
        choices=ENGINES,
        help="may be repeated; without any, the table is written anew",
    )
    parser.add_argument("--bug", action="append", help="only this one; may be repeated")
    parser.add_argument("--execs", type=int, default=20_000, help="inputs for each bug")
    parser.add_argument("--bar", type=int, default=20_000, help="inputs that the kit may need for a bug")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has atheris")
    parser.add_argument("--mutator", default="", help="libdryload_mutator, for the engine of that name")
    parser.add_argument("--kept", type=Path, default=HERE / "planted.json")
    parser.add_argument("--table", type=Path, default=HERE.parent / "docs" / "fuzzing-planted.md")
    parser.add_argument("--worker", choices=("loop", "atheris"), help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


ENGINES = ("fuzz", "fuzz+seeds", "kit", "kit+seeds", "mutator", "mutator+seeds", "bytes", "bytes+seeds")
OURS = ("fuzz", "kit")
COLUMNS = ("run on", "inputs a bug", "found", "of these in 20,000", "inputs/s (median)")
MAX_LEN = 4096
BEGIN = "<!-- begin of what benches/planted.py writes -->"
END = "<!-- end of what benches/planted.py writes -->"

if __name__ == "__main__":
    sys.exit(main())
