"""Reports of earlier runs, by what the files were then: device, inode, size and times of the last changes.

It is off unless asked for. A file whose times changed a moment ago is not kept, as a later change could bear
the same time. What else could change a report is part of the key: the version, the rules and the policy.
Guards never ask it: whoever can write to the folder, or set the clock back, can choose what it says.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from hashlib import sha256
from pathlib import Path

from dryload._native import LIBRARY
from dryload._version import __version__
from dryload.errors import SourceError
from dryload.kept import kept, revived

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from dryload.policy import Policy
    from dryload.report import Report

    Place = tuple[int, int, int, int, int]


class Cache:
    """The reports of one folder, for one policy with its limits.

    It is one SQLite database, so that a process that dies leaves it whole, and several may use it at a time.

    Attributes:
        recalled: how many reports came out of it. kept: how many went in.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        policy: Policy,
        limits: Mapping[str, int] | None = None,
        max_bytes: int = 200_000_000,
    ) -> None:
        """Opens the cache in `folder`, which is made for this user alone.

        Raises:
            SourceError: the folder cannot be made or used, or others may write to it.
        """
        self._folder = default_folder() if folder is None else Path(folder)
        self._policy = policy.name
        self._context = _context(policy, limits or {})
        self._max_bytes = max_bytes
        self._began = time.time_ns()
        self._waiting: list[tuple[str, str, str, int]] = []
        self.recalled = 0
        self.kept = 0
        _check_folder(self._folder)
        try:
            self._database = self._opened()
        except sqlite3.Error as error:
            raise SourceError(None, f"the cache cannot be used: {error}", str(self._folder)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def places(self) -> list[Place]:
        """Gives device, inode, size and times of all files whose reports are here."""
        rows = self._database.execute("SELECT place FROM reports WHERE context = ?", (self._context,))
        return [_place(text) for (text,) in rows]

    def recall(self, place: Place, path: str, *, walked: bool) -> Report | None:
        """Gives the report of a file under the path that it has now; None when it cannot be read."""
        key = (self._context, _text(place))
        row = self._database.execute(
            "SELECT line FROM reports WHERE context = ? AND place = ?", key
        ).fetchone()
        if row is None:
            return None
        try:
            report = revived(row[0], path, policy=self._policy, walked=walked, place=place)
        except (ValueError, KeyError, TypeError):
            return None
        self._database.execute(
            "UPDATE reports SET used = ? WHERE context = ? AND place = ?", (self._began, *key)
        )
        self.recalled += 1
        return report

    def keep(self, place: Place, report: Report) -> None:
        """Takes the report of a file, if it rests on all of it and on nothing that is changing."""
        complete = report.coverage.complete or report.ignored
        if not complete or max(place[3], place[4]) > self._began - YOUNG_NS:
            return
        self._waiting.append((self._context, _text(place), kept(report), self._began))
        self.kept += 1
        if len(self._waiting) >= AT_ONCE:
            self._write()

    def close(self) -> None:
        """Writes what waits, and gives up what was used longest ago when there is too much."""
        try:
            self._write()
            self._shrink()
            self._database.commit()
        finally:
            self._database.close()

    def _opened(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._folder / "reports.sqlite3", timeout=30, check_same_thread=False)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS reports (context TEXT, place TEXT, line TEXT, used INTEGER, "
            "PRIMARY KEY (context, place)) WITHOUT ROWID"
        )
        return database

    def _write(self) -> None:
        self._database.executemany("INSERT OR REPLACE INTO reports VALUES (?, ?, ?, ?)", self._waiting)
        self._database.commit()
        self._waiting.clear()

    def _shrink(self) -> None:
        total = self._database.execute("SELECT coalesce(sum(length(line) + 200), 0) FROM reports").fetchone()[
            0
        ]
        if total <= self._max_bytes:
            return
        # Down to nine tenths, so that not each run does it again.
        left, goal = total, self._max_bytes * 9 // 10
        rows = self._database.execute("SELECT context, place, length(line) + 200 FROM reports ORDER BY used")
        gone = []
        for context, place, size in rows:
            if left <= goal:
                break
            gone.append((context, place))
            left -= size
        self._database.executemany("DELETE FROM reports WHERE context = ? AND place = ?", gone)
        self._database.commit()
        self._database.execute("VACUUM")


def default_folder() -> Path:
    """Gives the folder for caches of this user: XDG_CACHE_HOME or ~/.cache, and `dryload` in it."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "dryload"


def _check_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        told = folder.stat()
    except OSError as error:
        raise SourceError(error.errno, error.strerror or str(error), str(folder)) from error
    if not hasattr(os, "getuid"):
        return
    if told.st_uid != os.getuid() or stat.S_IMODE(told.st_mode) & 0o022:
        raise SourceError(None, "others may write to the folder of the cache", str(folder))


def _context(policy: Policy, limits: Mapping[str, int]) -> str:
    """Gives a hash of what else a report depends on: version, build, policy, limits."""
    built = Path(LIBRARY).stat()
    rows = (__version__, built.st_size, built.st_mtime_ns, policy.digest, sorted(limits.items()))
    return sha256(repr(rows).encode()).hexdigest()


def _text(place: Place) -> str:
    return ":".join(map(str, place))


def _place(text: str) -> Place:
    device, inode, size, modified, changed = map(int, text.split(":"))
    return device, inode, size, modified, changed


# Reports that are written at a time.
AT_ONCE = 1000
# Two seconds: the coarsest clock of a file system in use, that of FAT.
YOUNG_NS = 2_000_000_000
