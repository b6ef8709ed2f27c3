"""`dryload scan`: scans paths and writes one or more outputs.

Nothing is judged when a path is missing or the configuration is wrong. Nothing is written but the files
named with -o.
"""

from __future__ import annotations

import os
import sys
import time
from itertools import chain

from dryload.bulk import Run
from dryload.cli.config import load_config, policy_in_force
from dryload.cli.interrupt import Interrupt
from dryload.cli.writers import Writers
from dryload.outputs.base import RunEnd
from dryload.report import Summary
from dryload.scanner import scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator

    from dryload.cache import Cache
    from dryload.cli.config import Config
    from dryload.cli.known import Known
    from dryload.cli.progress import Progress
    from dryload.cli.resume import Earlier
    from dryload.findings import Verdict
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
        self.exclude: list[str] = []
        self.files_from: str | None = None
        self.null = False
        self.unordered = False
        self.timeout: int | None = None
        self.resume: str | None = None
        self.cache = False
        self.cache_dir: str | None = None
        self.progress: bool | None = None
        self.isolated = False
        self.baseline: str | None = None
        self.write_baseline: str | None = None
        self.force = False


def run(words: list[str]) -> int:
    """Scans what the words name and gives the exit code."""
    return report_on(words, _reports)


def report_on(words: list[str], reports: Callable[[Job], Iterator[Report]]) -> int:
    """Writes the reports of what the words name to the outputs, and gives the exit code."""
    started = time.perf_counter()
    options = _parsed(words)
    if not options.paths and options.files_from is None:
        print("dryload: name a file or a folder to scan", file=sys.stderr)
        return 2
    missing = [path for path in options.paths if path != "-" and not os.path.lexists(path)]
    for path in missing:
        print(f"dryload: no such file or folder: {path!r}", file=sys.stderr)
    if missing:
        return 2
    config, told = load_config(options.config, scanned=options.paths, isolated=options.isolated)
    if told and not options.quiet:
        print(told, file=sys.stderr)
    _fill_in(options, config)
    policy = policy_in_force(config, named=options.policy, allow=options.allow)
    if options.full:
        policy = policy.with_limits(max_checksum_bytes=2**63 - 1)
    if options.timeout is not None:
        policy = policy.with_limits(max_seconds=options.timeout)
    fail_on = _fail_on(options, config, policy)
    job = Job(options, policy, options.jobs or config.jobs)
    job.config = config
    known = _known(options, config)
    with Writers(job, config) as writers:
        try:
            with Interrupt() as interrupt:
                held = interrupt.held()
                for report in reports(job):
                    if known is not None:
                        report = known(report)
                    with held:
                        job.summary.add(report)
                        writers.add(report)
                    if job.progress is not None:
                        job.progress.tick()
        except KeyboardInterrupt:
            job.summary.interrupted = True
        if job.progress is not None:
            job.progress.hide()
        job.end()
        code = 0 if options.exit_zero else job.summary.exit_code(fail_on)
        code = 130 if job.summary.interrupted else code
        elapsed_ms = round((time.perf_counter() - started) * 1000)
        writers.close(RunEnd(summary=job.summary, elapsed_ms=elapsed_ms, exit_code=code))
        if known is not None:
            known.end(interrupted=job.summary.interrupted)
        return 2 if writers.failed else code


class Job:
    """What one run scans and how far it came."""

    def __init__(self, options: Options, policy: Policy, jobs: int | None) -> None:
        self.options = options
        self.policy = policy
        self.jobs = jobs
        self.summary = Summary()
        self.earlier: Earlier | None = None
        self.cache: Cache | None = None
        self.progress: Progress | None = None
        self.config: Config | None = None
        if options.resume is not None:
            from dryload.cli.resume import Earlier

            self.earlier = Earlier(options.resume)
            self.earlier.add_to(self.summary)
        if options.cache or options.cache_dir is not None:
            from dryload.cache import Cache

            self.cache = Cache(options.cache_dir, policy=policy)
        watched = sys.stderr.isatty() and not options.quiet if options.progress is None else options.progress
        if watched:
            from dryload.cli import progress

            if options.progress or progress.wanted():
                self.progress = progress.Progress(sys.stderr, self.summary)

    def files(self, paths: Iterable[str]) -> Iterator[Report]:
        """Scans files and folders."""
        run = Run(
            paths,
            policy=self.policy,
            jobs=self.jobs,
            ordered=not self.options.unordered,
            exclude=self.options.exclude,
            memory=self.cache,
            done=self.earlier.paths if self.earlier else (),
            idle=self.progress.tick if self.progress else None,
        )
        if self.progress is not None:
            self.progress.run = run
        with run:
            try:
                yield from run
            finally:
                self.summary.excluded += run.excluded

    def end(self) -> None:
        """Closes what was opened."""
        if self.cache is not None:
            self.cache.close()


