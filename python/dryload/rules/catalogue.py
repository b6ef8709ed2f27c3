"""Every slug that a report can hold, from both of its sources: the defects of the core and the rules over
facts.

Nothing else may invent a slug; `docs/rules.md` and the tests are counted against this.
"""

from __future__ import annotations

from functools import cache

from dryload._frozen import frozen
from dryload._native import defects
from dryload.findings import Severity, Verdict
from dryload.rules import RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


@frozen
class Entry:
    """One slug with what it means by default."""

    slug: str
    verdict: Verdict
    severity: Severity
    summary: str


@cache
def catalogue() -> Mapping[str, Entry]:
    """Gives all entries by slug: the core's defects in its own order, then the rules in theirs."""
    from_core = (
        Entry(slug=slug, verdict=Verdict(verdict), severity=Severity(severity), summary=summary)
        for slug, verdict, severity, summary in defects()
    )
    from_rules = (
        Entry(slug=rule.id, verdict=rule.verdict, severity=rule.severity, summary=rule.summary)
        for rule in RULES
    )
    return {entry.slug: entry for entry in (*from_core, *from_rules)}
