"""Sees: an allowed callable that is called with arguments outside its entry in the policy.

Why it matters: many harmless callables turn harmful with the right argument: `defaultdict` runs its
factory, a rebuild function calls the type it is given, `bytearray(2**40)` fills the memory. An entry
therefore says what may be passed.

A benign file with the same trait: one written by a release of the library that saves more arguments than
the releases which the policy was derived from.
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
    """Shows what was passed beside what the entry permits."""
    for fact in facts:
        yield rule.at(
            fact,
            f"{brief(fact['name'])} is allowed, but not as {brief(fact['call'])}",
            evidence={"name": fact["name"], "call": fact["call"], "spec": fact["spec"]},
            label="called here",
            note=f'the policy permits: "{fact["spec"]}"',
        )


RULE = Rule(
    id="pickle-unexpected-argument",
    verdict=Verdict.UNKNOWN,
    severity=Severity.WARNING,
    summary="an allowed callable gets arguments that its policy entry does not permit",
    why="Arguments steer a harmless callable: it may call what it is given, or allocate without end.",
    benign="A file from a release of the library that saves other arguments than the policy knows.",
    help="If the arguments are right, widen the entry of this name in your policy (docs/policy.md).",
    observes=("argument",),
    judge=judge,
)
