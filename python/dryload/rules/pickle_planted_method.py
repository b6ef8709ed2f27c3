"""Sees: an APPEND, APPENDS, ADDITEMS or a second BUILD on an object that was given a state before.

Why it matters: these opcodes look up `append`, `extend`, `add` or `__setstate__` on the object, and a state
may hold a callable under that name. The call has no opcode of its own, and its arguments are those items.

A benign file with the same trait: none. Every pickler writes the items of an object before its state, and one
state.
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
    """Names the class and the opcode that looks the method up."""
    for fact in facts:
        yield rule.at(
            fact,
            f"{fact['opcode']} calls a method of {brief(fact['name'])} that the state may have set",
            evidence={"name": fact["name"], "opcode": fact["opcode"]},
            label="its own state decides what runs here",
        )


RULE = Rule(
    id="pickle-planted-method",
    verdict=Verdict.MALICIOUS,
    severity=Severity.ERROR,
    summary="the pickle calls a method of an object that it may have replaced",
    why="The opcode looks up a method on the object, and the state given before may hold any callable there.",
    benign="None: every pickler writes the items of an object before its state, and one state.",
    help="Do not load the file.",
    observes=("planted-method",),
    judge=judge,
)
