"""Sees: a shared library, or anything under `data/aotinductor/`, in an archive of torch.export: AOTInductor
unpacks and loads it.

Why it matters: a shared library runs code of its own as soon as it is loaded, and no reading of the archive
says what it does.

A benign file with the same trait: every package of AOTInductor, whose purpose is to hold such code.
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
    """Reports each member that is one."""
    for fact in facts:
        yield rule.at(
            fact,
            f"loading this file loads native code: {brief(fact['name'])}",
            evidence={"name": fact["name"]},
            label="stored here",
        )


RULE = Rule(
    id="torch-native-code",
    verdict=Verdict.MALICIOUS,
    severity=Severity.ERROR,
    summary="the archive holds native code that its loader loads",
    why=(
        "A shared library runs code of its own as soon as it is loaded, and no reading of the archive"
        " says what it does."
    ),
    benign="Every package of AOTInductor, whose purpose is to hold such code.",
    help=(
        "Treat the file as a program: run it only if you would run its author's programs; or have the"
        " model saved without compiled code."
    ),
    observes=("native-code",),
    judge=judge,
)
