"""Scans many files and folders with several threads, at the speed of reading them.

Paths are walked and files scanned in the core, without the interpreter's lock; here each record becomes a
report. Memory is flat in the number of files, whoever is faster.
"""

from __future__ import annotations

import os
from itertools import islice

from dryload._native import Batch
from dryload.errors import PolicyError
from dryload.policy import Policy
from dryload.policy_layer import checked_limits
from dryload.scanner import report_of, report_unread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Protocol, Self

    from dryload._core import Record
    from dryload.report import Report

    Path = str | os.PathLike[str]
    Place = tuple[int, int, int, int, int]
    Row = tuple[bytes, bool, Place | None, Record | tuple[str, str] | None]

    class Memory(Protocol):
        """Reports of an earlier run, by what the files were then."""

        def places(self) -> Sequence[Place]:
            """Gives device, inode, size and times of the files that are known."""

        def recall(self, place: Place, path: str, *, walked: bool) -> Report | None:
            """Gives the report of a known file under the path that it has now."""

        def keep(self, place: Place, report: Report) -> None:
            """Takes the report of a file that was scanned."""


def scan_many(
    paths: Path | Iterable[Path],
    *,
    policy: Policy | None = None,
    jobs: int | None = None,
    ordered: bool = True,
    exclude: Sequence[str] = (),
    limits: Mapping[str, int] | None = None,
) -> Iterator[Report]:
    """Scans files and folders with `jobs` threads and yields a report for each file: in the order of the
    paths, or as they finish when not `ordered`.

    Folders are walked in sorted order, hidden files too; links are followed, and a folder is walked once. A
    file that cannot be read is reported as inconclusive and does not stop the rest. A report whose `ignored`
    is True is of no model file. `paths` may be an iterator without end: few of them are held at a time.
    `exclude` holds patterns for names and paths that a walk leaves out, `limits` change those of the policy.

    Raises:
        ValueError: `jobs` is not positive.
        PolicyError: a limit is unknown, or a pattern is none.
    """
    with Run(paths, policy=policy, jobs=jobs, ordered=ordered, exclude=exclude, limits=limits) as run:
        yield from run


class Run:
    """A scan of many paths that goes on: an iterator over the reports that says how far it came.

    Attributes:
        found: files found so far. excluded: names that a pattern left out. complete: True when the walk has
        ended, so that `found` is how many there are.
    """

    def __init__(
        self,
        paths: Path | Iterable[Path],
        *,
        policy: Policy | None = None,
        jobs: int | None = None,
        ordered: bool = True,
        exclude: Sequence[str] = (),
        limits: Mapping[str, int] | None = None,
        memory: Memory | None = None,
        done: Iterable[Path] = (),
        idle: Callable[[], None] | None = None,
    ) -> None:
        """Starts the threads. `done` are paths that are passed over, each as often as it is named there;
        `idle` is called now and then while nothing comes."""
        if jobs is not None and jobs < 1:
            raise ValueError(f"jobs is a positive number, not {jobs}")
        self._policy = Policy.default() if policy is None else policy
        bounds = dict(self._policy.limits)
        if limits is not None:
            bounds |= checked_limits(limits, where="scan")
        self._memory = memory
        self._paths = iter([paths] if isinstance(paths, str | os.PathLike) else paths)
        self._asks = True
        self._idle = idle
        try:
            self._batch = Batch(
                self._policy.names,
                bounds or None,
                jobs or processors(),
                unordered=not ordered,
                exclude=list(exclude),
                known=[] if memory is None else memory.places(),
                done=[os.fspath(path) for path in done],
            )
        except ValueError as error:
            raise PolicyError(str(error)) from error
        self._reports = self._iterate()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Report:
        return next(self._reports)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops: no further file is begun, and those that are being scanned are given up."""
        self._reports.close()
        self._batch.close()

    @property
    def found(self) -> int:
        """Files found so far."""
        return self._batch.progress()[0]

    @property
    def excluded(self) -> int:
        """Names that a pattern left out; what is below an excluded folder is not counted."""
        return self._batch.progress()[1]

    @property
    def complete(self) -> bool:
        """True when all files were found."""
        return self._batch.progress()[2]

    def some(self) -> list[Report] | None:
        """Gives the reports that are there, which may be none for a moment; None when all were given.

        An alternative to iterating, not to be mixed with it.
        """
        self._feed()
        rows = self._batch.take(AT_ONCE)
        return None if rows is None else [self._report(row) for row in rows]

    def _iterate(self) -> Generator[Report, None, None]:
        while (reports := self.some()) is not None:
            if not reports and self._idle is not None:
                self._idle()
            yield from reports

    def _report(self, row: Row) -> Report:
        raw_path, walked, place, outcome = row
        path = os.fsdecode(raw_path)
        if isinstance(outcome, tuple):
            return report_unread(path, *outcome, self._policy, walked=walked)
        if outcome is None:
            return self._recalled(path, place, walked=walked)
        report = report_of(outcome, path, self._policy, on_disk=True, walked=walked, place=place)
        if self._memory is not None and place is not None:
            self._memory.keep(place, report)
        return report

    def _feed(self) -> None:
        if not self._asks or not self._batch.wants_paths():
            return
        some = [os.fspath(path) for path in islice(self._paths, AT_ONCE)]
        self._batch.add(some)
        if len(some) < AT_ONCE:
            self._asks = False
            self._batch.end()

    def _recalled(self, path: str, place: Place | None, *, walked: bool) -> Report:
        from dryload.scanner import scan

        report = None
        if self._memory is not None and place is not None:
            report = self._memory.recall(place, path, walked=walked)
        return scan(path, policy=self._policy) if report is None else report


def processors() -> int:
    """Counts the processors that this process may use, which in a container are fewer than the machine
    has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# Paths that are handed over, and results that are taken, at a time.
AT_ONCE = 64
