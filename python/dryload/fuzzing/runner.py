"""Fuzzes a function: a parent that watches, children that call it, and findings that a person can use.

A child calls the target with one input after the other. When it dies or hangs, the parent knows which input
it was, takes it down and starts another child behind it. Each finding is made smaller in children of the same
kind while it stays the same finding: its class, the type of the exception and the innermost frame.

The same seed, files and number of calls give the same findings, save for what the target itself does by
chance. It needs Linux.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time

from dryload._frozen import frozen
from dryload.fuzzing.inputs import Inputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Any, Self


class TargetError(ValueError):
    """The target cannot be imported or is not there."""


@frozen
class Settings:
    """What is fuzzed and how; `memory` in bytes, `seconds` for each input."""

    target: str
    format: str
    seeds: tuple[bytes, ...] = ()
    seed: int = 1
    execs: int = 100_000
    way: str = "bytes"
    expect: tuple[str, ...] = ()
    seconds: float = 5.0
    memory: int = 1 << 30
    max_len: int = 4096
    folder: str = "."


@frozen
class Found:
    """One finding: the smallest input that was found for it, and the number of the first one."""

    kind: str
    type: str
    where: str
    text: str
    number: int
    data: bytes
    first: bytes

    @property
    def signature(self) -> str:
        """A short name that the same finding has in every run."""
        identity = f"{self.kind}\0{self.type}\0{self.where}"
        return f"{self.kind}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"


class Fuzzer:
    """One run.

    Attributes:
        done: inputs that were tried. found: the findings by signature, in the order in which they came. tick:
        called now and then.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tick: Callable[[], None] | None = None
        self.done = 0
        self.found: dict[str, Found] = {}
        self._inputs = Inputs(settings.format, settings.seeds, seed=settings.seed, max_len=settings.max_len)

    def run(self) -> None:
        """Tries all inputs.

        Raises:
            TargetError: the target cannot be called.
        """
        first = 0
        while first < self.settings.execs:
            with Child(self.settings, first=first, end=self.settings.execs) as child:
                first = self._follow(child)

    def _follow(self, child: Child) -> int:
        """Takes what a child tells until it ends; gives the number of the next input."""
        while True:
            told = child.line(self.settings.seconds)
            self.done = child.finished()
            if self.tick is not None:
                self.tick()
            if told is None:
                continue
            if "done" in told:
                return self.settings.execs
            if "number" not in told:
                # Dead or hanging, at this input.
                number = child.begun()
                self._keep(number, told)
                return number + 1
            self._keep(told.pop("number"), told)

    def _keep(self, number: int, told: dict[str, Any]) -> None:
        data = self._inputs.at(number)
        found = Found(
            kind=told["class"],
            type=told["type"],
            where=told["where"],
            text=told["text"],
            number=number,
            data=data,
            first=data,
        )
        if found.signature in self.found:
            return
        self.found[found.signature] = found
        small = minimize(self.settings.format, data, lambda each: self._is_same(each, found), TRIES[found.kind])
        self._close_probe()
        self.found[found.signature] = Found(
            kind=found.kind,
            type=found.type,
            where=found.where,
            text=found.text,
            number=number,
            data=small,
            first=data,
        )

    def _is_same(self, data: bytes, found: Found) -> bool:
        told = self._probe().ask(data, self.settings.seconds)
        if not told:
            return False
        if told["class"] in ("crash", "hang") or told["type"] == "SIGKILL":
            self._close_probe()
        return (told["class"], told["type"], told["where"]) == (found.kind, found.type, found.where)

    _child: Child | None = None

    def _probe(self) -> Child:
        if self._child is None:
            self._child = Child(self.settings, first=0, end=0, probe=True).__enter__()
        return self._child

    def _close_probe(self) -> None:
        if self._child is not None:
            self._child.__exit__(None, None, None)
            self._child = None


