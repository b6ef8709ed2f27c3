"""Calls a target with one input after the other and tells what became of each. Run as a script, by `runner`.

A line of JSON on stdin says what to call and from which input on; each new finding is a line on fd 3, and so
is each input that reached something new. Before each call the number of the input and the input are written
into a shared file, so that the parent knows what a process died of. What the target prints goes nowhere.
"""

from __future__ import annotations

import base64
import importlib
import io
import json
import mmap
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any

from dryload.fuzzing.child import FIRST, HEAD
from dryload.fuzzing.coverage import Coverage, words_of
from dryload.fuzzing.references import code_of, reference

if TYPE_CHECKING:
    from dryload.fuzzing.inputs import Inputs

ACTS = frozenset(
    {"os.system", "subprocess.Popen", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "socket.connect"}
    | {"os.remove", "os.rename", "os.rmdir", "shutil.rmtree", "os.mkdir"}
)


class Acted(BaseException):
    """Stops a side effect before it happens; not an Exception, so that few handlers swallow it."""


class Late(BaseException):
    """Ends a call that takes too long, where that is in Python."""


class Target:
    """What is called, and what it did."""

    def __init__(self, told: dict[str, Any]) -> None:
        module, _, name = told["target"].partition(":")
        sys.path.insert(0, told["folder"])
        self.module = importlib.import_module(module)
        found: Any = self.module
        for step in name.split("."):
            found = getattr(found, step)
        self._call = found
        self._way = told["as"]
        self._expected = set(told["expect"])
        self._watching = False
        self._seconds: float = told["seconds"]
        self._limit: float = told["limit"]
        self._slowest = 0.0
        self._is_fresh = True
        signal.signal(signal.SIGALRM, self._late)
        self._reference = reference(told["oracle"], told["format"]) if told["oracle"] else None
        self.coverage = Coverage() if told["coverage"] else None
        self.acts: list[str] = []
        self.accepted = False
        suffix = told["suffix"]
        self._file = tempfile.NamedTemporaryFile(suffix=suffix) if self._way == "path" else None  # noqa: SIM115
        sys.addaudithook(self._hook)

    def outcome(self, data: bytes) -> dict[str, Any] | None:
        """Calls it; None where nothing is to be told."""
        if self._is_fresh:
            # Once for what it imports, which takes its time and is not the target's code, and once to see
            # what it does.
            self._is_fresh = False
            self._called(data, limit=max(self._limit, FIRST), looks=False)
        return self._called(data, limit=self._limit, looks=True)

    def _called(self, data: bytes, *, limit: float, looks: bool) -> dict[str, Any] | None:
        self.acts.clear()
        self.accepted = False
        refused: BaseException | None = None
        result: Any = None
        if looks and self.coverage is not None:
            self.coverage.start()
        try:
            given = self._given(data)
            self._watching = True
            signal.setitimer(signal.ITIMER_REAL, limit)
            began = time.perf_counter()
            result = self._call(given)
            self.accepted = True
            if looks:
                self._slowest = max(self._slowest, time.perf_counter() - began)
        except Acted:
            pass
        except Late as error:
            self._looked_away()
            # A second one need not take as long to be told from what is only slow.
            self._limit = min(self._seconds, max(0.2, 50 * self._slowest))
            place = self._told("hang", error)["where"]
            text = f"takes more than {self._seconds:g} s"
            told = {"class": "hang", "type": "timeout", "where": place, "text": text}
            return {**told, "limit": self._limit}
        except BaseException as error:
            self._looked_away()
            if isinstance(error, MemoryError):
                return self._told("memory", error)
            if not self._is_expected(error):
                return self._told("exception", error)
            refused = error
            if self.coverage is not None:
                self.coverage.message(error)
        finally:
            self._looked_away()
        if self.acts:
            kind = self.acts[0].partition("(")[0]
            return {"class": "side_effect", "type": kind, "where": "", "text": self.acts[0]}
        return None if self._reference is None else self._compared(data, refused, result)

    def at_most(self, seconds: float) -> None:
        """Changes how long a call may take; the next one is not the first."""
        self._is_fresh, self._limit = False, seconds

    def _late(self, _signal: int, _frame: object) -> None:
        raise Late

    def _looked_away(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._watching = False
        if self.coverage is not None:
            self.coverage.stop()

    def _compared(self, data: bytes, refused: BaseException | None, result: object) -> dict[str, Any] | None:
        """Holds what the target did against what the reference does."""
        assert self._reference is not None
        try:
            right = self._reference(data)
        except Exception as error:
            if refused is not None:
                return None
            code, text = code_of(error), f"{error}"[:300]
            return {
                "class": "accepts_invalid",
                "type": code,
                "where": "",
                "text": f"accepts what is refused: {text}",
            }
        if refused is not None:
            told = self._told("rejects_valid", refused)
            return {**told, "text": f"refuses what is read: {told['text']}"}
        if right is None or result is None or repr(right) == repr(result):
            return None
        text = f"gives {result!r}"[:180] + f", and the reference {right!r}"[:180]
        return {"class": "disagreement", "type": "value", "where": "", "text": text}

    def _given(self, data: bytes) -> Any:
        if self._file is None:
            return io.BytesIO(data) if self._way == "file" else data
        self._file.seek(0)
        self._file.truncate()
        self._file.write(data)
        self._file.flush()
        return self._file.name

    def _is_expected(self, error: BaseException) -> bool:
        return any(each.__name__ in self._expected for each in type(error).__mro__)

    def _told(self, kind: str, error: BaseException) -> dict[str, Any]:
        frames = traceback.extract_tb(error.__traceback__)
        last = frames[-1] if len(frames) > 1 else None
        where = "" if last is None else f"{os.path.basename(last.filename)}:{last.name}:{last.lineno}"
        text = f"{type(error).__name__}: {error}"[:400]
        return {"class": kind, "type": type(error).__name__, "where": where, "text": text}

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._watching:
            return
        writes = (
            event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        )
        if event in ACTS or (writes and "__pycache__" not in str(args[0])):
            self._watching = False
            self.acts.append(f"{event}({str(args[0])[:80] if args else ''})")
            raise Acted(event)


def prepared(told: dict[str, Any], out: IO[str]) -> Target | None:
    """Imports the target and takes away what it must not have; None after telling why it cannot be called."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    try:
        target = Target(told)
    except BaseException as error:
        print(json.dumps({"broken": f"{type(error).__name__}: {error}"}), file=out, flush=True)
        return None
    with open("/proc/self/statm", encoding="ascii") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    limit = used + told["memory"]
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not told["probe"]:
        print(json.dumps({"ready": True}), file=out, flush=True)
    elif told["warm"] is not None:
        target.outcome(base64.b64decode(told["warm"]))
    return target


def answer(target: Target, lines: IO[bytes], out: IO[str]) -> None:
    """Calls the target with what the parent sends, and tells what became of it."""
    print(json.dumps({"ready": True}), file=out, flush=True)
    for line in lines:
        asked = json.loads(line)
        target.at_most(asked["seconds"])
        print(json.dumps(target.outcome(base64.b64decode(asked["data"]))), file=out, flush=True)


class Teller:
    """Calls the target with numbered inputs, tells what is new, and lets more be made of that.

    Without `inputs`, somebody else makes them, and looks at coverage.
    """

    def __init__(
        self,
        target: Target,
        shared: mmap.mmap,
        out: IO[str],
        known: Sequence[Sequence[str]],
        inputs: Inputs | None = None,
    ) -> None:
        self._target, self._shared, self._out, self._inputs = target, shared, out, inputs
        self._known: set[tuple[str, ...]] = {tuple(each) for each in known}

    def call(self, number: int, data: bytes) -> None:
        """Calls it with one input."""
        HEAD.pack_into(self._shared, 0, number, number, len(data))
        self._shared[HEAD.size : HEAD.size + len(data)] = data
        found = self._target.outcome(data)
        HEAD.pack_into(self._shared, 0, number, number + 1, len(data))
        if found is not None and (found["class"], found["type"], found["where"]) not in self._known:
            self._known.add((found["class"], found["type"], found["where"]))
            self._tell({"number": number, "data": base64.b64encode(data).decode(), **found})
        coverage = self._target.coverage
        if coverage is None or self._inputs is None:
            return
        if found is not None and not coverage.fresh:
            return
        place = self._inputs.saw(
            number, data, fresh=coverage.fresh, shape=coverage.shape, accepted=self._target.accepted
        )
        if place is not None:
            self._tell({"kept": base64.b64encode(data).decode(), "place": place, "lines": coverage.lines})

    def _tell(self, told: dict[str, Any]) -> None:
        print(json.dumps(told), file=self._out, flush=True)


def main() -> None:
    """Works through the inputs, or through those that the parent sends."""
    out = os.fdopen(3, "w", encoding="utf-8")
    lines = os.fdopen(os.dup(0), "rb")
    told = json.loads(lines.readline())
    target = prepared(told, out)
    if target is None:
        return
    with open(told["place"], "r+b") as place, mmap.mmap(place.fileno(), 0) as shared:
        if told["probe"]:
            answer(target, lines, out)
            return
        from dryload.fuzzing.inputs import Inputs

        seeds = [base64.b64decode(each) for each in told["seeds"]]
        coverage = target.coverage
        words = words_of(target.module) if coverage is not None else []
        reached = coverage.words if coverage is not None else []
        inputs = Inputs(
            told["format"],
            seeds,
            seed=told["seed"],
            max_len=told["max_len"],
            words=words,
            reached=reached,
        )
        for each in told["learned"]:
            # So that what was reached before is not new again.
            data = base64.b64decode(each)
            target.outcome(data)
            inputs.learn(data, coverage.shape if coverage is not None else data)
        teller = Teller(target, shared, out, told["known"], inputs)
        for number in range(told["first"], told["end"]):
            teller.call(number, inputs.at(number))
    print(json.dumps({"done": True}), file=out, flush=True)


if __name__ == "__main__":
    main()
