"""Somebody swaps the file while it is checked and loaded: by rename and in place, again and again.

A scan of the path, then a load of the path, runs the payload; `safe_load` never does.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, pickle, sys, threading, time
import dryload, dryload.guards
from dryload.errors import UnsafeModelError
way, copied, guarded, folder, wanted = sys.argv[1:6]
path, mark = os.path.join(folder, "model.pkl"), os.path.join(folder, "ran")
if copied == "open":
    dryload.guards.COPIED = 0  # as for a file of gigabytes: the loader goes on with the open file
class Evil:
    def __reduce__(self):
        return os.mkdir, (mark,)
good = pickle.dumps({"weights": list(range(50))})
evil = pickle.dumps({"weights": list(range(50)), "x": Evil()})
attack = '''
import os, sys
path, way, good, evil = sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]), bytes.fromhex(sys.argv[4])
n = 0
while os.getppid() == int(sys.argv[5]):
    n += 1
    data = evil if n % 2 else good
    if way == "rename":
        with open(path + ".new", "wb") as file:
            file.write(data)
        os.replace(path + ".new", path)
    else:
        with open(path, "r+b") as file:
            file.write(data)
            file.truncate()
'''
with open(path, "wb") as file:
    file.write(good)
import subprocess
words = [sys.executable, "-c", attack, path, way, good.hex(), evil.hex(), str(os.getpid())]
attacker = subprocess.Popen(words)
accepted = refused = 0
until = time.monotonic() + 60
while accepted < int(wanted) and time.monotonic() < until and not os.path.exists(mark):
    try:
        if guarded == "safe_load":
            dryload.safe_load(path, loader=pickle.load)
        elif dryload.scan(path).ok:
            with open(path, "rb") as file:
                pickle.load(file)
        accepted += 1
    except (UnsafeModelError, pickle.UnpicklingError, EOFError, OSError, ValueError, KeyError, IndexError):
        refused += 1
attacker.kill()
print(accepted, refused, os.path.exists(mark))
"""


def raced(way: str, copied: str, guarded: str, tmp_path: Path, wanted: int) -> tuple[int, int, bool]:
    command = [sys.executable, "-c", SCRIPT, way, copied, guarded, str(tmp_path), str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    accepted, refused, ran = done.stdout.split()
    return int(accepted), int(refused), ran == "True"


@pytest.mark.parametrize("way", ["rename", "in place"])
@pytest.mark.parametrize("copied", ["copied", "open"])
def test_nothing_runs_in_a_thousand_loads_that_were_accepted(way: str, copied: str, tmp_path: Path) -> None:
    accepted, refused, ran = raced(way, copied, "safe_load", tmp_path, 1000)
    assert not ran
    assert accepted == 1000
    assert refused > 0


def test_without_the_guard_the_race_is_lost(tmp_path: Path) -> None:
    """The attack is a real one."""
    assert raced("rename", "copied", "scan, then load", tmp_path, 100_000)[2]