class Child:
    """A process that calls the target."""

    def __init__(self, settings: Settings, *, first: int, end: int, probe: bool = False) -> None:
        self._settings = settings
        self._first = first
        self._place = tempfile.NamedTemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._place.write(struct.pack("<QQ", first, first))
        self._place.flush()
        read, write = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-c", CHILD.format(fd=write)],
            stdin=subprocess.PIPE,
            pass_fds=[write],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([HOME, *sys.path])},
        )
        os.close(write)
        self._out = read
        self._buffer = b""
        self._ended = False
        self._seen = (first, time.monotonic())
        self._send(
            {
                "target": settings.target,
                "as": settings.way,
                "suffix": "." + settings.format,
                "expect": settings.expect,
                "format": settings.format,
                "seeds": [base64.b64encode(each).decode() for each in settings.seeds],
                "seed": settings.seed,
                "max_len": settings.max_len,
                "memory": settings.memory,
                "folder": os.path.abspath(settings.folder),
                "place": self._place.name,
                "first": first,
                "end": end,
                "probe": probe,
            }
        )
        hello = self._next_line(STARTUP)
        if hello is None or "ready" not in hello:
            self.__exit__(None, None, None)
            told = "the target's process ended before its first input"
            raise TargetError((hello or {}).get("broken", told))
        self._seen = (first, time.monotonic())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        os.close(self._out)
        self._place.close()

    def ask(self, data: bytes, seconds: float) -> dict[str, Any] | None:
        """Gives what one input does; None for nothing."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(base64.b64encode(data) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return self._death()
        told = self._next_line(seconds + 1)
        if told is not None:
            return told
        return self._death() if self._ended else self._hang()

    def line(self, seconds: float) -> dict[str, Any] | None:
        """Gives the next finding, what the child died of, or None after a moment without any."""
        told = self._next_line(MOMENT)
        if told is not None:
            return told
        if self._ended:
            return self._death()
        begun = self.begun()
        if begun != self._seen[0]:
            self._seen = (begun, time.monotonic())
        elif time.monotonic() - self._seen[1] > seconds:
            return self._hang()
        return None

    def begun(self) -> int:
        """The number of the input that was begun last."""
        return self._numbers()[0]

    def finished(self) -> int:
        """How many inputs are done."""
        return self._numbers()[1]

    def _numbers(self) -> tuple[int, int]:
        begun, finished = struct.unpack("<QQ", os.pread(self._place.fileno(), 16, 0))
        return begun, finished

    def _death(self) -> dict[str, Any]:
        code = self._process.wait()
        if code >= 0:
            return {
                "class": "crash",
                "type": f"exit {code}",
                "where": "",
                "text": f"the process ends with {code}",
            }
        name = signal.Signals(-code).name
        if name == "SIGKILL":
            return {"class": "memory", "type": name, "where": "", "text": "killed: more memory than there is"}
        return {"class": "crash", "type": name, "where": "", "text": f"the process dies of {name}"}

    def _hang(self) -> dict[str, Any]:
        text = f"takes more than {self._settings.seconds:g} s"
        return {"class": "hang", "type": "timeout", "where": "", "text": text}

    def _send(self, told: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told).encode() + b"\n")
        self._process.stdin.flush()

    def _next_line(self, seconds: float) -> dict[str, Any] | None:
        until = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._out], [], [], max(0, until - time.monotonic()))
            piece = os.read(self._out, 65536) if ready else b""
            if not piece:
                # Its end of the pipe is closed: it is dead, or about to be.
                self._ended = bool(ready)
                return None
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        told = json.loads(line)
        return {} if told is None else dict(told)


def minimised(data: bytes, is_same: Callable[[bytes], bool], *, tries: int) -> bytes:
    """Makes an input smaller while it stays the same finding: parts are left out, halves first, then bytes
    are made zeros.

    >>> minimised(b"some text with a needle in it", lambda each: b"needle" in each, tries=500)
    b'needle'
    """
    size = max(len(data) // 2, 1)
    while tries > 0:
        at = 0
        changed = False
        while at < len(data) and tries > 0:
            smaller = data[:at] + data[at + size :]
            tries -= 1
            if is_same(smaller):
                data, changed = smaller, True
            else:
                at += size
        if size == 1 and not changed:
            break
        size = size if changed and size == 1 else max(size // 2, 1)
    for at in range(len(data)):
        if tries <= 0:
            break
        plainer = data[:at] + b"\0" + data[at + 1 :]
        if plainer != data:
            tries -= 1
            if is_same(plainer):
                data = plainer
    return data


def summary(found: Sequence[Found]) -> dict[str, int]:
    """Counts findings by class."""
    counts: dict[str, int] = {}
    for each in found:
        counts[each.kind] = counts.get(each.kind, 0) + 1
    return counts


# Calls that making an input smaller may take: those that end a process are dear.
TRIES = {"exception": 2000, "side_effect": 2000, "memory": 200, "crash": 100, "hang": 20}
# Seconds between two looks at a child, and for its start.
MOMENT, STARTUP = 0.05, 60.0
HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CHILD = "import os; os.dup2({fd}, 3); from dryload.fuzzing._fuzzed import main; main()"
