"""Sees: NEXT_BUFFER, which takes bytes that were handed over beside the pickle (PEP 574).

Why it matters: part of the object is not in the file, so nothing can be said about it.

A benign file with the same trait: a message between two processes, stored without its buffers. Files that
are made to be loaded by themselves have none.
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
    """Reports each place that takes a buffer."""
    for fact in facts:
        yield rule.at(
            fact,
            "part of the data is a buffer that is not in the file",
            evidence={"opcode": fact["opcode"]},
            label="taken here",
        )


RULE = Rule(
    id="pickle-external-buffer",
    verdict=Verdict.UNKNOWN,
    severity=Severity.WARNING,
    summary="the pickle takes data from a buffer outside the file",
    why="Part of the object is handed over beside the pickle, so the file alone does not say what is loaded.",
    benign="A message between two processes that was stored without its buffers (PEP 574).",
    help="Have the file saved with its buffers inside, which is what every pickler does by default.",
    observes=("buffer",),
    judge=judge,
)
