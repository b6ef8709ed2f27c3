"""What the HTML report holds behind a row: findings, parts, coverage, and the picture of a flagged file.

It is for reading, not for machines, and bounded: a list is cut at a length, and the page says so. Its strings
are raw; the output makes them visible.
"""

from __future__ import annotations

from dryload.outputs.html_views import instructions, tensor_map
from dryload.outputs.safe_text import raw_path, safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dryload.findings import Finding
    from dryload.policy import Policy
    from dryload.report import Part, Report


class Room:
    """What may still be written behind the rows of one page."""

    def __init__(self) -> None:
        self.rows = MAX_ROWS
        self.inert = MAX_INERT

    def rows_of_a_file(self) -> int:
        """Gives the rows of a picture that the next file may have."""
        return min(self.rows, MAX_ROWS_OF_A_FILE)


def detail(report: Report, policy: Policy | None, room: Room) -> dict[str, object] | None:
    """Gives what stands behind a row, without what is empty; None for an inert file once many were shown."""
    if report.ok and not report.findings:
        if not room.inert:
            return None
        room.inert -= 1
    coverage = report.coverage
    parts = report.parts
    told: dict[str, object] = {
        "read": report.bytes_read,
        "complete": coverage.complete,
        "limits": coverage.limits_hit,
        "skipped": [[row.member, row.why, row.bytes] for row in coverage.skipped[:MAX_LISTED]],
        "findings": [_finding(finding) for finding in report.findings[:MAX_LISTED]],
        "parts": [_part(index, part) for index, part in enumerate(parts[:MAX_LISTED])],
        "ops": instructions(report, parts, policy, room.rows_of_a_file()),
        "tensors": tensor_map(report, parts, room.rows_of_a_file()),
    }
    cut = {
        "skipped": len(coverage.skipped) - MAX_LISTED,
        "findings": len(report.findings) - MAX_LISTED,
        "parts": len(parts) - MAX_LISTED,
    }
    told["cut"] = {name: count for name, count in cut.items() if count > 0}
    if safe_text(report.path, cap=None) != report.path:
        told["path_hex"] = raw_path(report.path).hex()
    room.rows -= _rows(told)
    return {name: value for name, value in told.items() if value not in ([], (), {}, None)}


def _finding(finding: Finding) -> dict[str, object]:
    told = finding.to_dict() | {
        "verdict": finding.verdict.rank,
        "part": finding.part,
        "note": finding.note,
        "help": finding.help,
    }
    return {name: value for name, value in told.items() if value not in ("", None) and value is not False}


def _part(index: int, part: Part) -> dict[str, object]:
    told: dict[str, object] = {
        "index": index,
        "member": part.member,
        "offset": part.offset,
        "size": part.size,
        "format": part.format,
        "protocol": part.protocol,
        "opcodes": part.opcodes,
        "tensors": part.tensors,
        "dropped": part.dropped,
        "imports": [[row.name, row.offset, row.standing, row.count] for row in part.imports[:MAX_LISTED]],
        "calls": [[row.call, row.offset, row.standing, row.count] for row in part.calls[:MAX_LISTED]],
        "more": max(0, len(part.imports) - MAX_LISTED) + max(0, len(part.calls) - MAX_LISTED),
    }
    return {name: value for name, value in told.items() if value or name in ("index", "size", "offset")}


def _rows(told: dict[str, object]) -> int:
    ops, tensors = told["ops"], told["tensors"]
    count = len(tensors["rows"]) if isinstance(tensors, dict) else 0
    return count + sum(len(part["rows"]) for part in ops) if isinstance(ops, list) else count


# Rows of instructions and tensors in one page: about 12 MB, which a browser reads in a second.
MAX_ROWS = 200_000
# More than anybody reads, and little enough for a browser to draw at once.
MAX_ROWS_OF_A_FILE = 2_000
# Inert files that can be looked into; of a zoo's others there is the row alone.
MAX_INERT = 500
# Rows of any other list of one file.
MAX_LISTED = 300
