"""`dryload scan`: scans paths and writes one or more outputs.

Nothing is judged when a path is missing or the configuration is wrong. Nothing is written but the files
named with -o.
"""

from __future__ import annotations

import os
import sys
import time

from dryload._frozen import replace
from dryload.bulk import scan_many
from dryload.cli.config import load_config, policy_in_force
from dryload.errors import PolicyError
from dryload.outputs.base import RunEnd, Style, make
from dryload.report import Summary
from dryload.scanner import scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from dryload.cli.config import Config
    from dryload.findings import Verdict
    from dryload.outputs.base import Output
    from dryload.policy import Policy
    from dryload.report import Report


class Options:
    """The options with their defaults; the parser fills one in, and the paths in any case."""

    paths: list[str]

    def __init__(self) -> None:
        self.format: str | None = None
        self.output: list[str] = []
        self.policy: str | None = None
        self.allow: list[str] = []
        self.fail_on: str | None = None
        self.jobs: int | None = None
        self.full = False
        self.exit_zero = False
        self.verbose = False
        self.quiet = False
        self.repository = True
        self.config: str | None = None


def run(words: list[str]) -> int:
    """Scans what the words name and gives the exit code."""
    return report_on(words, _reports)


def report_on(words: list[str], reports: Callable[[Options, Policy, int | None], Iterator[Report]]) -> int:
    """Writes the reports of what the words name to the outputs, and gives the exit code."""
    started = time.perf_counter()
    options = _parsed(words)
    if not options.paths:
        print("dryload: name a file or a folder to scan", file=sys.stderr)
        return 2
    missing = [path for path in options.paths if path != "-" and not os.path.lexists(path)]
    for path in missing:
        print(f"dryload: no such file or folder: {path!r}", file=sys.stderr)
    if missing:
        return 2
    config, told = load_config(options.config, scanned=options.paths)
    if told and not options.quiet:
        print(told, file=sys.stderr)
    policy = policy_in_force(config, named=options.policy, allow=options.allow)
    if options.full:
        policy = policy.with_limits(max_checksum_bytes=2**63 - 1)
    fail_on = _fail_on(options, config, policy)
    files: list[TextIO] = []
    try:
        outputs = _outputs(options, config, policy, files)
        summary = Summary()
        for report in reports(options, policy, options.jobs or config.jobs):
            summary.add(report)
            for output in outputs:
                output.add(report)
        code = 0 if options.exit_zero else summary.exit_code(fail_on)
        elapsed_ms = round((time.perf_counter() - started) * 1000)
        for output in outputs:
            output.close(RunEnd(summary=summary, elapsed_ms=elapsed_ms, exit_code=code))
    finally:
        for file in files:
            file.close()
    return code


def _parsed(words: list[str]) -> Options:
    options = Options()
    if not any(word.startswith("-") for word in words):
        options.paths = words  # argparse costs 6 ms, and there is nothing to parse
        return options
    _parser().parse_intermixed_args(words, namespace=options)
    return options


def _parser() -> argparse.ArgumentParser:
    import argparse

    from dryload.outputs import OUTPUTS

    parser = argparse.ArgumentParser(
        prog="dryload scan",
        description="Say what loading these files would do, without loading them.",
        epilog="exit: 0 inert or accepted, 1 findings, 2 usage, 3 inconclusive or nothing scanned",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH", help="a file, a folder, or - for stdin")
    add("--format", choices=list(OUTPUTS), help="what stdout gets (default: text)")
    add(
        "-o",
        "--output",
        action="append",
        metavar="FORMAT=FILE",
        help="write one more output to a file; repeatable",
    )
    add("--policy", metavar="NAME|FILE", help="default, weights-only, strict, or a policy file")
    add("--allow", action="append", metavar="NAME", help='allow "module:Name" as well; repeatable')
    add(
        "--fail-on",
        metavar="LIST",
        help="verdicts that give exit code 1 (default: malicious,invalid,unknown)",
    )
    add(
        "--full",
        action="store_true",
        help="read every byte of archives and compare their checksums",
    )
    add("--jobs", type=_positive, metavar="N", help="threads (default: as many as processors)")
    add(
        "--no-repository",
        dest="repository",
        action="store_false",
        help="judge each file by itself, and not what stands between the files of a model repository",
    )
    add("--exit-zero", action="store_true", help="give 0 whatever was found")
    add(
        "-v",
        "--verbose",
        action="store_true",
        help="list inert files, draw all frames, show suppressed findings",
    )
    add("-q", "--quiet", action="store_true", help="print findings only")
    add("--config", metavar="FILE", help="use this configuration file")
    return parser


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def _fail_on(options: Options, config: Config, policy: Policy) -> frozenset[Verdict]:
    if options.fail_on is not None:
        from dryload.policy_layer import checked_verdicts

        return checked_verdicts(filter(None, options.fail_on.split(",")), where="--fail-on")
    return policy.fail_on if config.fail_on is None else config.fail_on


def _outputs(options: Options, config: Config, policy: Policy, files: list[TextIO]) -> list[Output]:
    """Makes the output for stdout and those of -o; opens all `files` before anything is written."""
    named = [_opened(wanted, files) for wanted in options.output]
    plain = Style(verbose=options.verbose, quiet=options.quiet, policy=policy)
    style = replace(plain, colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    first = make(options.format or config.format or "text", sys.stdout, style)
    return [first, *(make(format, file, plain) for format, file in named)]


def _opened(wanted: str, files: list[TextIO]) -> tuple[str, TextIO]:
    format, equals, path = wanted.partition("=")
    if not equals or not path:
        raise PolicyError(f"-o {wanted}: write FORMAT=FILE")
    if path == "-":
        raise PolicyError(f"-o {wanted}: --format {format} writes to stdout")
    _check_format(format)
    try:
        file = open(path, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115 - run() closes it
    except OSError as error:
        raise PolicyError(f"-o {wanted}: {error.strerror}") from error
    files.append(file)
    return format, file


def _check_format(format: str) -> None:
    from dryload.outputs import OUTPUTS
    from dryload.policy_layer import check_keys

    check_keys([format], OUTPUTS, where="-o", what="format")


def _reports(options: Options, policy: Policy, jobs: int | None) -> Iterator[Report]:
    files = _files(options, policy, jobs)
    if not options.repository or not any(map(_is_folder, options.paths)):
        return files
    from dryload.cli.scan_folders import with_repositories

    return with_repositories(files, policy)


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - to import pathlib takes as long as a scan


def _files(options: Options, policy: Policy, jobs: int | None) -> Iterator[Report]:
    """Keeps the order of the paths, of which stdin may be one."""
    paths: list[str] = []
    for path in options.paths:
        if path != "-":
            paths.append(path)
            continue
        yield from scan_many(paths, policy=policy, jobs=jobs)
        paths = []
        yield scan(sys.stdin.buffer.read(), policy=policy, name="<stdin>")
    if paths:
        yield from scan_many(paths, policy=policy, jobs=jobs)
