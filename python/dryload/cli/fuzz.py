"""`dryload fuzz MODULE:FUNCTION`: calls a function with inputs that parsers stumble over.

Findings are told once for each class, exception and place in the code, as small as they get; each is written
to the folder of --out with what is needed to see it again. 1 means that something new was found.
"""

from __future__ import annotations

import json
import os
import sys
import time

from dryload.errors import PolicyError
from dryload.outputs.safe_text import safe_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from dryload.fuzzing.child import Settings
    from dryload.fuzzing.runner import Fuzzer


def run(words: list[str]) -> int:
    """Fuzzes what the words name and gives the exit code."""
    if words and words[0] in OTHERS:
        from importlib import import_module

        code: int = import_module(OTHERS[words[0]]).run(words[1:])
        return code
    from dryload.cli import fuzz_outputs
    from dryload.fuzzing.runner import Fuzzer, TargetError

    options = _parser().parse_args(words)
    known = _known(options.baseline)
    settings = _settings(options)
    began = time.monotonic()
    fuzzer = Fuzzer(settings)
    progress = _Progress(fuzzer, began) if sys.stderr.isatty() else None
    fuzzer.tick = _Clock(progress, began + options.time if options.time else None)
    interrupted = False
    try:
        fuzzer.run()
    except TargetError as error:
        print(f"dryload: {options.target}: {safe_text(str(error))}", file=sys.stderr)
        return 2
    except TimeUp:
        pass
    except KeyboardInterrupt:
        interrupted = True
    if progress is not None:
        progress.hide()
    new = [each for each in fuzzer.found.values() if each.signature not in known]
    for each in fuzzer.found.values():
        fuzz_outputs.write_reproducer(each, options)
    if options.emit_tests is not None:
        fuzz_outputs.emit_tests(new, options)
    if options.corpus is not None and not options.merge:
        _keep(options.corpus, fuzzer.corpus)
    seconds = time.monotonic() - began
    if options.merge:
        return _merged(options, fuzzer)
    if options.output == "json":
        print(json.dumps(fuzz_outputs.document(fuzzer, new, seconds), indent=1))
    elif options.output == "sarif":
        print(json.dumps(fuzz_outputs.sarif(fuzzer, new, options.out), indent=1))
    else:
        fuzz_outputs.tell(fuzzer, new, options, seconds, interrupted=interrupted)
    return 130 if interrupted else 1 if new else 0


class TimeUp(Exception):
    """The run has taken as long as it may."""


class _Clock:
    """Is called now and then: shows progress, and ends the run in time."""

    def __init__(self, progress: _Progress | None, until: float | None) -> None:
        self._progress, self._until = progress, until

    def __call__(self) -> None:
        if self._progress is not None:
            self._progress()
        if self._until is not None and time.monotonic() > self._until:
            raise TimeUp


def _settings(options: argparse.Namespace) -> Settings:
    from dryload.fuzzing.child import Settings
    from dryload.fuzzing.inputs import read_seeds

    if ":" not in options.target:
        raise PolicyError(f"write the target as MODULE:FUNCTION, not {options.target!r}")
    seeds: list[bytes] = []
    folders = [options.seeds, *options.merge]
    if options.corpus is not None and _is_folder(options.corpus):
        folders.append(options.corpus)
    for folder in folders:
        try:
            seeds += read_seeds(folder)
        except OSError as error:
            raise PolicyError(f"{folder}: {error.strerror}") from error
    execs = options.execs
    if options.merge:
        # Small ones first: what they reach, larger ones need not.
        seeds = sorted(set(seeds), key=lambda data: (len(data), data))
        execs = len(seeds)
    elif execs is None:
        execs = EXECS if options.time is None else 1 << 62
    return Settings(
        target=options.target,
        format=options.format,
        seeds=tuple(seeds),
        seed=options.seed,
        execs=execs,
        way=options.way,
        expect=tuple(filter(None, options.expect)),
        seconds=options.timeout,
        memory=options.memory << 20,
        max_len=options.max_len,
        oracle=options.oracle,
        coverage=options.coverage,
        engine=_engine(options),
        native=tuple(options.native),
    )


def _is_folder(name: str) -> bool:
    return os.path.isdir(name)  # noqa: PTH112 - a name from the command line


def _engine(options: argparse.Namespace) -> str:
    from importlib.util import find_spec

    wanted: str = options.engine
    if wanted == "loop":
        if options.native:
            raise PolicyError("--native needs the engine atheris")
        return "loop"
    if find_spec("atheris") is None:
        if wanted == "atheris" or options.native:
            raise PolicyError("atheris is not installed")
        return "loop"
    # The loop gives the same findings for the same seed; libFuzzer is for what has counters.
    return "atheris" if wanted == "atheris" or options.native else "loop"


