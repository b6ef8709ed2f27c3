"""Sees: an attribute or item that begins with an underscore, the filter `attr`, `include`, `import` or
`extends`, a range of more than 100,000.

Why it matters: The template is rendered for every prompt; attributes with underscores, `|attr` and other
files lead to Python.

A benign repository with the same trait: none that formats a conversation.
"""

from __future__ import annotations

from dryload.findings import Severity, Verdict
from dryload.rules.base import Rule, as_found

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
    judge=as_found,
)
