"""Sees: a shape expression that is more than arithmetic over symbols.

Why it matters: the loader hands expressions to sympy.sympify, which is an eval, before anything is called.

A benign file with the same trait: an expression with a function that torch added lately.
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
    """Reports each text."""
    for fact in facts:
        yield rule.at(
            fact,
            f"loading this file takes {brief(fact['name'])}, which the loader {fact['found']}",
            evidence={"name": fact["name"], "does": fact["found"]},
            label="stands here",
        )


RULE = Rule(
    id="torch-export-evaluated-text",
    verdict=Verdict.MALICIOUS,
    severity=Severity.ERROR,
    summary="the graph of a torch.export archive holds a text that its loader evaluates",
    why="The loader hands expressions to sympy.sympify, which is an eval, before anything is called.",
    benign="An expression with a function that torch added lately.",
    help="Do not load the file; read the text.",
    observes=("export-evaluated",),
    judge=judge,
)
