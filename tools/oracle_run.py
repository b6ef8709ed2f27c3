"""Runs the oracles of `dryload.fuzzing` on a budget, and writes every violation to a file.

    python tools/oracle_run.py --pickles 2000000 --seed 1 --jobs 2
    python tools/oracle_run.py --effects 5000 --seed 1

`--pickles` asks unpicklers: half of the pickles are generated, half are mutants of seeds and of what was
generated. `--effects` loads inert files: generated ones, as pickles and inside the containers of numpy,
joblib and torch where these are installed, and those of tests/data. A run is determined by its seed and its
budget. It exits with 1 when a violation was found, and with 2 when it was stopped; then it tells how far it
came.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import multiprocessing
import signal
import sys
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

from dryload import Policy, Verdict, scan
from dryload.fuzzing import Load, ask, disagreements, load_of, pickle_of, unreported, untold, watch
from dryload.fuzzing.oracles import READERS, is_without_defect, room

SEEDS = Path(__file__).parents[1] / "tests" / "data"
# Pickles that a process works through before it reports; a process that dies loses what it had not told.
CHUNK = 5_000
# Seeds longer than this are left out: mutants of a forest teach little and cost much.
LONGEST_SEED = 16 * 1024


@dataclass
class Tally:
    """What a stretch of the run came to."""

    tried: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    unread: int = 0
    violations: list[tuple[str, bytes]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.tried += other.tried
        self.asked += other.asked
        self.unread += other.unread
        self.accepted += other.accepted
        self.made += other.made
        self.verdicts += other.verdicts
        self.violations += other.violations


def seeds() -> list[bytes]:
    """The pickles among the files for the tests, and those inside their archives."""
    found = []
    for path in sorted(SEEDS.rglob("*")):
        data = path.read_bytes() if path.is_file() and path.suffix in PICKLES else b""
        if data.startswith(b"PK"):
            try:
                archive = zipfile.ZipFile(io.BytesIO(data))
                found += [archive.read(name) for name in archive.namelist() if name.endswith(".pkl")]
            except Exception:
                continue
        elif data:
            found.append(data)
    return [data for data in dict.fromkeys(found) if 0 < len(data) <= LONGEST_SEED]


PICKLES = {".pkl", ".pt", ".pth", ".bin", ".joblib"}


def tried(number: int, from_files: list[bytes], policy: Policy, tally: Tally) -> None:
    """Asks about one pickle."""
    kind, data = "mutant" if number % 2 else "generated", pickle_of(number, from_files)
    report = scan(data, policy=policy)
    tally.tried += 1
    tally.made[kind] += 1
    tally.verdicts[f"{kind} {report.verdict}"] += 1
    inert = report.verdict is Verdict.INERT
    # What is neither inert nor sound promises nothing: one reader says whether it can be read at all.
    sound = inert or is_without_defect(data, policy)
    asked = ask(data, readers=None if sound else READERS[:1])
    tally.accepted[kind] += not asked[0].error
    if not sound:
        return
    tally.asked += 1
    tally.unread += inert and all(one.error for one in asked)
    wrong: list[object] = [*unreported(data, report, asked=asked), *disagreements(data, report, asked=asked)]
    wrong += untold(data, policy=policy, asked=asked)
    tally.violations += [(f"{number}: {report.verdict}: {each}", data) for each in wrong]


def stretch(numbers: range, at: Synchronized[int]) -> Tally:
    """A stretch of the run; `at` says where it is, should it die."""
    tally, from_files, policy = Tally(), seeds(), Policy.default()
    with room():
        for number in numbers:
            at.value = number
            tried(number, from_files, policy, tally)
    return tally


def worker(numbers: range, results: Any, at: Synchronized[int]) -> None:
    """Works through one stretch in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    results.put(stretch(numbers, at))


def ask_many(options: argparse.Namespace, total: Tally) -> None:
    """Asks about the whole budget; a stretch in which a reader dies is begun anew before and behind that
    place."""
    context = multiprocessing.get_context("fork")
    began = time.monotonic()
    end = options.seed + options.pickles
    left = [range(at, min(at + CHUNK, end)) for at in range(options.seed, end, CHUNK)]
    left.reverse()
    running: list[tuple[Any, Any, Any, range]] = []
    while left or running:
        while left and len(running) < options.jobs:
            results, at, numbers = context.SimpleQueue(), context.Value("q", -1), left.pop()
            process = context.Process(target=worker, args=(numbers, results, at), daemon=True)
            process.start()
            running.append((process, results, at, numbers))
        for entry in list(running):
            process, results, at, numbers = entry
            ended = not process.is_alive()
            if not results.empty():
                total.add(results.get())
                process.join()
                show(total, began, options.pickles)
                keep(total.violations, options.out)
            elif process.exitcode in (-signal.SIGTERM, -signal.SIGKILL):
                raise KeyboardInterrupt  # Somebody wants it to end, or there is no memory left.
            elif ended:
                what = f"{at.value}: a reader died with {process.exitcode}"
                total.violations.append((what, pickle_of(at.value, seeds())))
                left += [
                    each
                    for each in (range(at.value + 1, numbers.stop), range(numbers.start, at.value))
                    if each
                ]
            else:
                continue
            running.remove(entry)
        time.sleep(0.05)


