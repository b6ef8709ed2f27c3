"""What a scan says about one file, and the sums over many.

A report holds what the core saw and reads the details out of it only when asked: most files of a zoo are
inert, and nobody looks at their parts. It does not print itself; `str(report)` asks the renderer through
the package root.
"""

from __future__ import annotations

from dryload._frozen import frozen
from dryload.errors import UnsafeModelError
from dryload.findings import Finding, Span, Verdict, worst

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn, Protocol

    from dryload._core import ArrayRow, PartRow, SkippedRow

    Place = tuple[int, int, int, int, int]

    class Seen(Protocol):
        """What a report needs of a record: the core's `Record` has it, and so has `Snapshot`."""

        @property
        def size(self) -> int: ...
        @property
        def bytes_read(self) -> int: ...
        @property
        def format(self) -> str: ...
        @property
        def complete(self) -> bool: ...
        def parts(self) -> list[PartRow]: ...
        def skipped(self) -> list[SkippedRow]: ...
        def limits_hit(self) -> list[str]: ...


@frozen
class Import:
    """A name that loading imports; `standing` is the side of the policy it is on: allow, unknown or deny."""

    name: str
    module: str
    qualname: str
    offset: int
    standing: str
    count: int


@frozen
class Call:
    """A call that loading makes, as text; calls of an allowed name are folded into one with their `count`."""

    call: str
    offset: int
    standing: str
    count: int


@frozen
class Array:
    """What the header of an array says.

    `shape` has 64 dimensions at most, and `cut` says that there are more. `data` counts from the start of the
    part, and is a pickle where the dtype is one of objects.
    """

    dtype: str
    shape: tuple[int, ...]
    cut: bool
    fortran: bool
    data: Span


@frozen
class Part:
    """One stretch of a file that has a format of its own: the file itself, a member, a pickle in a stream.

    `dropped` counts what was seen in it beyond the limit, and is not among the findings.
    """

    member: str | None
    offset: int | None
    size: int
    format: str
    protocol: int | None
    opcodes: int | None
    tensors: int | None
    imports: tuple[Import, ...]
    calls: tuple[Call, ...]
    dropped: int = 0
    array: Array | None = None


@frozen
class Skipped:
    """Bytes that were not read because no loader interprets them, such as those of a tensor."""

    member: str | None
    why: str
    bytes: int


@frozen
class Coverage:
    """What the verdict rests on; a file is never inert when `complete` is False."""

    complete: bool
    skipped: tuple[Skipped, ...]
    limits_hit: tuple[str, ...]


@frozen
class Snapshot:
    """What was seen, without the core: of a file that could not be read, or in a report that was pickled."""

    size: int = 0
    bytes_read: int = 0
    format: str = ""
    complete: bool = False
    part_rows: tuple[PartRow, ...] = ()
    skipped_rows: tuple[SkippedRow, ...] = ()
    limit_names: tuple[str, ...] = ()

    def parts(self) -> list[PartRow]:
        """Gives the rows of the parts, as the core does."""
        return list(self.part_rows)

    def skipped(self) -> list[SkippedRow]:
        """Gives the rows of what was skipped, as the core does."""
        return list(self.skipped_rows)

    def limits_hit(self) -> list[str]:
        """Gives the names of the limits that ended the scan early, as the core does."""
        return list(self.limit_names)


