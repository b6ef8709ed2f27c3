"""`pytest --dryload PATH`: a test for each model file below the path, which fails unless the file is inert.

    pytest --dryload models --dryload-policy policy.toml

Repeatable. Files that are no models are no tests. pytest finds the plugin where dryload is installed, and it
does nothing without the option.
"""

from __future__ import annotations

import os

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dryload.policy import Policy
    from dryload.report import Report


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options."""
    group = parser.getgroup("dryload", "models that loading does not run")
    group.addoption("--dryload", action="append", metavar="PATH", help="a test for each model file here")
    group.addoption("--dryload-policy", metavar="NAME|FILE", help="the policy (default: default)")


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Scans the files, and adds a test for each."""
    paths = config.getoption("--dryload")
    if not paths:
        return
    from dryload.bulk import scan_many

    missing = [path for path in paths if not os.path.lexists(path)]
    if missing:
        raise pytest.UsageError(f"--dryload: no such file or folder: {missing[0]!r}")
    reports = scan_many(paths, policy=_policy(config.getoption("--dryload-policy")))
    items.extend(
        ModelItem.from_parent(session, name=f"dryload::{report.path}", report=report)
        for report in reports
        if not report.ignored
    )


class ModelItem(pytest.Item):
    """The test of one file."""

    def __init__(self, *, report: Report, **options: Any) -> None:
        super().__init__(**options)
        self._report = report

    def runtest(self) -> None:
        """Passes if the file is inert."""
        self._report.raise_for_verdict()

    def repr_failure(self, *_: object, **__: object) -> str:
        """Shows the findings as the terminal does."""
        return str(self._report)

    def reportinfo(self) -> tuple[str, None, str]:
        """Names the file."""
        return self._report.path, None, self.name


def _policy(named: str | None) -> Policy:
    from dryload.policy import Policy

    if named is None:
        return Policy.default()
    return Policy.load(named) if os.path.exists(named) else Policy.builtin(named)
