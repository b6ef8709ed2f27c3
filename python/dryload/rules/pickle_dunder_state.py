"""Sees: a BUILD state with a key such as `__class__`, `__reduce__` or `__setattr__`.

Why it matters: the key replaces a part of the object that Python itself looks up, so that a later, ordinary
operation runs something else (modelscan issue 330).

A benign file with the same trait: none that plain data needs; a few old classes keep `__dict__` under that
key. `__doc__` is no such key: it is a text, and nothing looks it up.
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
    """Names the key and the type whose object gets it."""
    for fact in facts:
        yield rule.at(
            fact,
            f"the state of an object of {brief(fact['name'])} sets {brief(fact['found'])}",
            evidence={"name": fact["name"], "key": fact["found"], "opcode": fact["opcode"]},
            label="its state is set here",
        )


RULE = Rule(
    id="pickle-dunder-state",
    verdict=Verdict.MALICIOUS,
    severity=Severity.ERROR,
    summary="the pickle sets a double-underscore attribute of an object",
    why="It replaces what Python looks up by itself: a later, ordinary operation runs something else.",
    benign="None that plain data needs; a few old classes keep their own dictionary in such a key.",
    help="Do not load the file.",
    observes=("dunder-state",),
    judge=judge,
)
