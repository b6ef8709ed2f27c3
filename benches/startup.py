"""What a scan of one small file costs as a process of its own, beside the bare interpreter: time and memory.

    python benches/startup.py

It prints the minimum of twenty starts of each, taken in turn so that both see the same machine, their ratio,
and the largest memory of a scan. Noise only ever adds, so the minimum is the figure that comes back.
"""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 20
# An installed package has its modules compiled; a checkout writes them on the first start.
ENVIRON = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def started(words: list[str], folder: str) -> tuple[float, int]:
    """Runs a command in a folder and gives its milliseconds and the bytes that it held at most."""
    actions = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    os.chdir(folder)
    begin = time.perf_counter()
    process = os.posix_spawn(words[0], words, ENVIRON, file_actions=actions)
    _, status, used = os.wait4(process, 0)
    elapsed = (time.perf_counter() - begin) * 1000
    if status:
        raise SystemExit(f"{words}: exit code {os.waitstatus_to_exitcode(status)}")
    return elapsed, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Prints the figures."""
    script = Path(sys.executable).with_name("dryload")
    scan = [str(script)] if script.exists() else [sys.executable, "-m", "dryload"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.pkl"
        path.write_bytes(pickle.dumps({"weights": [1.0, 2.0]}, 4))
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "dryload scan": [*scan, "scan", str(path)],
        }
        samples: dict[str, list[tuple[float, int]]] = {name: [] for name in commands}
        started(commands["dryload scan"], folder)
        for _ in range(ROUNDS):
            for name, words in commands.items():
                samples[name].append(started(words, folder))
        os.chdir("/")
    best = {name: min(elapsed for elapsed, _ in each) for name, each in samples.items()}
    for name, each in samples.items():
        memory = max(held for _, held in each) / 1e6
        print(f"{name:<16} {best[name]:6.1f} ms  {memory:5.1f} MB at most")
    bare, scanned = best.values()
    print(f"ratio            {scanned / bare:6.2f}   (minimum of {ROUNDS} each, one run)")


if __name__ == "__main__":
    main()
