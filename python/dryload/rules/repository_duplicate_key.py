"""Sees: a key that stands twice in an object of a JSON file of settings.

Why it matters: Readers take the first or the last: what a person reads is not what a loader does.

A benign repository with the same trait: a file that was merged by hand.
"""

from __future__ import annotations

from dryload.findings import Severity, Verdict
from dryload.rules.base import Rule, as_found

RULE = Rule(
    id="repository-duplicate-key",
    verdict=Verdict.INVALID,
    severity=Severity.ERROR,
    summary="a key stands twice in the settings of a model",
    why="Readers take the first or the last: what a person reads is not what a loader does.",
    benign="A file that was merged by hand.",
    help="Remove one of them.",
    observes=("repository-duplicate-key",),
    judge=as_found,
)
