"""Sees: EXT1, EXT2 or EXT4, which import by a number from the `copyreg` registry of the loading process.

Why it matters: the number means whatever that process has registered, and the same pickle may register it
first. The file alone does not say what is imported.

A benign file with the same trait: private protocols inside one organisation (PEP 307). No model library
uses them.
"""

from __future__ import annotations

from dryload.findings import Severity, Verdict
from dryload.rules.base import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dryload._core import Observation
    from dryload.findings import Finding


def judge(rule: Rule, facts: Sequence[Observation]) -> Iterator[Finding]:
    """Reports each code number where it is used."""
    for fact in facts:
        yield rule.at(
            fact,
            f"a name is imported by extension code {fact['found']}",
            evidence={"opcode": fact["opcode"], "extension": fact["found"]},
            label="imported here",
        )


RULE = Rule(
    id="pickle-extension-code",
    verdict=Verdict.MALICIOUS,
    severity=Severity.ERROR,
    summary="the pickle imports by an extension code instead of a name",
    why="What the number means depends on the loading process, and the same pickle may register it first.",
    benign="Private protocols that register codes by agreement (PEP 307); no model library does.",
    help="Do not load the file; have it saved again by a process that registers no extension codes.",
    observes=("extension",),
    judge=judge,
)
