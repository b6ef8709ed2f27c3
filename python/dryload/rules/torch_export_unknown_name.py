"""Sees: a graph that calls something outside torch's aten and prim operators, names a class of native code
or a module to import, or brings Python code that is more than arithmetic over sizes.

Why it matters: such a target is code of another library, or any function that can be reached from torch by
its name; what it does is not in the file.

A benign file with the same trait: models with operators of torchvision or of your own, or with control
flow.
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
            f"the graph of this file names {brief(fact['name'])}: {fact['found']}",
            evidence={"name": fact["name"], "count": count},
            label="named here",
            note=times,
        )


RULE = Rule(
    id="torch-export-unknown-name",
    verdict=Verdict.UNKNOWN,
    severity=Severity.WARNING,
    summary="the graph of a torch.export archive names something that nobody has looked at",
    why=(
        "Such a target is code of another library, or any function that can be reached from torch by "
        "its name; what it does is not in the file."
    ),
    benign=(
        "Models with operators of torchvision or of your own, with control flow "
        "(`torch.ops.higher_order.cond`), or with a defaultdict among their inputs."
    ),
    help=(
        "Find out which library has it and whether it only computes; [rules] torch-export-unknown-"
        'name = "off" accepts all such names.'
    ),
    observes=("export-name",),
    judge=judge,
)
