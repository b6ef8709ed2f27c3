"""Checks a folder that holds a model: whether its files agree, and what its settings make a loader run.

`scan` judges each file by itself. This looks at what stands between them: the index of a sharded model, the
settings beside it, and the templates that a tokenizer renders. Nothing is imported, rendered or loaded; of a
shard the header is read.

Neighbours: `files` reads, `index`, `settings` and `templates` see, the rules `repository-*` judge.
"""

from __future__ import annotations

import os

from dryload.findings import worst
from dryload.policy import Policy
from dryload.report import Report, Snapshot
from dryload.repository import index, settings, templates
from dryload.repository.files import Folder
from dryload.rules.judging import judge

__all__ = ["check_repository"]


def check_repository(folder: str | os.PathLike[str], *, policy: Policy | None = None) -> Report:
    """Checks one folder, without those in it, and gives a report of format `repository`.

    A finding names the file that it is about, and in its evidence the place in it as a JSON pointer.

    Raises:
        OSError: the folder cannot be read.
    """
    path, policy = os.fspath(folder), policy or Policy.default()
    here = Folder(path)
    facts = [*index.facts(here), *settings.facts(here), *templates.facts(here)]
    findings = policy.weighed(judge(facts))
    verdict = worst(finding.verdict for finding in findings if not finding.suppressed)
    seen = Snapshot(size=here.read, bytes_read=here.read, format="repository", complete=True)
    return Report(path, verdict, findings, seen=seen, policy=policy.name)
