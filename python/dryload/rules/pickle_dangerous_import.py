"""Sees: an import of a name on the deny side that no call in the file uses.

Why it matters: the import alone runs the module, and the object that is handed back may be called by the
program that loads the file. A cut file may also have lost the call.

A benign file with the same trait: a pickled reference to a function such as `os.path.join` or
`builtins.getattr`, kept as a value. Plain data never needs one.
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
    """Leaves a name to `pickle-dangerous-call` when that rule has told of it already."""
    called = {
        (fact["part"], fact["name"]) for fact in facts if fact["code"] == "call" and fact["class"] == "deny"
    }
    for fact in facts:
        if (
            fact["code"] == "import"
            and fact["class"] == "deny"
            and (fact["part"], fact["name"]) not in called
        ):
            spelling = f" (written as {brief(fact['raw'])})" if fact["raw"] else ""
            yield rule.at(
                fact,
                f"loading this file imports {brief(fact['name'])}{spelling}",
                evidence={"name": fact["name"], "opcode": fact["opcode"]},
                label="imported here",
                note=fact["reason"],
            )


RULE = Rule(
    id="pickle-dangerous-import",
    verdict=Verdict.MALICIOUS,
    severity=Severity.ERROR,
    summary="the pickle imports a name that is known to run code or to reach outside",
    why="Importing runs the module, and whoever loads the file is handed the function as if it were data.",
    benign="A pickle that keeps a reference to such a function as a value; plain data never needs one.",
    help="Do not load the file; have it saved again without the reference.",
    observes=("import", "call"),
    judge=judge,
)
