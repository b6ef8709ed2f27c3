"""Sees: a `__setstate__` in TorchScript code: the one part of such a program that runs while the file
loads.

Why it matters: loading does not only compile this program, it runs that method, and everything that it
calls.

A benign file with the same trait: quantised layers, which pack their weights there.
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
    """Reports each method with what it calls."""
    for fact in facts:
        calls = fact["found"]
        yield rule.at(
            fact,
            f"loading this file runs {brief(fact['name'])}'s __setstate__",
            evidence={"name": fact["name"], "calls": calls},
            label="run while the file loads",
            note=f"it calls {brief(calls)}" if calls else "it calls nothing",
        )


RULE = Rule(
    id="torchscript-setstate",
    verdict=Verdict.UNKNOWN,
    severity=Severity.WARNING,
    summary="a class of the TorchScript code has a __setstate__, which loading runs",
    why=("Loading does not only compile this program, it runs that method, and everything that it calls."),
    benign="Quantised layers, which pack their weights there.",
    help=(
        "Read the method; what acts in it is told by torchscript-dangerous-call. [rules] torchscript-"
        'setstate = "off" accepts it.'
    ),
    observes=("script-setstate",),
    judge=judge,
)
