"""Sees: an archive of `torch.export.save`: a graph of operators with weights and sample inputs.

Why it matters: what of it could act is told by rules of its own, but its loader builds a program out of it,
evaluates its shape expressions, and unpickles members without a list.

A benign file with the same trait: every model that was exported with torch.export.
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
    """Reports each archive that is one."""
    for fact in facts:
        yield rule.at(
            fact,
            "loading this file builds a torch.export program",
            evidence={"format": fact["name"]},
            note="what its graph and members name beyond aten operators is told by findings of its own",
        )


RULE = Rule(
    id="torch-export-program",
    verdict=Verdict.UNKNOWN,
    severity=Severity.WARNING,
    summary="the archive holds a torch.export program",
    why=(
        "What of it could act is told by rules of its own, but its loader builds a program of torch "
        "out of it, evaluates its shape expressions, and unpickles members without a list."
    ),
    benign="Every model that was exported with torch.export.",
    help=(
        "If programs whose graph says nothing else are fine for you, set [rules] torch-export-program"
        ' = "off" in your policy.'
    ),
    observes=("export-program",),
    judge=judge,
)