def show(total: Tally, began: float, budget: int) -> None:
    """A line of progress."""
    spent = time.monotonic() - began
    print(
        f"{total.tried:>9,} of {budget:,} in {spent:,.0f} s ({total.tried / spent:,.0f}/s), "
        f"{total.asked:,} asked of all readers, {len(total.violations)} violations",
        flush=True,
    )


def keep(violations: list[tuple[str, bytes]], out: Path) -> None:
    """Writes each violation: its bytes, and beside them what is wrong."""
    out.mkdir(parents=True, exist_ok=True)
    for what, data in violations:
        name = hashlib.sha256(data).hexdigest()[:16]
        (out / f"{name}.bin").write_bytes(data)
        (out / f"{name}.txt").write_text(f"{what}\n{data.hex()}\n", encoding="utf-8")


def contained(data: bytes) -> list[tuple[str, bytes]]:
    """The pickle alone, and inside the containers that loaders open."""
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    header += b" " * (53 - len(header) % 64 if len(header) % 64 < 54 else 117 - len(header) % 64) + b"\n"
    npy = b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header + data
    npz = io.BytesIO()
    with zipfile.ZipFile(npz, "w") as archive:
        archive.writestr("a.npy", npy)
    # A storage that nobody declares is reported: those that the generator's persistent ids may name are
    # tried in every combination.
    some = range(1 << len(STORAGES) if b"storage" in data else 1)
    torch = [
        ("m.pt", torch_zip(data, [key for key in range(len(STORAGES)) if mask >> key & 1])) for mask in some
    ]
    return [("m.pkl", data), ("m.npy", npy), ("m.npz", npz.getvalue()), *torch]


def torch_zip(data: bytes, keys: list[int]) -> bytes:
    """An archive of torch with some storages."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("m/data.pkl", data)
        archive.writestr("m/version", "3\n")
        for key in keys:
            archive.writestr(f"m/data/{key}", bytes(STORAGES[key]))
    return file.getvalue()


# Bytes of the storages 0, 1 and 2 of the generator.
STORAGES = (16, 16, 8)


def effects(options: argparse.Namespace, total: Tally) -> None:
    """Loads so many inert files."""
    files = [(path.name, path.read_bytes()) for path in sorted(SEEDS.rglob("*")) if path.is_file()]
    pickles = seeds()
    loads: dict[bytes, Load] = {}
    number = options.seed
    while len(loads) < options.effects:
        for name, data in files or contained(pickle_of(number, pickles)):
            report = scan(data, name=name)
            # Tensors without a pickle have nothing that could act.
            if report.verdict is Verdict.INERT and report.format in LOADED:
                loads.setdefault(data, load_of(data, report))
        files = []
        number += 1
    began = time.monotonic()
    some = list(loads.values())[: options.effects]
    for at in range(0, len(some), 500):
        part = some[at : at + 500]
        for load, effect in zip(part, watch(part), strict=True):
            total.tried += 1
            total.verdicts[f"{load.kind} {effect.outcome}"] += 1
            if not effect.outcome.keeps_the_promise:
                what = f"{load.kind} {effect.outcome}: {'; '.join(effect.events)} {effect.error}"
                total.violations.append((what, load.data))
        print(
            f"{total.tried:,} loaded in {time.monotonic() - began:,.0f} s, "
            f"{len(total.violations)} violations",
            flush=True,
        )
        keep(total.violations, options.out)


LOADED = {"pickle", "npy", "npz", "joblib", "torch-zip", "torch-legacy"}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pickles", type=int, default=0, help="ask unpicklers about so many pickles")
    parser.add_argument("--effects", type=int, default=0, help="load so many inert files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("oracle-violations"), help="folder for violations")
    options = parser.parse_args()
    if not options.pickles and not options.effects:
        parser.error("name a budget: --pickles or --effects")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    code = 0
    for budget, run in ((options.pickles, ask_many), (options.effects, effects)):
        total = Tally()
        try:
            if budget:
                run(options, total)
        except KeyboardInterrupt:
            print("stopped before its end")
            code = 2
        summary(total, options.out)
        code = 1 if total.violations else code
    return code


def summary(total: Tally, out: Path) -> None:
    """What the run came to."""
    for kind, made in total.made.items():
        print(f"{kind}: {made:,} made, {total.accepted[kind] / made:.1%} read to the end by C from bytes")
    if total.made:
        print(f"{total.asked:,} asked of all readers, {total.unread:,} inert ones that none reads to the end")
    for what, count in sorted(total.verdicts.items()):
        print(f"{count:>9,}  {what}")
    if total.tried:
        where = f", in {out}" if total.violations else ""
        print(f"{total.tried:,} tried, {len(total.violations)} violations{where}")
    for what, data in total.violations[:40]:
        print(f"{what}\n    {data[:200].hex()}")


if __name__ == "__main__":
    sys.exit(main())
