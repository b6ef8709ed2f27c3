"""Scans one source and reports what loading would do; `bulk` does so with many.

A malformed file is a finding, not an exception. Nothing is imported, unpickled or mapped into memory, and a
verdict does not depend on what is installed here. A file is inert only if the core recognised it, went
through all of it, and no finding that counts says otherwise.
"""

from __future__ import annotations

import os

from dryload._frozen import frozen
from dryload._native import Session, scan_bytes, scan_file, trace_bytes, trace_file
from dryload.errors import SourceError
from dryload.findings import Finding, Span, Verdict, worst
from dryload.policy import Policy
from dryload.policy_layer import checked_limits
from dryload.report import Report, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import BinaryIO

    from typing_extensions import Buffer, TypeIs

    from dryload._core import Cancel, Record
    from dryload.report import Place

    Path = str | os.PathLike[str]
    Source = Path | Buffer | BinaryIO


@frozen
class Row:
    """One pickle instruction as a disassembler shows it; `size` counts its bytes with the argument, `depth`
    the marks that are open before it."""

    part: int
    offset: int
    size: int
    code: int
    name: str
    arg: str
    depth: int
    memo: bool


def scan(
    source: Source,
    *,
    policy: Policy | None = None,
    name: str | None = None,
    limits: Mapping[str, int] | None = None,
    cancel: Cancel | None = None,
) -> Report:
    """Reads only the bytes that decide a verdict and reports what they say.

    The source is a path, any buffer of bytes, or a seekable binary file, whose position is put back. Bytes
    are scanned where they are; of a buffer that can change, what is looked at is copied, window by window,
    because another thread may write into it. `name` is what the
    report calls bytes or a file, and what hints at the format; `limits` change those of the policy for this
    scan. `cancel` ends the scan of a path or of bytes from another thread: it is then inconclusive.

    Raises:
        SourceError: the bytes could not be read.
        PolicyError: a limit is unknown.
    """
    policy = Policy.default() if policy is None else policy
    bounds = policy.limits if limits is None else {**policy.limits, **checked_limits(limits, where="scan")}
    if isinstance(source, bytes):
        return report_of(
            scan_bytes(source, name, policy.names, bounds or None, cancel), name or UNNAMED, policy
        )
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        try:
            record = scan_file(path, policy.names, bounds or None, cancel)
        except OSError as error:
            raise SourceError(error.errno, error.strerror or str(error), path) from error
        return report_of(record, name or path, policy, on_disk=name is None or name == path)
    if not _is_buffer(source):
        name = name or _file_name(source)
        return report_of(_scan_open_file(source, name, policy, bounds or None), name or UNNAMED, policy)
    view = memoryview(source).cast("B")
    if view.nbytes <= COPIED:
        return scan(bytes(view), policy=policy, name=name, limits=limits)
    record = _fed(Session(view.nbytes, name, policy.names, bounds or None), view.__getitem__)
    return report_of(record, name or UNNAMED, policy)


def trace(
    source: Path | bytes,
    *,
    policy: Policy | None = None,
    name: str | None = None,
    around: Sequence[tuple[int, int]] | None = None,
    before: int = 0,
    after: int = 0,
) -> list[Row]:
    """Reads the pickle instructions of a source, or only those `around` some (part, offset in the part).

    Raises:
        SourceError: the bytes could not be read.
    """
    policy = Policy.default() if policy is None else policy
    limits = policy.limits or None
    if isinstance(source, bytes):
        rows = trace_bytes(source, name, policy.names, limits, around, before, after)
    else:
        path = os.fspath(source)
        try:
            rows = trace_file(path, policy.names, limits, around, before, after)
        except OSError as error:
            raise SourceError(error.errno, error.strerror or str(error), path) from error
    return [Row(**row) for row in rows]


