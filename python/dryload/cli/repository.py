"""`dryload repository`: checks folders that hold models, each as a whole, with the options of `dryload scan`.

A folder that is named is checked in any case, one below it where settings or an index stand in it.
"""

from __future__ import annotations

import os
from pathlib import Path

from dryload.cli.scan import report_on
from dryload.errors import SourceError
from dryload.repository import check_repository

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dryload.cli.scan import Job
    from dryload.report import Report


def run(words: list[str]) -> int:
    """Checks the folders and gives the exit code."""
    return report_on(words, _reports)


def _reports(job: Job) -> Iterator[Report]:
    for path in job.options.paths:
        if not Path(path).is_dir():
            raise SourceError(20, "not a folder", path)
        for folder, below, names in os.walk(path):
            below.sort()
            if folder == path or any(_tells(name) for name in names):
                yield check_repository(folder, policy=job.policy)


def _tells(name: str) -> bool:
    known = name in ("config.json", "model_index.json", "modules.json", "tokenizer_config.json")
    return known or name.endswith((".index.json", ".jinja"))
