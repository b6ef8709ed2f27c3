"""Sees: TorchScript code, or a graph of torch.export, that names an operator which reads or writes files,
calls Python, or calls another machine: `torch.save`, `torch.from_file`, `ops.prim.rpc_sync`.

Why it matters: TorchScript is no sandbox: a module can write any file, also while it is loaded, in
`__setstate__` (measured with torch 2.13).

A benign file with the same trait: a module that keeps a log or a cache of its own; a model that only
computes never names one.
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
    """Reports each place that names one, and whether loading runs it."""
    for fact in facts:
        when = (
            "while it loads" if fact["expected"] == "__setstate__" else "when it is used, or while it loads"
        )
        yield rule.at(
            fact,
            f"the code of this file names {brief(fact['name'])}, which {fact['found']}",
            evidence={"name": fact["name"], "does": fact["found"]},
            label="named here",
            note=f"it may run {when}",
        )


RULE = Rule(
    id="torchscript-dangerous-call",
    verdict=Verdict.MALICIOUS,
    severity=Severity.ERROR,
    summary="the TorchScript code names an operator that acts",
    why=(
        "TorchScript is no sandbox: a module can write any file, also while it is loaded, in "
        "`__setstate__`. torch 2.13 was seen to do so."
    ),
    benign="A module that keeps a log or a cache of its own; a model that only computes never names one.",
    help="Do not load the file; read the code of that member.",
    observes=("script-act",),
    judge=judge,
)