class Report:
    """What loading one file would do, as far as it could be seen.

    It is immutable, and it is neither true nor false: `if scan(x)` would be read both ways, so that it
    raises.

    Attributes:
        path: the path as given or as found in a folder, or the name given with bytes. verdict: the worst
        verdict of the findings that count. findings: all findings, worst first, suppressed ones included.
        policy: the name of the policy that was applied. on_disk: True when `path` is the path of a file
        that was scanned, so that it can be opened again. walked: True when the file was found in a folder
        and not named by the caller. ignored: True for a file of a folder that is no model file by content
        nor by name; it counts for nothing. place: what the file was when it was opened, as device, inode,
        size and times of the last changes in nanoseconds; None when it was no file of a bulk scan.
    """

    __slots__ = ("_seen", "findings", "ignored", "on_disk", "path", "place", "policy", "verdict", "walked")

    path: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    policy: str
    on_disk: bool
    walked: bool
    ignored: bool
    place: Place | None
    _seen: Seen

    def __init__(
        self,
        path: str,
        verdict: Verdict,
        findings: tuple[Finding, ...],
        *,
        seen: Seen,
        policy: str,
        on_disk: bool = False,
        walked: bool = False,
        ignored: bool = False,
        place: Place | None = None,
    ) -> None:
        assign = object.__setattr__
        assign(self, "path", path)
        assign(self, "verdict", verdict)
        assign(self, "findings", findings)
        assign(self, "policy", policy)
        assign(self, "on_disk", on_disk)
        assign(self, "walked", walked)
        assign(self, "ignored", ignored)
        assign(self, "place", place)
        assign(self, "_seen", seen)

    @property
    def ok(self) -> bool:
        """True for an inert file and for no other."""
        return self.verdict is Verdict.INERT

    @property
    def size(self) -> int:
        """The size of the file in bytes."""
        return self._seen.size

    @property
    def format(self) -> str:
        """The format that the content shows, such as `torch-zip`; empty when nothing was recognised."""
        return self._seen.format

    @property
    def bytes_read(self) -> int:
        """How many bytes the verdict rests on."""
        return self._seen.bytes_read

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the file, in the order in which they were found."""
        return tuple(_part(row) for row in self._seen.parts())

    @property
    def names(self) -> frozenset[tuple[str, str]]:
        """Module and qualified name of all that the file imports."""
        parts = self._seen.parts()
        return frozenset((row["module"], row["qualname"]) for part in parts for row in part["imports"])

    @property
    def coverage(self) -> Coverage:
        """Whether everything was judged, and what was left out on purpose."""
        return Coverage(
            complete=self._seen.complete,
            skipped=tuple(Skipped(**row) for row in self._seen.skipped()),
            limits_hit=tuple(self._seen.limits_hit()),
        )

    def with_findings(self, findings: Iterable[Finding]) -> Report:
        """Gives this report with other findings in place of its own, and the verdict that these come to.

        What was not judged to its end is not inert, whatever is hidden; neither is what had more findings
        than are kept, as nobody knows what those are that are not there.
        """
        findings = tuple(findings)
        verdict = worst(finding.verdict for finding in findings if not finding.suppressed)
        if verdict is Verdict.INERT and not (
            self._seen.complete and not any(part["dropped"] for part in self._seen.parts())
        ):
            verdict = Verdict.INCONCLUSIVE
        return Report(
            self.path,
            verdict,
            findings,
            seen=self._seen,
            policy=self.policy,
            on_disk=self.on_disk,
            walked=self.walked,
            ignored=self.ignored,
            place=self.place,
        )

    def raise_for_verdict(self) -> None:
        """Returns only if the file is inert.

        Raises:
            UnsafeModelError: the verdict is any other.
        """
        if not self.ok:
            raise UnsafeModelError(self)

    def to_dict(self) -> dict[str, object]:
        """Gives the object that stands in `files` of the JSON report; its strings are raw."""
        return {
            "path": self.path,
            "size": self.size,
            "format": self.format,
            "verdict": self.verdict.value,
            "bytes_read": self.bytes_read,
            "coverage": {
                "complete": self._seen.complete,
                "skipped": self._seen.skipped(),
                "limits_hit": self._seen.limits_hit(),
            },
            "parts": [_part_object(row) for row in self._seen.parts()],
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def __str__(self) -> str:
        """Shows what the terminal shows."""
        # The renderer is a layer above; the package root is where the public names of all layers meet.
        import dryload

        return dryload.render_text(self)

    def __repr__(self) -> str:
        return f"<Report {self.path!r} {self.verdict.value}, {len(self.findings)} findings>"

    def __bool__(self) -> NoReturn:
        raise TypeError("a report is neither true nor false: ask for .ok or .verdict")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("Report is immutable")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("Report is immutable")

    def snapshot(self) -> Snapshot:
        """Gives what was seen without the core."""
        return Snapshot(
            size=self.size,
            bytes_read=self.bytes_read,
            format=self.format,
            complete=self._seen.complete,
            part_rows=tuple(self._seen.parts()),
            skipped_rows=tuple(self._seen.skipped()),
            limit_names=tuple(self._seen.limits_hit()),
        )

    def __reduce__(self) -> tuple[object, ...]:
        seen = self.snapshot()
        flags = (self.policy, self.on_disk, self.walked, self.ignored)
        return _restored, (self.path, self.verdict, self.findings, seen, *flags)


class Summary:
    """Sums over the reports of one run, and the exit code they come to.

    Attributes:
        counts: files by verdict. ignored: files of folders that are no models. excluded: names in folders
        that a pattern left out. resumed: files of an earlier run that are in the counts. interrupted: True
        when the run was ended before its end. suppressed: findings that policy or configuration hide.
        baselined: findings that a baseline hides.
    """

    __slots__ = (
        "baselined",
        "bytes",
        "bytes_read",
        "counts",
        "excluded",
        "ignored",
        "interrupted",
        "resumed",
        "suppressed",
    )

    def __init__(self, reports: Iterable[Report] = ()) -> None:
        self.counts = dict.fromkeys(Verdict, 0)
        self.ignored = 0
        self.excluded = 0
        self.resumed = 0
        self.interrupted = False
        self.suppressed = 0
        self.baselined = 0
        self.bytes = 0
        self.bytes_read = 0
        for report in reports:
            self.add(report)

    @property
    def files(self) -> int:
        """How many files got a verdict; ignored ones did not."""
        return sum(self.counts.values())

    def add(self, report: Report) -> None:
        """Counts one more file."""
        self.bytes_read += report.bytes_read
        if report.ignored:
            self.ignored += 1
        else:
            self.counts[report.verdict] += 1
            self.bytes += report.size
        for finding in report.findings:
            if finding.suppressed_by == "baseline":
                self.baselined += 1
            elif finding.suppressed:
                self.suppressed += 1

    def add_earlier(self, verdict: Verdict, *, size: int, bytes_read: int) -> None:
        """Counts a file of an earlier run."""
        self.resumed += 1
        self.counts[verdict] += 1
        self.bytes += size
        self.bytes_read += bytes_read

    def exit_code(self, fail_on: Iterable[Verdict]) -> int:
        """Gives 1 for a verdict in `fail_on`, else 3 for an inconclusive one or nothing to scan, else 0."""
        if any(self.counts[verdict] for verdict in fail_on):
            return 1
        return 3 if self.counts[Verdict.INCONCLUSIVE] or not self.files else 0

    def to_dict(self, *, elapsed_ms: int, exit_code: int) -> dict[str, int | bool]:
        """Gives the `summary` object of the JSON report."""
        return {
            "files": self.files,
            **{verdict.value: count for verdict, count in self.counts.items()},
            "ignored": self.ignored,
            "excluded": self.excluded,
            "resumed": self.resumed,
            "suppressed": self.suppressed,
            "baselined": self.baselined,
            "interrupted": self.interrupted,
            "bytes": self.bytes,
            "bytes_read": self.bytes_read,
            "elapsed_ms": elapsed_ms,
            "exit_code": exit_code,
        }


def _restored(
    path: str,
    verdict: Verdict,
    findings: tuple[Finding, ...],
    seen: Snapshot,
    policy: str,
    on_disk: bool,  # noqa: FBT001 - pickle calls it by position
    walked: bool,  # noqa: FBT001
    ignored: bool,  # noqa: FBT001
) -> Report:
    return Report(
        path, verdict, findings, seen=seen, policy=policy, on_disk=on_disk, walked=walked, ignored=ignored
    )


def _part(row: PartRow) -> Part:
    return Part(
        member=row["member"],
        offset=row["offset"],
        size=row["size"],
        format=row["format"],
        protocol=row["protocol"],
        opcodes=row["opcodes"],
        tensors=row["tensors"],
        imports=tuple(
            Import(
                name=each["name"],
                module=each["module"],
                qualname=each["qualname"],
                offset=each["offset"],
                standing=each["class"],
                count=each["count"],
            )
            for each in row["imports"]
        ),
        calls=tuple(
            Call(call=each["call"], offset=each["offset"], standing=each["class"], count=each["count"])
            for each in row["calls"]
        ),
        dropped=row["dropped"],
        array=_array(row["array"]) if "array" in row else None,
    )


def _array(row: ArrayRow) -> Array:
    return Array(
        dtype=row["dtype"],
        shape=tuple(row["shape"]),
        cut=row["cut"],
        fortran=row["fortran"],
        data=Span(start=row["start"], end=row["end"]),
    )


def _part_object(row: PartRow) -> dict[str, object]:
    return {
        "member": row["member"],
        "offset": row["offset"],
        "size": row["size"],
        "format": row["format"],
        "protocol": row["protocol"],
        "opcodes": row["opcodes"],
        "tensors": row["tensors"],
        "imports": row["imports"],
        "calls": row["calls"],
        "dropped": row["dropped"],
        **({"array": row["array"]} if "array" in row else {}),
    }
