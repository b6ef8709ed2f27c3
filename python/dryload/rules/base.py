"""What a rule is: it looks at the facts of one kind in a file and says which of them are worth a finding.

A rule never reads bytes, never sees the policy (the core has already classed each name by it) and never
prints. It may quote text from the file; outputs make that text safe.
"""

from __future__ import annotations

from dryload._frozen import frozen
from dryload.findings import Finding, Severity, Span, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dryload._core import Observation

    Judge = Callable[["Rule", Sequence[Observation]], Iterator[Finding]]


@frozen
class Rule:
    """One judgement over facts.

    `observes` lists the codes of the facts it is given; `judge` gets all facts of a file with these codes,
    in file order. `why`, `benign` (what a harmless file with the same trait looks like) and `help` are
    whole sentences for a reader.
    """

    id: str
    verdict: Verdict
    severity: Severity
    summary: str
    why: str
    benign: str
    help: str
    observes: tuple[str, ...]
    judge: Judge

    def at(
        self,
        fact: Observation,
        message: str,
        *,
        evidence: Mapping[str, str | int],
        label: str = "",
        note: str = "",
        help: str = "",
    ) -> Finding:
        """Makes a finding of this rule at the place of the fact."""
        return finding_at(
            fact,
            rule=self.id,
            verdict=self.verdict,
            severity=self.severity,
            message=message,
            evidence=evidence,
            label=label,
            note=note,
            help=help or self.help,
        )


def as_found(rule: Rule, facts: Sequence[Observation]) -> Iterator[Finding]:
    """Judges facts about files of a repository: each is told in its own words, with its place."""
    for fact in facts:
        evidence = {"file": fact["member"] or "", "pointer": fact["name"], "found": fact["found"]}
        yield rule.at(fact, fact["found"], evidence=evidence, note=rule.summary)


def by_name(facts: Sequence[Observation]) -> Iterator[tuple[Observation, int, str]]:
    """Gives the first fact of each distinct name, how often the name was seen, and that in words."""
    first: dict[str, Observation] = {}
    count: dict[str, int] = {}
    for fact in facts:
        first.setdefault(fact["name"], fact)
        count[fact["name"]] = count.get(fact["name"], 0) + 1
    for name, fact in first.items():
        yield fact, count[name], "named once" if count[name] == 1 else f"named {count[name]} times"


def finding_at(
    fact: Observation,
    *,
    rule: str,
    verdict: Verdict,
    severity: Severity,
    message: str,
    evidence: Mapping[str, str | int],
    label: str = "",
    note: str = "",
    help: str = "",
) -> Finding:
    """Makes a finding whose member, part and spans are those of an observation.

    `imported_at` is added to the evidence where the name was imported elsewhere.
    """
    span = Span(start=fact["start"], end=fact["end"])
    file_start = fact["file_start"]
    length = span.end - span.start
    imported_at = fact["import_start"]
    if imported_at is not None and imported_at != span.start:
        evidence = {**evidence, "imported_at": imported_at}
    return Finding(
        rule=rule,
        severity=severity,
        verdict=verdict,
        message=message,
        member=fact["member"],
        span=span,
        file_span=None if file_start is None else Span(start=file_start, end=file_start + length),
        part=fact["part"],
        evidence=evidence,
        label=label,
        note=note,
        help=help,
        value=fact["place"],
    )