def report_of(
    record: Record,
    path: str,
    policy: Policy,
    *,
    on_disk: bool = False,
    walked: bool = False,
    place: Place | None = None,
) -> Report:
    """Judges what was seen of one source."""
    if record.quiet:
        return Report(
            path, Verdict.INERT, (), seen=record, policy=policy.name, on_disk=on_disk, walked=walked
        )
    if walked and record.no_model:
        # A README in a folder: nothing is said of it, and half of the files of a zoo are such.
        return Report(
            path,
            Verdict.INCONCLUSIVE,
            (),
            seen=record,
            policy=policy.name,
            on_disk=on_disk,
            walked=True,
            ignored=True,
        )
    from dryload.rules.judging import judge

    findings = policy.weighed(judge(record.observations()))
    return Report(
        path,
        _verdict(findings, judged_to_the_end=_judged_to_the_end(record, findings)),
        findings,
        seen=record,
        policy=policy.name,
        on_disk=on_disk,
        walked=walked,
        place=place,
    )


def report_unread(path: str, slug: str, message: str, policy: Policy, *, walked: bool) -> Report:
    """Says of a file that it was not scanned, and why."""
    from dryload.rules.catalogue import catalogue

    entry = catalogue()[slug]
    finding = Finding(
        rule=slug,
        severity=entry.severity,
        verdict=entry.verdict,
        message=f"{entry.summary}: {message}",
        member=None,
        span=Span(start=0, end=0),
        file_span=None,
        part=None,
        evidence={"found": message},
    )
    findings = policy.weighed([finding])
    verdict = _verdict(findings, judged_to_the_end=False)
    return Report(path, verdict, findings, seen=Snapshot(), policy=policy.name, on_disk=True, walked=walked)


def _judged_to_the_end(record: Record, findings: Iterable[Finding]) -> bool:
    """What had more findings than are kept was not, if some are silenced: those that are kept make it not
    inert, and nobody knows whether the others would be silenced, too."""
    if any(finding.suppressed for finding in findings) and any(part["dropped"] for part in record.parts()):
        return False
    return record.recognised and record.complete


def _verdict(findings: Iterable[Finding], *, judged_to_the_end: bool) -> Verdict:
    verdict = worst(finding.verdict for finding in findings if not finding.suppressed)
    if verdict is Verdict.INERT and not judged_to_the_end:
        return Verdict.INCONCLUSIVE
    return verdict


def _scan_open_file(
    file: BinaryIO, name: str | None, policy: Policy, limits: Mapping[str, int] | None
) -> Record:
    try:
        position = file.tell()
        file.seek(0, os.SEEK_END)
        size = file.tell()  # seek() itself gives nothing for an mmap before Python 3.13
        try:
            session = Session(size, name, policy.names, limits)
            return _fed(session, lambda span: _read_at(file, span.start, span.stop - span.start))
        finally:
            file.seek(position)
    except OSError as error:
        raise SourceError(error.errno, error.strerror or str(error), name) from error


def _fed(session: Session, window: Callable[[slice], Buffer]) -> Record:
    """Feeds a session copies of the windows that it wants, and gives its record."""
    while wanted := session.wants():
        for start, end in wanted:
            session.feed(start, bytes(window(slice(start, end))))
    return session.finish()


def _read_at(file: BinaryIO, start: int, length: int) -> bytes:
    """Reads until the length is reached or the file ends: a raw file may give less than it has."""
    file.seek(start)
    pieces: list[bytes] = []
    while length > 0:
        piece = file.read(length)
        if not isinstance(piece, bytes):
            raise TypeError(f"the file must be opened in binary mode; it gave {type(piece).__name__}")
        if not piece:
            break
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _is_buffer(source: Buffer | BinaryIO) -> TypeIs[Buffer]:
    """True for bytes-like objects; an mmap is one as well, but is read window by window like the file it
    is."""
    return not hasattr(source, "read")


def _file_name(file: BinaryIO) -> str | None:
    name = getattr(file, "name", None)
    return name if isinstance(name, str) else None


# Bytes up to which a buffer is copied at once: less work than to copy it window by window.
COPIED = 1024 * 1024
# What a report calls bytes that came without a name.
UNNAMED = "<bytes>"
