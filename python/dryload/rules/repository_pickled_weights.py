"""Sees: a `.bin`, `.pt`, `.pth`, `.ckpt` or `.pkl` file beside a `.safetensors` file.

Why it matters: A loader that lacks one format, or is told so, takes the other.

A benign repository with the same trait: repositories that keep the old format for old loaders.
"""

from __future__ import annotations

from dryload.findings import Severity, Verdict
from dryload.rules.base import Rule, as_found

RULE = Rule(
    id="repository-pickled-weights",
    verdict=Verdict.INERT,
    severity=Severity.NOTE,
    summary="weights that are pickles stand beside weights that are not",
    why="A loader that lacks one format, or is told so, takes the other.",
    benign="Repositories that keep the old format for old loaders.",
    help="Remove the pickles, or scan them as well.",
    observes=("repository-pickled-weights",),
    judge=as_found,
)
