"""Turns what the core observed in one file into findings.

A defect carries its own verdict; a fact goes to the rules that observe its code. An observation that nobody
knows is an error of ours and raises: it must not pass for a quiet file.
"""

from __future__ import annotations

from dryload.errors import DryloadError
from dryload.findings import Finding, brief
from dryload.rules import RULES
from dryload.rules.base import finding_at
from dryload.rules.catalogue import catalogue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dryload._core import Observation


def judge(observations: Sequence[Observation]) -> list[Finding]:
    """Judges all observations of a file; the findings come worst first, then by part and offset."""
    entries = catalogue()
    observed = {code for rule in RULES for code in rule.observes}
    facts: list[Observation] = []
    findings: list[Finding] = []
    for observation in observations:
        if observation["code"] in observed:
            facts.append(observation)
        elif observation["code"] in entries:
            findings.append(_defect(observation))
        else:
            raise DryloadError(
                f"the core observed {observation['code']!r}, which no rule knows: please report this bug"
            )
    codes = {fact["code"] for fact in facts}
    for rule in RULES:
        if not codes.isdisjoint(rule.observes):
            findings += rule.judge(rule, [fact for fact in facts if fact["code"] in rule.observes])
    return sorted(findings, key=_worst_first)


def _defect(observation: Observation) -> Finding:
    entry = catalogue()[observation["code"]]
    expected, found = observation["expected"], observation["found"]
    told = f"{entry.summary}: " if expected or found else entry.summary
    if expected:
        told += f"expected {brief(expected)}"
    if found:
        told += f"{', ' if expected else ''}found {brief(found)}"
    return finding_at(
        observation,
        rule=entry.slug,
        verdict=entry.verdict,
        severity=entry.severity,
        message=told,
        evidence={name: text for name, text in (("expected", expected), ("found", found)) if text},
    )


def _worst_first(finding: Finding) -> tuple[int, int, int]:
    part = -1 if finding.part is None else finding.part
    return finding.verdict.rank, part, finding.span.start
