"""Sees: a key that stands twice in an object of a JSON file of settings.

Why it matters: Readers take the first or the last: what a person reads is not what a loader does.

A benign repository with the same trait: a file that was merged by hand.
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
    """Tells each place."""
    for fact in facts:
        evidence = {"file": fact["member"] or "", "pointer": fact["name"], "found": fact["found"]}
        yield rule.at(fact, fact["found"], evidence=evidence, note=rule.summary)


RULE = Rule(
    id="repository-duplicate-key",
    verdict=Verdict.INVALID,
    severity=Severity.ERROR,
    summary="a key stands twice in the settings of a model",
    why="Readers take the first or the last: what a person reads is not what a loader does.",
    benign="A file that was merged by hand.",
    help="Remove one of them.",
    observes=("repository-duplicate-key",),
    judge=judge,
)
