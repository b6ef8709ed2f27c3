"""Sees: a call of a name on the deny side, by any of the opcodes that call.

Why it matters: the call runs while the file is read, before the loader returns. It runs even if the pickle
is cut off later, because an unpickler executes as it reads.

A benign file with the same trait: none. No saver of tensors, arrays or estimators writes such a call.
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
    """Reports each call by itself: two calls of one name may do two different things."""
    for fact in facts:
        if fact["class"] == "deny":
            yield rule.at(
                fact,
                f"loading this file calls {brief(fact['call'])}",
                evidence={
                    "call": fact["call"],
                    "name": fact["name"],
                    "opcode": fact["opcode"],
                },
                label="called here, while the file is being read",
                note=fact["reason"],
            )


RULE = Rule(
    id="pickle-dangerous-call",
    verdict=Verdict.MALICIOUS,
    severity=Severity.ERROR,
    summary="the pickle calls a function that is known to run code or to reach outside",
    why="The call runs while the file is being read, even if the file turns out to be broken later.",
    benign="None is known: no saver of tensors, arrays or estimators writes such a call.",
    help="Do not load the file. If you trust its origin, ask there why a model file has to call this.",
    observes=("call",),
    judge=judge,
)
