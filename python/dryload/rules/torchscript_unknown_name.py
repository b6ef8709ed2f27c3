"""Sees: TorchScript code that names an operator outside torch's aten and prim, a class of native code, or a
namespace as a value, through which any operator can be reached.

Why it matters: such a name stands for native code that some library registered; what it does is not in the
file.

A benign file with the same trait: quantised models (`ops.quantized.linear`), torchvision's detectors
(`ops.torchvision.nms`).
"""

from __future__ import annotations

from dryload.findings import Severity, Verdict, brief
from dryload.rules.base import Rule, by_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dryload._core import Observation
    from dryload.findings import Finding


def judge(rule: Rule, facts: Sequence[Observation]) -> Iterator[Finding]:
    """Gathers the places of each distinct name of the file at its first one."""
    for fact, count, times in by_name(facts):
        yield rule.at(
            fact,
            f"the code of this file names {brief(fact['name'])}: {fact['found']}",
            evidence={"name": fact["name"], "count": count},
            label="named here",
            note=times,
        )


RULE = Rule(
    id="torchscript-unknown-name",
    verdict=Verdict.UNKNOWN,
    severity=Severity.WARNING,
    summary="the TorchScript code names something that nobody has looked at",
    why=("Such a name stands for native code that some library registered; what it does is not in the file."),
    benign=(
        "Quantised models (`ops.quantized.linear`), torchvision's detectors (`ops.torchvision.nms`), "
        "tokenizers of torchtext."
    ),
    help=(
        "Find out which library registers it and whether it only computes; [rules] torchscript-"
        'unknown-name = "off" accepts all such names.'
    ),
    observes=("script-name",),
    judge=judge,
)