def _parsed(words: list[str]) -> Options:
    options = Options()
    if not any(word.startswith("-") for word in words):
        options.paths = words  # argparse costs 6 ms, and there is nothing to parse
        return options
    from dryload.cli.paths import parsed

    parsed(_parser(), words, options)
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
    add(
        "--exclude",
        action="append",
        default=[],
        metavar="PATTERN",
        help="leave out names (*.md) or paths (old/**) in folders; repeatable",
    )
    add("--files-from", metavar="FILE", help="scan what the lines of FILE name too; - for stdin")
    add("-0", "--null", action="store_true", help="the names of --files-from end with NUL, as find -print0")
    add("--unordered", action="store_true", help="report files as they finish")
    add(
        "--timeout-per-file",
        dest="timeout",
        type=_positive,
        metavar="SECONDS",
        help="give up on a file after so long: it is inconclusive",
    )
    add(
        "--resume",
        metavar="FILE.jsonl",
        help="write jsonl to FILE, and pass over what an earlier run wrote there",
    )
    add("--cache", action="store_true", help="keep reports, and do not scan again what did not change")
    add("--cache-dir", metavar="DIR", help="keep them there (default: the user's cache folder)")
    add(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="say on stderr how far the scan is (default: on a terminal)",
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
    add("--isolated", action="store_true", help="use no configuration file")
    add("--baseline", metavar="FILE", help="hide the findings that FILE knows, and count them")
    add("--write-baseline", metavar="FILE", help="write what was found to FILE, for --baseline")
    add("--force", action="store_true", help="take malicious findings into the baseline, too")
    return parser


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def _fill_in(options: Options, config: Config) -> None:
    """Takes from the configuration what the options do not say; patterns add up."""
    options.output = options.output or list(config.output)
    options.exclude = [*config.exclude, *options.exclude]
    options.timeout = options.timeout or config.timeout
    options.full = options.full or config.full
    options.cache = options.cache or config.cache
    options.repository = options.repository and config.repository


def _known(options: Options, config: Config) -> Known | None:
    asked = (options.baseline, options.write_baseline, config.baseline, config.suppress, options.force)
    if not any(asked):
        return None
    from dryload.cli.known import Known

    return Known(options, config)


def _fail_on(options: Options, config: Config, policy: Policy) -> frozenset[Verdict]:
    if options.fail_on is not None:
        from dryload.policy_layer import checked_verdicts

        return checked_verdicts(filter(None, options.fail_on.split(",")), where="--fail-on")
    return policy.fail_on if config.fail_on is None else config.fail_on


def _reports(job: Job) -> Iterator[Report]:
    files = _files(job)
    if not job.options.repository or not any(map(_is_folder, job.options.paths)):
        return files
    from dryload.cli.scan_folders import with_repositories

    earlier = job.earlier
    return with_repositories(
        files,
        job.policy,
        models_before=earlier.paths if earlier else (),
        checked_before=earlier.repositories if earlier else (),
    )


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - to import pathlib takes as long as a scan


def _files(job: Job) -> Iterator[Report]:
    """Keeps the order of the paths, of which stdin may be one."""
    paths: list[str] = []
    for path in job.options.paths:
        if path != "-":
            paths.append(path)
            continue
        yield from job.files(paths)
        paths = []
        yield scan(sys.stdin.buffer.read(), policy=job.policy, name="<stdin>")
    if job.options.files_from is not None:
        from dryload.cli.names import names_from

        names = names_from(job.options.files_from, null=job.options.null)
        if job.config is not None and job.config.path:
            from dryload.cli.config import without_its_own

            names = without_its_own(names, job.config.path)
        yield from job.files(chain(paths, names))
    elif paths:
        yield from job.files(paths)
