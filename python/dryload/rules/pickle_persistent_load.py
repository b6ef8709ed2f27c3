"""Sees: PERSID or BINPERSID in a pickle whose container does not declare what its ids mean.

Why it matters: the loading program decides what a persistent id fetches: a file, a row of a database, an
object by name. Torch's storages are such ids and are checked against the archive; elsewhere the file alone
does not say.

A benign file with the same trait: pickles of a program with an own `persistent_load`, such as ZODB, and
torch's inner pickle taken out of its archive.
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
    """Shows the id that the loader would be asked for."""
    for fact in facts:
        yield rule.at(
            fact,
            f"the loader is asked to fetch an object by the id {brief(fact['found'])}",
            evidence={"id": fact["found"], "opcode": fact["opcode"]},
            label="asked for here",
        )


RULE = Rule(
    id="pickle-persistent-load",
    verdict=Verdict.UNKNOWN,
    severity=Severity.WARNING,
    summary="the pickle asks its loader for objects by ids that no container declares",
    why="What an id fetches is up to the loading program; the file alone does not say.",
    benign="Pickles of a program with its own persistent_load, or torch's inner pickle on its own.",
    help="Scan the whole archive instead of a member of it, or ask the program that wrote the file.",
    observes=("persistent",),
    judge=judge,
)
