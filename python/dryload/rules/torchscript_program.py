"""Sees: an archive that `torch.jit.load` compiles: TorchScript code beside the tensors.

Why it matters: its code was read, and what could act in it is told by rules of its own; but loading
compiles it, and using the model runs it.

A benign file with the same trait: every module that was scripted or traced with torch.jit.
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
            "loading this file compiles a TorchScript program",
            evidence={"format": fact["name"]},
            note="what its code names beyond arithmetic is told by findings of its own; none means none",
        )


RULE = Rule(
    id="torchscript-program",
    verdict=Verdict.UNKNOWN,
    severity=Severity.WARNING,
    summary="the archive holds a TorchScript program",
    why=(
        "Its code was read and every name in it that could act is told by rules of its own, but a "
        "program is more than data: loading compiles it, and using it runs it."
    ),
    benign="Every module that was scripted or traced with torch.jit.",
    help=(
        "If programs whose code says nothing else are fine for you, set [rules] torchscript-program ="
        ' "off" in your policy.'
    ),
    observes=("script-program",),
    judge=judge,
)
