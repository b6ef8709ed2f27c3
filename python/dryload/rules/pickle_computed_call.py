"""Sees: a call whose callee is neither an imported name nor a type that this pickle names.

Why it matters: calling the result of another call is how a chain of harmless names becomes a harmful one,
and no allow-list of names can hold it.

A benign file with the same trait: none from a pickler. Objects that pickle themselves through a bound
method exist in hand-written `__reduce__` methods; the standard library spells those as `getattr`, which is
on the deny side.
"""

from __future__ import annotations

from dryload.findings import Severity, Verdict, brief
from dryload.rules.base import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dryload._core import Observation
    from dryload.findings import Finding


def judge(rule: Rule, facts: Sequence[Observation]) -> Iterator[Finding]:
    """Shows the call as far as it could be followed."""
    for fact in facts:
        yield rule.at(
            fact,
            f"loading this file calls something that it computes: {brief(fact['call'])}",
            evidence={"call": fact["call"], "opcode": fact["opcode"]},
            label="called here, while the file is being read",
        )


RULE = Rule(
    id="pickle-computed-call",
    verdict=Verdict.MALICIOUS,
    severity=Severity.ERROR,
    summary="the pickle calls something that it computes",
    why="A callee that is made while loading is on no list; so harmless names become a harmful chain.",
    benign="None is known from a pickler; a hand-written __reduce__ with a bound method comes nearest.",
    help="Do not load the file.",
    observes=("computed-call",),
    judge=judge,
)
