"""Sees: `auto_map`, `custom_pipelines`, `_target_`, a class outside the known libraries in `modules.json`
or `model_index.json`, a Python file.

Why it matters: With `trust_remote_code`, or in a loader of Hydra's kind, code of the repository is
imported and called; dryload does not judge Python code.

A benign repository with the same trait: many new architectures come with code of their own.
"""

from __future__ import annotations

from dryload.findings import Severity, Verdict
from dryload.rules.base import Rule, as_found

RULE = Rule(
    id="repository-custom-code",
    verdict=Verdict.UNKNOWN,
    severity=Severity.WARNING,
    summary="the repository brings code that a loader can be told to run",
    why=(
        "With `trust_remote_code`, or in a loader of Hydra's kind, code of the repository is "
        "imported and called; dryload does not judge Python code."
    ),
    benign="Many new architectures come with code of their own.",
    help=(
        "Read the code before you pass `trust_remote_code=True`; do without it where the library "
        "knows the model."
    ),
    observes=("repository-custom-code",),
    judge=as_found,
)
