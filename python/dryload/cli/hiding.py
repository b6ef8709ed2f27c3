"""Hides findings that somebody answers for: suppressions of the configuration, and a baseline.

An entry holds for one finding in one content, by the sha256 of the file: it dies with the content. The file
is hashed only when it has a listed finding, and the hash counts only if the file is the one that was
scanned, unchanged. What was not judged to its end stays so: an inconclusive finding is never hidden, and a
malicious one only by an entry that says `malicious`. Guards do not ask here.
"""

from __future__ import annotations

import os
import stat
from collections import defaultdict

from dryload._frozen import frozen, replace
from dryload.findings import Verdict
from dryload.outputs.safe_text import safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dryload.cli.config import Suppression
    from dryload.findings import Finding
    from dryload.report import Report

    Tell = Callable[[str], None]


@frozen
class Entry:
    """One finding of one content; `by` is configuration or baseline."""

    fingerprint: str
    sha256: str
    by: str
    reason: str = ""
    malicious: bool = False


class Hiding:
    """Takes reports and gives them with the listed findings suppressed."""

    def __init__(self, entries: Iterable[Entry], *, tell: Tell) -> None:
        """`tell` takes a line about an entry that does not hold where it was meant to."""
        self._listed: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            self._listed[entry.fingerprint].append(entry)
        self._tell = tell
        self._told: set[tuple[str, str]] = set()

    def __call__(self, report: Report) -> Report:
        """Gives the report itself when nothing in it is listed."""
        if not any(self._is_listed(finding) for finding in report.findings):
            return report
        path = safe_text(report.path)
        found = content_hash(report)
        if found is None:
            self._tell(f"{path} has listed findings and could not be hashed as it was scanned; all are told")
            return report
        return report.with_findings([self._judged(finding, found, path) for finding in report.findings])

    def _is_listed(self, finding: Finding) -> bool:
        return not finding.suppressed and finding.fingerprint in self._listed

    def _judged(self, finding: Finding, found: str, path: str) -> Finding:
        if not self._is_listed(finding):
            return finding
        holding = [entry for entry in self._listed[finding.fingerprint] if entry.sha256 == found]
        if not holding:
            # A baseline lists many files with one finding each: a new file with the same is simply new.
            if any(entry.by == CONFIGURATION for entry in self._listed[finding.fingerprint]):
                self._once(finding, path, f"the entry is for another content, this one has sha256 {found}")
            return finding
        if finding.verdict is Verdict.INCONCLUSIVE:
            self._once(finding, path, "nobody knows what is in a file that was not judged to its end")
            return finding
        for entry in holding:
            if entry.malicious or finding.verdict is not Verdict.MALICIOUS:
                return replace(finding, suppressed=True, suppressed_by=entry.by, justification=entry.reason)
        self._once(finding, path, "it is malicious, and the entry does not say so")
        return finding

    def _once(self, finding: Finding, path: str, why: str) -> None:
        """Tells of the first file alone: a zoo may have a finding of one fingerprint in each of its files."""
        kind = (finding.fingerprint, why.partition(",")[0])
        if kind not in self._told:
            self._told.add(kind)
            self._tell(f"{path}: {finding.rule} {finding.fingerprint} is not hidden: {why}")


def in_force(suppressions: Iterable[Suppression], *, today: str, tell: Tell) -> list[Entry]:
    """Gives the entries that have not expired, and tells of those that have; `today` is as 2026-11-26."""
    entries = []
    for each in suppressions:
        if each.expires and each.expires < today:
            reason = safe_text(each.reason)
            tell(f"the suppression of {each.fingerprint} ({reason}) expired after {each.expires}")
            continue
        entries.append(
            Entry(
                fingerprint=each.fingerprint,
                sha256=each.sha256,
                by=CONFIGURATION,
                reason=each.reason,
                malicious=each.malicious,
            )
        )
    return entries


def content_hash(report: Report) -> str | None:
    """Hashes the file of a report, if it is still what it was when it was opened for the scan, before and
    after: same device, inode, size and times of the last changes."""
    if report.place is None or not report.on_disk:
        return None
    from hashlib import file_digest

    try:
        # A pipe may stand there by now: opening it must not wait for a writer.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with open(os.open(report.path, flags), "rb") as file:
            if _place(file.fileno()) != report.place:
                return None
            digest = file_digest(file, "sha256").hexdigest()
            return digest if _place(file.fileno()) == report.place else None
    except OSError:
        return None


def _place(descriptor: int) -> tuple[int, int, int, int, int] | None:
    """Gives what the core says of a file that it opens; None for what is no regular file."""
    told = os.fstat(descriptor)
    if not stat.S_ISREG(told.st_mode):
        return None
    if os.name != "posix":
        return 0, 0, told.st_size, told.st_mtime_ns, told.st_mtime_ns
    return told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns


CONFIGURATION = "configuration"
BASELINE = "baseline"
