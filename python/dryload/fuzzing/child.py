"""A process that calls a target: it is started, listened to, and taken down when it hangs.

The child writes the number of each input, and the input, into a file that both have open, before it calls the
target: of a process that died or hangs, the parent knows what it died of. Lines of JSON come through a pipe.
"""

from __future__ import annotations

import base64
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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Any, Self


class TargetError(ValueError):
    """The target cannot be imported or is not there."""


@frozen
class Settings:
    """What is fuzzed and how; `memory` in bytes, `seconds` for each input.

    `oracle` is a name of `references.reference`; `engine` is `loop` or `atheris`; `native` are extensions
    that were built with counters (`dryload fuzz build`).
    """

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
    oracle: str | None = None
    coverage: bool = True
    engine: str = "loop"
    native: tuple[str, ...] = ()


class Child:
    """A process that calls the target with inputs from a number on, or as a probe with what it is sent."""

    def __init__(
        self,
        settings: Settings,
        *,
        first: int,
        end: int,
        probe: bool = False,
        learned: Sequence[bytes] = (),
        known: Sequence[tuple[str, str, str]] = (),
        limit: float | None = None,
        warm: bytes | None = None,
    ) -> None:
        """Starts it and waits until the target is imported.

        A child that follows another gets what that learned, the findings that are known, and how long a call
        may take now. A probe calls the target with `warm` first: what it imports on first use is there then.

        Raises:
            TargetError: the target cannot be called.
        """
        self._settings = settings
        self._place = tempfile.NamedTemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._place.write(HEAD.pack(first, first, 0) + bytes(settings.max_len))
        self._place.flush()
        read, write = os.pipe()
        # A probe calls what it is sent; it needs atheris only to import what was built with counters.
        atheris = settings.native or (settings.engine == "atheris" and not probe)
        module = "_atheris" if atheris else "_fuzzed"
        self._process = subprocess.Popen(
            [sys.executable, "-c", CHILD.format(fd=write, module=module)],
            stdin=subprocess.PIPE,
            pass_fds=[write],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([HOME, *sys.path])},
        )
        os.close(write)
        self._out = read
        self._buffer = b""
        self._ended = False
        self._first = first
        self._send(
            {
                "target": settings.target,
                "as": settings.way,
                "suffix": "." + settings.format,
                "expect": settings.expect,
                "format": settings.format,
                "seeds": [base64.b64encode(each).decode() for each in settings.seeds],
                "learned": [base64.b64encode(each).decode() for each in learned],
                "seed": settings.seed,
                "max_len": settings.max_len,
                "memory": settings.memory,
                "seconds": settings.seconds,
                "limit": settings.seconds if limit is None else limit,
                "known": list(known),
                "warm": None if warm is None else base64.b64encode(warm).decode(),
                "folder": os.path.abspath(settings.folder),
                "oracle": settings.oracle,
                "coverage": settings.coverage and not probe,
                "native": settings.native,
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
            self._send({"data": base64.b64encode(data).decode(), "seconds": seconds})
        except BrokenPipeError:
            return self._death()
        told = self._next_line(seconds + GRACE)
        if told is not None:
            return told
        return self._death() if self._ended else self._hang()

    def line(self, seconds: float) -> dict[str, Any] | None:
        """Gives the next line, what the child died of, or None after a moment without any."""
        told = self._next_line(MOMENT)
        if told is not None:
            return told
        if self._ended:
            return self._death()
        begun = self.begun()
        if begun != self._seen[0]:
            self._seen = (begun, time.monotonic())
        elif time.monotonic() - self._seen[1] > (seconds if self.finished() > self._first else FIRST) + GRACE:
            return self._hang()
        return None

    def begun(self) -> int:
        """The number of the input that was begun last."""
        return self._head()[0]

    def finished(self) -> int:
        """How many inputs are done."""
        return self._head()[1]

    def data(self) -> bytes:
        """The input that was begun last."""
        return os.pread(self._place.fileno(), self._head()[2], HEAD.size)

    def _head(self) -> tuple[int, int, int]:
        begun, finished, length = HEAD.unpack(os.pread(self._place.fileno(), HEAD.size, 0))
        return begun, finished, length

    def _death(self) -> dict[str, Any]:
        code = self._process.wait()
        if code >= 0:
            text = f"the process ends with {code}"
            return {"class": "crash", "type": f"exit {code}", "where": "", "text": text}
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


# Input begun, inputs done, length of the input that follows.
HEAD = struct.Struct("<QQQ")
# Seconds that a call may take longer than allowed: those in Python end by themselves.
GRACE = 1.0
# Seconds that the first call of a process may take: targets import what they need.
FIRST = 20.0
# Seconds between two looks at a child, and for its start.
MOMENT, STARTUP = 0.05, 60.0
HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CHILD = "import os; os.dup2({fd}, 3); from dryload.fuzzing.{module} import main; main()"
