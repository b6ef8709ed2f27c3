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
from dryload.repository.files import Folder, fact
from dryload.rules.judging import judge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dryload._core import Observation

__all__ = ["check_repository", "check_walked"]


def check_repository(folder: str | os.PathLike[str], *, policy: Policy | None = None) -> Report:
    """Checks one folder, without those in it, and gives a report of format `repository`.

    A finding names the file that it is about, and in its evidence the place in it as a JSON pointer.

    Raises:
        OSError: the folder cannot be read.
    """
    path, policy = os.fspath(folder), policy or Policy.default()
    here = Folder(path)
    return _report(path, _facts(here), policy, here=here)


def check_walked(path: str, *, policy: Policy) -> Report:
    """Checks a folder that a scan came across; one that cannot be read is inconclusive."""
    try:
        here = Folder(path)
    except OSError as error:
        unread = fact("repository-unread", "", "", error.strerror or "it cannot be read")
        return _report(path, [unread], policy, walked=True)
    return _report(path, _facts(here), policy, here=here, walked=True)


def _facts(here: Folder) -> list[Observation]:
    return [*index.facts(here), *settings.facts(here), *templates.facts(here)]


def _report(
    path: str, facts: list[Observation], policy: Policy, *, here: Folder | None = None, walked: bool = False
) -> Report:
    findings = policy.weighed(judge(facts))
    verdict = worst(finding.verdict for finding in findings if not finding.suppressed)
    read = here.read if here else 0
    seen = Snapshot(size=read, bytes_read=read, format="repository", complete=here is not None)
    return Report(path, verdict, findings, seen=seen, policy=policy.name, walked=walked)
