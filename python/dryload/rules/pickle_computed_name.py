"""Sees: STACK_GLOBAL whose module or name is not a literal of this pickle.

Why it matters: a name that is put together while loading can be read by nobody before. Every pickler writes
both strings out; only something that hides the name computes it (modelscan issue 331).

A benign file with the same trait: none. CPython's picklers and all libraries built on them write literals.
"""

from __future__ import annotations

from dryload.findings import Severity, Verdict
from dryload.rules.base import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dryload._core import Observation
    from dryload.findings import Finding


def judge(rule: Rule, facts: Sequence[Observation]) -> Iterator[Finding]:
    """Reports each such import; there is no name to gather them by."""
    for fact in facts:
        yield rule.at(
            fact,
            "a name to import is put together while the file is being read",
            evidence={"opcode": fact["opcode"], "expected": fact["expected"], "found": fact["found"]},
            label="imported here",
        )


RULE = Rule(
    id="pickle-computed-name",
    verdict=Verdict.MALICIOUS,
    severity=Severity.ERROR,
    summary="the pickle computes a name that it then imports",
    why="What is imported cannot be known without running the file, which is the point of writing it so.",
    benign="None is known: every pickler writes module and name as literals.",
    help="Do not load the file.",
    observes=("computed-name",),
    judge=judge,
)
