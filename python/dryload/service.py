"""Scans for programs that run for long: a compiled policy that is kept, and `asyncio` that does not wait.

A service that takes uploads must neither stand still while a file is scanned nor take in more than it can
scan: at most `jobs` scans run at a time, and who comes then waits for its turn before anything is done for
it. Who gives up waiting ends the scan, too.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakKeyDictionary

from dryload._native import Cancel
from dryload.bulk import Run, processors
from dryload.policy import Policy
from dryload.policy_layer import checked_limits
from dryload.scanner import scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from dryload.bulk import Path
    from dryload.report import Report
    from dryload.scanner import Source


class Scanner:
    """Scans with one policy, which is compiled once, from as many threads as want to.

    >>> with Scanner() as scanner:
    ...     scanner.scan(b"\\x80\\x04N.").verdict
    <Verdict.INERT: 'inert'>
    """

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        limits: Mapping[str, int] | None = None,
        jobs: int | None = None,
    ) -> None:
        """Compiles the policy. `jobs` scans run at a time, by default one a processor.

        Raises:
            ValueError: `jobs` is not positive.
            PolicyError: a limit is unknown.
        """
        jobs = processors() if jobs is None else jobs
        if jobs < 1:
            raise ValueError(f"jobs is a positive number, not {jobs}")
        self.policy = Policy.default() if policy is None else policy
        if limits:
            self.policy = self.policy.with_limits(**checked_limits(limits, where="Scanner"))
        self._jobs = jobs
        # A semaphore belongs to one event loop, and goes when that does.
        self._rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
        self._pool = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="dryload-ascan")
        # Here and not at the first scan, which would wait for it.
        _ = self.policy.names

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the threads; scans that run are waited for, those that wait are given up."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def scan(self, source: Source, *, name: str | None = None) -> Report:
        """Scans as `dryload.scan` does, in the calling thread."""
        return scan(source, policy=self.policy, name=name)

    def scan_many(
        self, paths: Path | Iterable[Path], *, ordered: bool = True, exclude: Sequence[str] = ()
    ) -> Iterator[Report]:
        """Scans files and folders as `dryload.scan_many` does."""
        with Run(paths, policy=self.policy, jobs=self._jobs, ordered=ordered, exclude=exclude) as run:
            yield from run

    async def ascan(self, source: Path | bytes, *, name: str | None = None) -> Report:
        """Scans a path or bytes in a thread of this scanner, once there is room.

        A task that is cancelled ends the scan: at once where it waits, within milliseconds where it runs.

        Raises:
            SourceError: the bytes could not be read.
            TypeError: the source is neither a path nor bytes: others may change while they wait.
        """
        if not isinstance(source, bytes | str | os.PathLike):
            raise TypeError(f"ascan takes a path or bytes, not {type(source).__name__}")
        loop = asyncio.get_running_loop()
        cancel = Cancel()
        async with self._rooms.setdefault(loop, asyncio.Semaphore(self._jobs)):
            future = loop.run_in_executor(self._pool, self._scan, source, name, cancel)
            try:
                return await asyncio.shield(future)
            except asyncio.CancelledError:
                cancel.set()
                # Its place is free when the thread is: else the next ones would wait behind it.
                await asyncio.wait([future])
                raise

    async def ascan_many(
        self, paths: Path | Iterable[Path], *, ordered: bool = True, exclude: Sequence[str] = ()
    ) -> AsyncIterator[Report]:
        """Scans files and folders and gives their reports as an asynchronous iterator.

        The scan runs ahead of who iterates by some hundreds of files at most; one that is not iterated to
        its end is ended by `aclose`.
        """
        loop = asyncio.get_running_loop()
        with Run(paths, policy=self.policy, jobs=self._jobs, ordered=ordered, exclude=exclude) as run:
            while (reports := await loop.run_in_executor(self._pool, run.some)) is not None:
                for report in reports:
                    yield report

    def _scan(self, source: Path | bytes, name: str | None, cancel: Cancel) -> Report:
        return scan(source, policy=self.policy, name=name, cancel=cancel)


async def ascan(source: Path | bytes, *, policy: Policy | None = None, name: str | None = None) -> Report:
    """Scans one path or bytes without holding up the event loop.

    It makes a scanner for each policy that is used so, with a thread a processor, and keeps it; a service
    makes a `Scanner` of its own, whose bounds it knows.

    Raises:
        SourceError: the bytes could not be read.
    """
    policy = Policy.default() if policy is None else policy
    found = _SHARED.get(policy)
    if found is None:
        found = _SHARED.setdefault(policy, Scanner(policy))
    return await found.ascan(source, name=name)


_SHARED: dict[Policy, Scanner] = {}
