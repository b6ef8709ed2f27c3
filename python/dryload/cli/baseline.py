"""`dryload scan --write-baseline FILE` and `--baseline FILE`: findings that are known, so that new ones stand
out.

A baseline knows a finding by its fingerprint and the sha256 of the file: a file that changed is not covered,
one that was moved is. The path is there for people. Malicious findings get in with --force alone, and
inconclusive ones never.
"""

from __future__ import annotations

import json
import os

from dryload._version import __version__
from dryload.cli.config_keys import checked_fingerprint, checked_sha256
from dryload.cli.hiding import BASELINE, Entry, content_hash
from dryload.errors import PolicyError
from dryload.findings import Verdict
from dryload.outputs.safe_text import safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dryload.findings import Finding
    from dryload.report import Report


def read_baseline(name: str) -> list[Entry]:
    """Reads the entries of a baseline.

    Raises:
        PolicyError: it cannot be read, or is no baseline of this schema.
    """
    try:
        with open(name, "rb") as file:
            document = json.load(file)
    except OSError as error:
        raise PolicyError(f"--baseline {name}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"--baseline {name}: it is no JSON") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise PolicyError(f"--baseline {name}: it is no baseline of the schema {SCHEMA}")
    rows = document.get("findings")
    if not isinstance(rows, list):
        raise PolicyError(f"--baseline {name}: 'findings' is a list")
    return [_entry(row, f"--baseline {name}: finding {index}") for index, row in enumerate(rows, 1)]


class Baseline:
    """Collects the findings of a run and writes them as a baseline.

    It keeps what an older baseline hid, and leaves out what policy or configuration silence: these are told
    where they are silenced.
    """

    def __init__(self, name: str, *, force: bool) -> None:
        self._name = name
        self._force = force
        self._rows: dict[tuple[str, str, str], dict[str, object]] = {}
        self._left_out = dict.fromkeys(REASONS, 0)

    def add(self, report: Report) -> None:
        """Takes the findings of one file."""
        known = [each for each in report.findings if not each.suppressed or each.suppressed_by == BASELINE]
        taken = [finding for finding in known if self._takes(finding)]
        if not taken:
            return
        found = content_hash(report)
        if found is None:
            self._left_out["of no file that could be hashed as it was scanned"] += len(taken)
            return
        path = safe_text(report.path, cap=None)
        for finding in taken:
            row: dict[str, object] = {"path": path, "sha256": found, "fingerprint": finding.fingerprint}
            row["rule"] = finding.rule
            if finding.verdict is Verdict.MALICIOUS:
                row["malicious"] = True
            # One fingerprint may stand for several findings of a file; one of them may be worse.
            self._rows.setdefault((path, found, finding.fingerprint), row).update(row)

    def write(self) -> list[str]:
        """Writes the file at once or not at all, and gives lines that say what is in it and what is not.

        Raises:
            PolicyError: it cannot be written.
        """
        rows = [row for _, row in sorted(self._rows.items())]
        told = {"schema": SCHEMA, "tool": {"name": "dryload", "version": __version__}, "findings": rows}
        beside = f"{self._name}.{os.getpid()}.new"
        try:
            # Made anew: a link that waits under this name would choose what is overwritten.
            with open(beside, "x", encoding="ascii") as file:
                file.write(json.dumps(told, indent=1) + "\n")
            os.replace(beside, self._name)  # noqa: PTH105 - the name may be bytes that no Path holds
        except OSError as error:
            raise PolicyError(f"--write-baseline {self._name}: {error.strerror}") from error
        lines = [f"baseline: {_count(len(rows), 'finding')} in {self._name}"]
        for reason, count in self._left_out.items():
            if count:
                lines.append(f"baseline: {_count(count, 'finding')} left out: {reason}")
        return lines

    def _takes(self, finding: Finding) -> bool:
        if finding.verdict is Verdict.INCONCLUSIVE:
            self._left_out["inconclusive, and nobody knows what is there"] += 1
        elif finding.verdict is Verdict.MALICIOUS and not self._force:
            self._left_out["malicious, and --force was not given"] += 1
        else:
            return True
        return False


def _entry(row: object, where: str) -> Entry:
    if not isinstance(row, dict):
        raise PolicyError(f"{where}: it is an object")
    return Entry(
        fingerprint=checked_fingerprint(row.get("fingerprint"), where=where),
        sha256=checked_sha256(row.get("sha256"), where=where),
        by=BASELINE,
        malicious=row.get("malicious") is True,
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


SCHEMA = "dryload.baseline/1"
REASONS = (
    "malicious, and --force was not given",
    "inconclusive, and nobody knows what is there",
    "of no file that could be hashed as it was scanned",
)
