"""One line on stderr that says how far a scan came, while a terminal looks on.

It is drawn a few times a second, and taken away before anything else is written to that terminal.
"""

from __future__ import annotations

import os
import sys
import time

from dryload.findings import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from dryload.bulk import Run
    from dryload.report import Summary


class Progress:
    """The line. `run` says how many files there are; it comes once the scan begins."""

    def __init__(self, stream: TextIO, summary: Summary) -> None:
        self.run: Run | None = None
        self._stream = stream
        self._summary = summary
        self._began = self._drawn_at = time.monotonic()
        self._is_drawn = False

    def tick(self) -> None:
        """Draws it anew when the last time is long enough ago."""
        now = time.monotonic()
        if now - self._drawn_at >= EVERY:
            self._drawn_at = now
            width = _width(self._stream) - 1
            self._stream.write(f"\r\x1b[K{status(self._summary, self.run, now - self._began)[:width]}")
            self._stream.flush()
            self._is_drawn = True

    def hide(self) -> None:
        """Takes it away."""
        if self._is_drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._is_drawn = False


class Beneath:
    """A stream to the same terminal: what is written to it stands where the line stood."""

    def __init__(self, stream: TextIO, progress: Progress) -> None:
        self._stream = stream
        self._progress = progress

    def write(self, text: str) -> int:
        """Writes the text in place of the line."""
        self._progress.hide()
        return self._stream.write(text)

    def flush(self) -> None:
        """Writes what waits."""
        self._stream.flush()


def wanted() -> bool:
    """True when a terminal looks on that can move its cursor."""
    return sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb")


def status(summary: Summary, run: Run | None, seconds: float) -> str:
    """Gives files, bytes, rate, verdicts that are not inert, and the time that is left where it is known.

    >>> from dryload.report import Summary
    >>> status(Summary(), None, 1.5)
    '0 files, 0 B, 0 files/s'
    """
    done = summary.files + summary.ignored - summary.resumed
    rate = done / seconds if seconds > 0 else 0
    told = [f"{done:,} files", _bytes(summary.bytes), f"{rate:,.0f} files/s"]
    if run is not None and run.complete:
        told[0] = f"{done:,} of {run.found:,} files"
        if rate:
            told.append(f"{_clock((run.found - done) / rate)} left")
    counts = summary.counts.items()
    told += [
        f"{count:,} {verdict.value}" for verdict, count in counts if count and verdict is not Verdict.INERT
    ]
    return ", ".join(told)


def _bytes(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _width(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


# Seconds between two drawings: more often, and nobody could read it.
EVERY = 0.1
