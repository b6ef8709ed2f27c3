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

    from dryload.fuzzing.runner import Found, Fuzzer


def run(words: list[str]) -> int:
    """Fuzzes what the words name and gives the exit code."""
    from dryload.fuzzing.inputs import read_seeds
    from dryload.fuzzing.runner import Fuzzer, Settings, TargetError

    options = _parser().parse_args(words)
    if ":" not in options.target:
        raise PolicyError(f"write the target as MODULE:FUNCTION, not {options.target!r}")
    known = _known(options.baseline)
    try:
        seeds = read_seeds(options.seeds)
    except OSError as error:
        raise PolicyError(f"--seeds {options.seeds}: {error.strerror}") from error
    settings = Settings(
        target=options.target,
        format=options.format,
        seeds=tuple(seeds),
        seed=options.seed,
        execs=options.execs,
        way=options.way,
        expect=tuple(filter(None, (options.expect or "").split(","))),
        seconds=options.timeout,
        memory=options.memory << 20,
        max_len=options.max_len,
    )
    began = time.monotonic()
    fuzzer = Fuzzer(settings)
    progress = _Progress(fuzzer, began) if sys.stderr.isatty() else None
    fuzzer.tick = progress
    interrupted = False
    try:
        fuzzer.run()
    except TargetError as error:
        print(f"dryload: {options.target}: {safe_text(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        interrupted = True
    if progress is not None:
        progress.hide()
    new = [each for each in fuzzer.found.values() if each.signature not in known]
    for each in fuzzer.found.values():
        _write(each, options, settings.seed)
    if options.emit_tests is not None:
        _emit_tests(new, options)
    seconds = time.monotonic() - began
    if options.output == "json":
        print(json.dumps(_document(fuzzer, new, options.target, seconds), indent=1))
    else:
        _tell(fuzzer, new, options, seconds, interrupted=interrupted)
    return 130 if interrupted else 1 if new else 0


def _parser() -> argparse.ArgumentParser:
    import argparse

    from dryload.fuzzing.inputs import FORMATS

    parser = argparse.ArgumentParser(
        prog="dryload fuzz",
        description="Call a function with inputs that parsers stumble over, and tell what became of it.",
        epilog="exit: 0 nothing new, 1 new findings, 2 usage, 130 interrupted",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("target", metavar="MODULE:FUNCTION", help="what is called; modules are looked for here first")
    add("--format", choices=FORMATS, default="bytes", help="what the inputs are (default: bytes)")
    add("--seeds", metavar="DIR", help="files to begin with")
    add("--as", dest="way", choices=["bytes", "file", "path"], default="bytes", help="how it is given them")
    add("--expect", metavar="NAMES", help="exceptions that are no findings, such as ValueError,EOFError")
    add("--execs", type=int, default=100_000, metavar="N", help="calls (default: 100,000)")
    add("--seed", type=int, default=1, metavar="N", help="the same seed gives the same inputs (default: 1)")
    add("--timeout", type=float, default=5.0, metavar="SECONDS", help="for each input (default: 5)")
    add("--memory", type=int, default=1024, metavar="MIB", help="over what the import takes (default: 1024)")
    add("--max-len", type=int, default=4096, metavar="N", help="bytes of an input (default: 4096)")
    add("--out", default="fuzz-findings", metavar="DIR", help="where findings go (default: fuzz-findings)")
    add("--baseline", metavar="FILE", help="a file of --output json whose findings are known")
    add("--emit-tests", metavar="FILE", help="write a test for each new finding")
    add("--output", choices=["text", "json"], default="text", help="what stdout gets")
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


class _Progress:
    """A line on stderr."""

    def __init__(self, fuzzer: Fuzzer, began: float) -> None:
        self._fuzzer, self._began = fuzzer, began

    def __call__(self) -> None:
        done = self._fuzzer.done
        rate = done / max(time.monotonic() - self._began, 0.001)
        told = f"{done:,} of {self._fuzzer.settings.execs:,} inputs, {rate:,.0f}/s"
        sys.stderr.write(f"\r\x1b[K{told}, {len(self._fuzzer.found)} findings")
        sys.stderr.flush()

    def hide(self) -> None:
        """Takes the line away."""
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _write(found: Found, options: argparse.Namespace, seed: int) -> None:
    os.makedirs(options.out, exist_ok=True)  # noqa: PTH103 - a name from the command line
    base = os.path.join(options.out, found.signature)
    with open(base + ".bin", "wb") as file:
        file.write(found.data)
    with open(base + ".json", "w", encoding="utf-8") as text:
        told = {**_object(found), "target": options.target, "seed": seed, "first": found.first.hex()}
        text.write(json.dumps(told, indent=1) + "\n")


def _object(found: Found) -> dict[str, object]:
    return {
        "signature": found.signature,
        "class": found.kind,
        "type": found.type,
        "where": found.where,
        "text": safe_text(found.text, 400),
        "input": found.number,
        "data": found.data.hex(),
    }


def _document(fuzzer: Fuzzer, new: list[Found], target: str, seconds: float) -> dict[str, object]:
    return {
        "schema": "dryload.fuzz/1",
        "target": target,
        "seed": fuzzer.settings.seed,
        "execs": fuzzer.done,
        "elapsed_ms": round(seconds * 1000),
        "new": len(new),
        "findings": [_object(each) for each in fuzzer.found.values()],
    }


def _tell(
    fuzzer: Fuzzer, new: list[Found], options: argparse.Namespace, seconds: float, *, interrupted: bool
) -> None:
    for each in new:
        place = f" in {each.where}" if each.where else ""
        print(f"{each.kind}: {safe_text(each.text, 200)}{place}")
        shown = each.data.hex(" ") if len(each.data) <= SHOWN else each.data[:SHOWN].hex(" ") + " …"
        size = f"{len(each.data)} bytes of {len(each.first)}"
        print(f"  {size}, input {each.number:,}: {shown or 'nothing at all'}")
        print(f"  {os.path.join(options.out, each.signature)}.bin\n")
    rate = fuzzer.done / max(seconds, 0.001)
    told = f"{fuzzer.done:,} inputs in {seconds:.1f} s ({rate:,.0f}/s), seed {fuzzer.settings.seed}: "
    counted = f"{len(new)} finding{'' if len(new) == 1 else 's'}"
    known = len(fuzzer.found) - len(new)
    print(
        ("Interrupted. " if interrupted else "")
        + told
        + counted
        + (f", {known} known" if known else "")
        + "."
    )


def _emit_tests(new: list[Found], options: argparse.Namespace) -> None:
    module, _, name = options.target.partition(":")
    given = {"bytes": "data", "file": "io.BytesIO(data)", "path": "str(path)"}[options.way]
    rows = [
        f"    {each.signature!r}: {each.data!r},  # {each.kind}: {safe_text(each.text, 80)}" for each in new
    ]
    lines = [
        f'"""Inputs on which {options.target} failed, as `dryload fuzz` found them."""',
        "",
        "import io",
        "",
        "import pytest",
        f"import {module}",
        "",
        "FOUND = {",
        *rows,
        "}",
        "",
        "",
        '@pytest.mark.parametrize("name", FOUND)',
        "def test_an_input_that_was_found(name, tmp_path):",
        "    data = FOUND[name]",
        '    path = tmp_path / "input"',
        "    path.write_bytes(data)",
        f"    {module}.{name}({given})",
        "",
    ]
    with open(options.emit_tests, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


# Bytes of an input that are shown.
SHOWN = 32
