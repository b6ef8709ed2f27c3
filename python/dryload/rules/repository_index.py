"""Sees: an index that names a file that is not there or of another kind, a tensor that its shard does not
have, that stands in two, or that the index does not know, a numbering with holes, a wrong `total_size`,
a key twice, or a second index.

Why it matters: A loader follows the index without a check: tensors go unread, come from another file, or
from the one that is loaded last.

A benign repository with the same trait: a repository from which shards were removed or that is still
being downloaded.
"""

from __future__ import annotations

from dryload.findings import Severity, Verdict
from dryload.rules.base import Rule, as_found

RULE = Rule(
    id="repository-index",
    verdict=Verdict.INVALID,
    severity=Severity.ERROR,
    summary="the index of a sharded model does not agree with its files",
    why=(
        "A loader follows the index without a check: tensors go unread, come from another file, "
        "or from the one that is loaded last."
    ),
    benign="A repository from which shards were removed or that is still being downloaded.",
    help="Download the repository again; ask its origin where that does not help.",
    observes=("repository-index",),
    judge=as_found,
)
