"""Sees: an attribute or item that begins with an underscore, the filter `attr`, `include`, `import` or
`extends`, a range of more than 100,000.

Why it matters: The template is rendered for every prompt; attributes with underscores, `|attr` and other
files lead to Python.

A benign repository with the same trait: none that formats a conversation.
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
    """Tells each place."""
    for fact in facts:
        evidence = {"file": fact["member"] or "", "pointer": fact["name"], "found": fact["found"]}
        yield rule.at(fact, fact["found"], evidence=evidence, note=rule.summary)


RULE = Rule(
    id="repository-template",
    verdict=Verdict.MALICIOUS,
    severity=Severity.ERROR,
    summary="a chat template reaches out of its sandbox",
    why=(
        "The template is rendered for every prompt; attributes with underscores, `|attr` and "
        "other files lead to Python."
    ),
    benign="None that formats a conversation.",
    help="Do not use the template; pass one of your own.",
    observes=("repository-template",),
    judge=judge,
)
