"""Sees: `trust_remote_code` set to true inside a file, or an implementation that names a repository of
code.

Why it matters: The caller decides whether code is trusted; a file that decides for them defeats that
(CVE-2026-5241, CVE-2026-4372).

A benign repository with the same trait: none that needs it: the caller can say so.
"""

from __future__ import annotations

from dryload.findings import Severity, Verdict
from dryload.rules.base import Rule, as_found

RULE = Rule(
    id="repository-remote-code",
    verdict=Verdict.MALICIOUS,
    severity=Severity.ERROR,
    summary="the settings make a loader run code that the caller did not ask for",
    why=(
        "The caller decides whether code is trusted; a file that decides for them defeats that "
        "(CVE-2026-5241, CVE-2026-4372)."
    ),
    benign="None that needs it: the caller can say so.",
    help="Do not load the repository.",
    observes=("repository-remote-code",),
    judge=as_found,
)
