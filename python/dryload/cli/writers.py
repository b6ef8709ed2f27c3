"""The outputs of one run: the one on stdout and those of `-o FORMAT=FILE`.

An output that cannot be written to any more is told and left out; the others go on, so that a full disk
costs one file and not the scan.
"""

from __future__ import annotations

import io
import os
import sys

from dryload._frozen import replace
from dryload.errors import PolicyError
from dryload.outputs.base import Style, make, wants_colour

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Literal, Self, TextIO

    from dryload.cli.config import Config
    from dryload.cli.scan import Job
    from dryload.outputs.base import Output, RunEnd
    from dryload.report import Report


class Writers:
    """Takes reports and hands them to every output.

    Attributes:
        failed: True when an output could not be written to the end.
    """

    def __init__(self, job: Job, config: Config) -> None:
        """Opens all files before anything is written.

        Raises:
            PolicyError: a format is unknown, or a file cannot be opened.
        """
        options = job.options
        self.failed = False
        self._files: list[TextIO] = []
        self._outputs: list[tuple[str, Output]] = []
        try:
            named = [self._opened(wanted) for wanted in options.output]
            plain = Style(verbose=options.verbose, quiet=options.quiet, policy=job.policy)
            style = replace(plain, colour=wants_colour(sys.stdout, os.environ))
            stdout: Any = sys.stdout
            if job.progress is not None and sys.stdout.isatty():
                from dryload.cli.progress import Beneath

                stdout = Beneath(sys.stdout, job.progress)
            self._outputs.append(("stdout", make(options.format or config.format or "text", stdout, style)))
            self._outputs += [(name, make(format, file, plain)) for name, format, file in named]
            if job.earlier is not None:
                job.earlier.cut()
                name = f"--resume {job.earlier.name}"
                self._outputs.append((name, make("jsonl", self._open(name, job.earlier.name, "ab"), plain)))
        except BaseException:
            self._close_files()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_files()

    def add(self, report: Report) -> None:
        """Hands one report on."""
        failed = []
        for name, output in self._outputs:
            try:
                output.add(report)
            except OSError as error:
                failed.append((name, error))
        if failed:
            self._give_up(failed)

    def close(self, end: RunEnd) -> None:
        """Writes what is left and the summary, to the end."""
        failed = []
        for name, output in self._outputs:
            try:
                output.close(end)
                if name == "stdout":
                    sys.stdout.flush()
            except OSError as error:
                failed.append((name, error))
        self._give_up(failed)
        self._close_files()

    def _opened(self, wanted: str) -> tuple[str, str, TextIO]:
        from dryload.outputs import OUTPUTS
        from dryload.policy_layer import check_keys

        format, equals, path = wanted.partition("=")
        if not equals or not path:
            raise PolicyError(f"-o {wanted}: write FORMAT=FILE")
        if path == "-":
            raise PolicyError(f"-o {wanted}: --format {format} writes to stdout")
        check_keys([format], OUTPUTS, where="-o", what="format")
        return f"-o {wanted}", format, self._open(f"-o {wanted}", path, "wb")

    def _open(self, name: str, path: str, mode: Literal["wb", "ab"]) -> TextIO:
        try:
            file = io.TextIOWrapper(open(path, mode), encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
        except OSError as error:
            raise PolicyError(f"{name}: {error.strerror}") from error
        self._files.append(file)
        return file

    def _give_up(self, failed: list[tuple[str, OSError]]) -> None:
        for name, error in failed:
            if isinstance(error, BrokenPipeError) and name == "stdout":
                raise error  # nobody reads any more: not a fault
            self._fail(name, error)
            self._outputs = [each for each in self._outputs if each[0] != name]

    def _fail(self, name: str, error: OSError) -> None:
        self.failed = True
        print(f"dryload: {name}: {error.strerror or error}; it is not complete", file=sys.stderr)
        if name == "stdout":
            # Python flushes it once more at exit; that must not fail a second time.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _close_files(self) -> None:
        for file in self._files:
            try:
                file.close()
            except OSError as error:
                if not self.failed:
                    self._fail(file.name, error)
        self._files.clear()
