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

from dryload._frozen import frozen
from dryload._native import minimize
from dryload.fuzzing.child import Child, Settings, TargetError
from dryload.fuzzing.inputs import Inputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["Found", "Fuzzer", "Settings", "TargetError"]


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
        done: inputs that were tried. found: the findings by signature, in the order in which they came.
        corpus: inputs that reached something new, in their order. lines: lines of Python that were reached.
        tick: called now and then.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tick: Callable[[], None] | None = None
        self.done = 0
        self.lines = 0
        self.found: dict[str, Found] = {}
        self.corpus: list[bytes] = []
        self._limit: float | None = None
        self._first_input = Inputs(settings.format, settings.seeds, seed=settings.seed).at(0)
        self._child: Child | None = None

    def run(self) -> None:
        """Tries all inputs.

        Raises:
            TargetError: the target cannot be called.
        """
        first = 0
        while first < self.settings.execs:
            with Child(
                self.settings,
                first=first,
                end=self.settings.execs,
                learned=self.corpus,
                known=[(each.kind, each.type, each.where) for each in self.found.values()],
                limit=self._limit,
            ) as child:
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
            self.lines = max(self.lines, told.pop("lines", 0))
            self._limit = told.pop("limit", self._limit)
            if "done" in told:
                return self.settings.execs
            if "kept" in told:
                place = told["place"]
                self.corpus[place : place + 1] = [base64.b64decode(told["kept"])]
            elif "number" in told:
                self._keep(told.pop("number"), base64.b64decode(told.pop("data")), told)
            else:
                # Dead or hanging, at this input.
                number = child.begun()
                self._keep(number, child.data(), told)
                return number + 1

    def _keep(self, number: int, data: bytes, told: dict[str, Any]) -> None:
        found = _found(told, number, data, data)
        if found.signature in self.found:
            return
        seconds = self.settings.seconds
        if found.kind == "hang":
            if not self._is_same(data, found, seconds):
                return  # it was only slow
            seconds = max(seconds / 8, min(seconds, 0.25))
        self.found[found.signature] = found
        small = minimize(
            self.settings.format,
            data,
            lambda each: self._is_same(each, found, seconds),
            TRIES.get(found.kind, 2000),
        )
        if found.kind == "hang" and not self._is_same(small, found, self.settings.seconds):
            small = data
        self._close_probe()
        self.found[found.signature] = _found(told, number, small, data)

    def _is_same(self, data: bytes, found: Found, seconds: float) -> bool:
        told = self._probe().ask(data, seconds)
        if not told:
            return False
        if told["class"] in ("crash", "hang") or told["type"] == "SIGKILL":
            self._close_probe()
        return (told["class"], told["type"], told["where"]) == (found.kind, found.type, found.where)

    def _probe(self) -> Child:
        if self._child is None:
            ended = any(each.number == 0 and each.kind in ("crash", "hang") for each in self.found.values())
            warm = None if ended else self._first_input
            self._child = Child(self.settings, first=0, end=0, probe=True, warm=warm).__enter__()
        return self._child

    def _close_probe(self) -> None:
        if self._child is not None:
            self._child.__exit__(None, None, None)
            self._child = None


def _found(told: dict[str, Any], number: int, data: bytes, first: bytes) -> Found:
    return Found(
        kind=told["class"],
        type=told["type"],
        where=told["where"],
        text=told["text"],
        number=number,
        data=data,
        first=first,
    )


# Calls that making an input smaller may take: those that end a process are dear.
TRIES = {"memory": 200, "crash": 100, "hang": 60}
