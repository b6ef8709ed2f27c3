"""The effect oracle: what loading a file really does, in a process that is thrown away.

A file that was called inert is loaded by the loader of its format, under an audit hook that permits next to
nothing: no process, no file, no socket, no native code, no code at all, no thread, no import. The modules
that the report names are imported before the hook is armed, and nothing but them. Afterwards the
environment, `sys`, the modules and the classes that the report names must be as they were.

It refuses files that are not inert: it is no sandbox, and what acts would act. It needs Linux.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from enum import StrEnum

from dryload._frozen import frozen
from dryload.errors import UnsafeModelError
from dryload.findings import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dryload.report import Report

    Name = tuple[str, str]


class Outcome(StrEnum):
    """How a load ended."""

    QUIET = "quiet"  # loaded, and nothing else happened
    RAISED = "raised"  # refused by the loader, and nothing else happened
    ABSENT = "absent"  # a module that it names cannot be imported here
    ACTED = "acted"  # did something that the promise excludes
    KILLED = "killed"  # ended the process
    LATE = "late"  # took too long
    STARVED = "starved"  # asked for more memory than there was

    @property
    def keeps_the_promise(self) -> bool:
        """True when nothing happened, or nothing could be tried."""
        return self in (Outcome.QUIET, Outcome.RAISED, Outcome.ABSENT)


@frozen
class Load:
    """A file to be loaded: its bytes, the kind of its loader, and the names that it may ask for."""

    data: bytes
    kind: str
    names: frozenset[Name]


@frozen
class Effect:
    """What a load did: an event of the audit hook or a change, a line each, and the error that ended it."""

    outcome: Outcome
    events: tuple[str, ...]
    error: str


def load_of(data: bytes, report: Report) -> Load:
    """What there is to load in an inert file, by the format that its report shows.

    Raises:
        UnsafeModelError: the file is not inert.
    """
    if report.verdict is not Verdict.INERT:
        raise UnsafeModelError(report)
    names = frozenset((row.module, row.qualname) for part in report.parts for row in part.imports)
    return Load(data=data, kind=KINDS.get(report.format, "pickle"), names=names)


def watch(
    loads: Sequence[Load],
    *,
    seconds: int = 10,
    memory: int = 1 << 30,
    paths: Sequence[str] | None = None,
    python: str = sys.executable,
) -> list[Effect]:
    """Loads each file in a process of its own and tells what that did, in the order of `loads`.

    Files that name the same modules share what is imported before; that is all they share. `seconds` and
    `memory`, in bytes, bound each load; `paths` are the folders of installed packages, those of this
    interpreter by default.

    >>> import dryload, pickle
    >>> data = pickle.dumps({"weights": [1.0, 2.0]})
    >>> watch([load_of(data, dryload.scan(data))])
    [Effect(outcome=<Outcome.QUIET: 'quiet'>, events=(), error='')]
    """
    effects: dict[int, Effect] = {}
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [python, "-I", "-S", "-B", SCRIPT],
            cwd=folder,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            hello = {"paths": list(_packages() if paths is None else paths)}
            process.stdin.write(json.dumps(hello).encode() + b"\n")
            for bundle in _bundles(loads, seconds=seconds, memory=memory):
                process.stdin.write(json.dumps(bundle).encode() + b"\n")
                process.stdin.flush()
                while (line := process.stdout.readline()) not in (b"\n", b""):
                    told = json.loads(line)
                    effects[told["at"]] = Effect(
                        outcome=Outcome(told["outcome"]), events=tuple(told["events"]), error=told["error"]
                    )
        finally:
            process.stdin.close()
            process.stdout.close()
            process.wait()
    lost = Effect(outcome=Outcome.ABSENT, events=(), error="importing its modules ended the process")
    return [effects.get(at, lost) for at in range(len(loads))]


def _bundles(loads: Sequence[Load], *, seconds: int, memory: int) -> Iterator[dict[str, object]]:
    """Groups files by loader and by the modules that they name, and the groups by what takes long to import.

    Importing a module imports the package it is in; so a package that every module set of a bundle names can
    be imported before, and the modules are still exactly those that a file names.
    """
    groups: dict[tuple[str, frozenset[str]], list[int]] = {}
    for at, load in enumerate(loads):
        modules = frozenset(module for module, _ in load.names)
        groups.setdefault((load.kind, modules), []).append(at)
    bundles: dict[tuple[str, ...], list[object]] = {}
    for (kind, modules), members in groups.items():
        packages = {module.partition(".")[0] for module in (kind, *modules)}
        group = {
            "kind": kind,
            "modules": sorted(modules),
            "seconds": seconds,
            "memory": memory,
            "items": [
                {
                    "at": at,
                    "data": base64.b64encode(loads[at].data).decode(),
                    "names": sorted(loads[at].names),
                }
                for at in members
            ],
        }
        bundles.setdefault(tuple(sorted(packages & SLOW)), []).append(group)
    for common, together in bundles.items():
        yield {"packages": common, "groups": together}


def _packages() -> list[str]:
    return [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")]


# The loader of each format; a pickle is what is left.
KINDS = {
    "npy": "numpy",
    "npz": "numpy",
    "joblib": "joblib",
    "skops": "skops",
    "torch-zip": "torch",
    "torch-legacy": "torch",
}
# Packages that take long to import.
SLOW = frozenset({"joblib", "numpy", "pandas", "scipy", "sklearn", "skops", "torch"})
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_watched.py")
# Libraries of linear algebra start threads as they are imported, unless told.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "HOME": "/nonexistent",
}
