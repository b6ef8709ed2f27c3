"""Finds the model repositories among the folders that a scan walks, and checks each as a whole.

It looks at the names that the scan comes across anyway and walks nothing itself. A folder counts where an
index or the settings of a tokenizer or a pipeline stand in it, or other settings beside a model: a
`config.json` alone is that of any program, and so is a template.
"""

from __future__ import annotations

import os

from dryload.findings import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from dryload.policy import Policy
    from dryload.report import Report

_ALONE = {"model_index.json", "tokenizer_config.json"}
_INDEXES = (".safetensors.index.json", ".bin.index.json")
_BESIDE_A_MODEL = {"config.json", "modules.json", "adapter_config.json"}


def with_repositories(
    reports: Iterable[Report],
    policy: Policy,
    *,
    models_before: Iterable[str] = (),
    checked_before: Container[str] = (),
) -> Iterator[Report]:
    """Passes reports on, then gives those of the repositories in which more than notes was found.

    `models_before` are files that an earlier run reported, and are not among the reports; `checked_before`
    are repositories that it has reported.
    """
    found: set[str] = set()
    settings: set[str] = set()
    models: set[str] = set()
    for path in models_before:
        # An index that was reported is a model file by its name.
        folder, _, name = path.rpartition(os.sep)
        (found if name.endswith(_INDEXES) else models).add(folder)
    for report in reports:
        yield report
        if not report.walked:
            continue
        # os.path.split takes four times as long, and a tree has millions of files.
        folder, _, name = report.path.rpartition(os.sep)
        if name in _BESIDE_A_MODEL:
            settings.add(folder)
        elif name in _ALONE or name.endswith(_INDEXES):
            found.add(folder)
        elif not report.ignored:
            models.add(folder)
    found |= settings & models
    if found:
        from dryload.repository import check_walked

        left = sorted(folder for folder in found if folder not in checked_before)
        checked = (check_walked(folder, policy=policy) for folder in left)
        yield from (report for report in checked if _counts(report))


def _counts(report: Report) -> bool:
    """Whether more than notes was found: weights that stand there twice are ordinary."""
    return any(finding.verdict is not Verdict.INERT for finding in report.findings)