def _parser() -> argparse.ArgumentParser:
    import argparse

    from dryload.fuzzing.inputs import FORMATS

    parser = argparse.ArgumentParser(
        prog="dryload fuzz",
        description="Call a function with inputs that parsers stumble over, and tell what became of it.",
        epilog="exit: 0 nothing new, 1 new findings, 2 usage, 130 interrupted. `dryload fuzz init` writes a "
        "workflow and a harness, `dryload fuzz build` an extension with counters.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("target", metavar="MODULE:FUNCTION", help="what is called; modules are looked for here first")
    add("--format", choices=FORMATS, default="bytes", help="what the inputs are (default: bytes)")
    add("--seeds", metavar="DIR", help="files to begin with")
    add("--as", dest="way", choices=["bytes", "file", "path"], default="bytes", help="how it is given them")
    add(
        "--expect",
        metavar="NAMES",
        action="extend",
        type=lambda text: text.split(","),
        default=[],
        help="exceptions that are no findings, such as ValueError,EOFError; repeatable",
    )
    add("--oracle", metavar="NAME", help="what is right: official, dryload, or MODULE:FUNCTION")
    add("--execs", type=int, metavar="N", help=f"calls (default: {EXECS:,})")
    add("--time", type=float, metavar="SECONDS", help="end after so long; not the same twice")
    add("--seed", type=int, default=1, metavar="N", help="the same seed gives the same inputs (default: 1)")
    add("--timeout", type=float, default=5.0, metavar="SECONDS", help="for each input (default: 5)")
    add("--memory", type=int, default=1024, metavar="MIB", help="over what the import takes (default: 1024)")
    add("--max-len", type=int, default=4096, metavar="N", help="bytes of an input (default: 4096)")
    add("--corpus", metavar="DIR", help="begin with these inputs too, and keep what reaches new code there")
    add(
        "--merge",
        action="append",
        default=[],
        metavar="DIR",
        help="only put into --corpus what of DIR reaches new code, and no more; repeatable",
    )
    add("--out", default="fuzz-findings", metavar="DIR", help="where findings go (default: fuzz-findings)")
    add("--baseline", metavar="FILE", help="a file of --output json whose findings are known")
    add("--emit-tests", metavar="FILE", help="write a test for each new finding")
    add("--output", choices=["text", "json", "sarif"], default="text", help="what stdout gets")
    add("--engine", choices=["auto", "loop", "atheris"], default="auto", help="what makes the calls")
    add("--native", action="append", default=[], metavar="EXT.so", help="built by `dryload fuzz build`")
    add("--no-coverage", dest="coverage", action="store_false", help="do not look at the lines it reaches")
    return parser


def _known(name: str | None) -> set[str]:
    if name is None:
        return set()
    try:
        with open(name, encoding="utf-8") as file:
            return {each["signature"] for each in json.load(file)["findings"]}
    except OSError as error:
        raise PolicyError(f"--baseline {name}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise PolicyError(f"--baseline {name}: not what --output json writes") from error


def _keep(folder: str, corpus: list[bytes]) -> None:
    from hashlib import sha256

    os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - a name from the command line
    for data in corpus:
        with open(os.path.join(folder, sha256(data).hexdigest()[:20]), "wb") as file:
            file.write(data)


def _merged(options: argparse.Namespace, fuzzer: Fuzzer) -> int:
    """Leaves in the corpus what reached something new, and nothing else."""
    if options.corpus is None:
        raise PolicyError("--merge needs --corpus DIR")
    if _is_folder(options.corpus):
        for name in os.listdir(options.corpus):
            if os.path.isfile(path := os.path.join(options.corpus, name)):
                os.unlink(path)  # noqa: PTH108 - a name from the command line
    _keep(options.corpus, fuzzer.corpus)
    print(f"{len(fuzzer.corpus):,} of {len(fuzzer.settings.seeds):,} inputs reach all: {options.corpus}")
    return 0


class _Progress:
    """A line on stderr."""

    def __init__(self, fuzzer: Fuzzer, began: float) -> None:
        self._fuzzer, self._began = fuzzer, began

    def __call__(self) -> None:
        fuzzer = self._fuzzer
        rate = fuzzer.done / max(time.monotonic() - self._began, 0.001)
        execs = fuzzer.settings.execs
        of = f" of {execs:,}" if execs < 1 << 62 else ""
        told = f"{fuzzer.done:,}{of} inputs, {rate:,.0f}/s, {fuzzer.lines:,} lines"
        sys.stderr.write(f"\r\x1b[K{told}, {len(fuzzer.found)} findings")
        sys.stderr.flush()

    def hide(self) -> None:
        """Takes the line away."""
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


EXECS = 100_000
OTHERS = {"init": "dryload.cli.fuzz_init", "build": "dryload.cli.fuzz_build"}
