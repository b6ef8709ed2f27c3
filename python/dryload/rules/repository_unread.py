"""Sees: settings, an index or a template that is no JSON, no UTF-8, too large, or needs Jinja; a shard
whose header is refused.

Why it matters: What was not read may say anything.

A benign repository with the same trait: a file that is larger than the limits, or a template where Jinja
is not installed.
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
    id="repository-unread",
    verdict=Verdict.INCONCLUSIVE,
    severity=Severity.WARNING,
    summary="a file of the repository was not judged",
    why="What was not read may say anything.",
    benign="A file that is larger than the limits, or a template where Jinja is not installed.",
    help="See the reason; install `dryload[templates]` for templates.",
    observes=("repository-unread",),
    judge=judge,
)
