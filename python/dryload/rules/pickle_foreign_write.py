"""Sees: SETITEM(S), APPEND(S), ADDITEMS or BUILD on something that this pickle imported and did not make.

Why it matters: it changes the running process without one call: `os.environ`, `sys.path`, `sys.modules`,
the defaults of a function, the methods of a class. The effect outlives the load, and a later, innocent
import or call springs it.

A benign file with the same trait: none. A pickler only writes into objects that it has just made.
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
    """Reports each write, whether or not the policy allows the name that is written to."""
    for fact in facts:
        yield rule.at(
            fact,
            f"loading this file changes {brief(fact['name'])} in the loading process",
            evidence={"name": fact["name"], "opcode": fact["opcode"]},
            label="written here",
        )


RULE = Rule(
    id="pickle-foreign-write",
    verdict=Verdict.MALICIOUS,
    severity=Severity.ERROR,
    summary="the pickle writes into something that it did not make",
    why="It changes modules, classes or settings of the loading process without a call, and it stays.",
    benign="None is known: a pickler only writes into objects that it has just made.",
    help="Do not load the file.",
    observes=("foreign-write",),
    judge=judge,
)
