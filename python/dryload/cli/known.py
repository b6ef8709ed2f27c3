"""What a run knows of findings before it begins and writes down at its end: suppressions and baselines.

It reads the lists and tells on stderr what of them is not in force; `hiding` decides.
"""

from __future__ import annotations

import os
import sys

from dryload.cli.baseline import Baseline, read_baseline
from dryload.cli.config import lies_in
from dryload.cli.hiding import Hiding, in_force
from dryload.errors import PolicyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dryload.cli.config import Config
    from dryload.cli.scan import Options
    from dryload.report import Report


class Known:
    """Hides the known findings of reports, and collects what the next run shall know."""

    def __init__(self, options: Options, config: Config) -> None:
        """Reads the lists before anything is scanned.

        Raises:
            PolicyError: a baseline cannot be read, or the options do not go together.
        """
        self._quiet = options.quiet
        if options.force and options.write_baseline is None:
            raise PolicyError("--force goes with --write-baseline")
        if options.write_baseline is not None and options.resume is not None:
            raise PolicyError("--write-baseline needs all findings, and --resume passes over earlier ones")
        if options.write_baseline is not None:
            folder = os.path.dirname(options.write_baseline) or "."
            if not os.access(folder, os.W_OK):
                raise PolicyError(
                    f"--write-baseline {options.write_baseline}: its folder cannot be written to"
                )
        entries = in_force(config.suppress, today=_today(), tell=self._tell)
        baseline = options.baseline or self._configured(options, config)
        if baseline is not None:
            entries += read_baseline(baseline)
        self._hide = Hiding(entries, tell=self._tell)
        self._next = None
        if options.write_baseline is not None:
            self._next = Baseline(options.write_baseline, force=options.force)

    def __call__(self, report: Report) -> Report:
        """Gives the report with the known findings suppressed."""
        report = self._hide(report)
        if self._next is not None:
            self._next.add(report)
        return report

    def end(self, *, interrupted: bool) -> None:
        """Writes the new baseline, if one is wanted and the run came to its end.

        Raises:
            PolicyError: it cannot be written.
        """
        if self._next is None:
            return
        if interrupted:
            self._tell("baseline: not written, as the run was interrupted")
            return
        for line in self._next.write():
            self._tell(line)

    def _configured(self, options: Options, config: Config) -> str | None:
        trees = [path for path in options.paths if path != "-"]
        if config.baseline is not None and lies_in(config.baseline, trees):
            self._tell(f"{config.baseline} lies in the scanned tree and is not used; name it with --baseline")
            return None
        return config.baseline

    def _tell(self, line: str) -> None:
        if not self._quiet:
            print(f"dryload: {line}", file=sys.stderr)


def _today() -> str:
    from datetime import date

    return date.today().isoformat()
