"""Sees: BUILD, SETITEM(S), APPEND(S) or ADDITEMS on an object whose policy entry does not permit it.

Why it matters: BUILD runs the object's `__setstate__` or writes into its `__dict__`, and SETITEM and APPEND
run its own methods. On the wrong type that is code, or memory corruption: CVE-2026-24747 is a SETITEM on
something that is no dict.

A benign file with the same trait: an object that has learned to save its state since the policy was derived.
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
    """Names the opcode, because it decides which method of the object would run."""
    for fact in facts:
        yield rule.at(
            fact,
            f"{fact['opcode']} on an object of {brief(fact['name'])}, whose policy entry does not permit it",
            evidence={"name": fact["name"], "opcode": fact["opcode"]},
            label="its state is set here",
        )


RULE = Rule(
    id="pickle-unexpected-state",
    verdict=Verdict.UNKNOWN,
    severity=Severity.WARNING,
    summary="an allowed object gets state or items that its policy entry does not permit",
    why="Setting state runs methods; on the wrong type it corrupts memory (CVE-2026-24747) or runs code.",
    benign="An object whose class has learned to save its state since the policy was derived.",
    help='If the class takes such state, add "state(...)", "items" or "append" to its policy entry.',
    observes=("state",),
    judge=judge,
)
