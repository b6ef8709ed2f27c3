"""Sees: a name in `weight_map` that is no plain file name, or a link that leaves the folder.

Why it matters: Loaders join the name to the folder and read what is there.

A benign repository with the same trait: none: a shard stands beside its index.
"""

from __future__ import annotations

from dryload.findings import Severity, Verdict
from dryload.rules.base import Rule, as_found

RULE = Rule(
    id="repository-outside-path",
    verdict=Verdict.INVALID,
    severity=Severity.ERROR,
    summary="the index of a sharded model names a file outside the folder",
    why="Loaders join the name to the folder and read what is there.",
    benign="None: a shard stands beside its index.",
    help="Do not load the repository.",
    observes=("repository-outside-path",),
    judge=as_found,
)
