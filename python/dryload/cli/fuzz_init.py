"""`dryload fuzz init`: writes a harness, a workflow and a ClusterFuzzLite folder to start from.

Nothing that is there already is overwritten.
"""

from __future__ import annotations

import os

from dryload.errors import PolicyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(words: list[str]) -> int:
    """Writes what is not there yet, and says what."""
    options = _parser().parse_args(words)
    for name, text in FILES.items():
        path = os.path.join(options.folder, name)
        filled = text.replace("FORMAT", options.format).replace("TARGET", options.target)
        try:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)  # noqa: PTH103 - a name from the command line
            with open(path, "x", encoding="utf-8") as file:
                file.write(filled)
        except FileExistsError:
            print(f"kept     {path}")
            continue
        except OSError as error:
            raise PolicyError(f"{path}: {error.strerror}") from error
        if filled.startswith("#!"):
            os.chmod(path, 0o755)  # noqa: PTH101 - a name from the command line
        print(f"written  {path}")
    print(f"\nnext: dryload fuzz {options.target} --format {options.format}")
    return 0


def _parser() -> argparse.ArgumentParser:
    import argparse

    from dryload.fuzzing.inputs import FORMATS

    parser = argparse.ArgumentParser(
        prog="dryload fuzz init",
        description="Write a harness, a workflow and a ClusterFuzzLite folder to start from.",
        allow_abbrev=False,
    )
    parser.add_argument("folder", nargs="?", default=".", metavar="DIR", help="where (default: here)")
    parser.add_argument("--format", choices=FORMATS, default="pickle", help="what the parser reads")
    parser.add_argument(
        "--target",
        default="fuzz_targets:parse",
        metavar="MODULE:FUNCTION",
        help="what is fuzzed (default: fuzz_targets:parse, of the harness that is written)",
    )
    return parser


HARNESS = '''"""What `dryload fuzz` calls: a function for each parser, with the bytes of one input."""


def parse(data: bytes) -> None:
    """Replace this by a call of your parser. What it may raise goes into --expect."""
    import pickletools

    for _ in pickletools.genops(data):
        pass
'''

WORKFLOW = """name: fuzz

on:
  pull_request:
  schedule:
    - cron: "17 3 * * *"

permissions:
  contents: read

jobs:
  fuzz:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install dryload
      - uses: actions/cache@v4
        with:
          path: corpus
          key: fuzz-corpus-${{ github.run_id }}
          restore-keys: fuzz-corpus-
      - run: >-
          dryload fuzz TARGET --format FORMAT --expect ValueError
          --time 120 --corpus corpus --emit-tests fuzz-findings/test_found.py
      - uses: actions/upload-artifact@v4
        if: failure()
        with:
          name: fuzz-findings
          path: fuzz-findings
"""

DOCKERFILE = """FROM gcr.io/oss-fuzz-base/base-builder-python
RUN pip3 install dryload
COPY . $SRC/project
WORKDIR $SRC/project
COPY .clusterfuzzlite/build.sh $SRC/
"""

BUILD = """#!/bin/bash -eu
# ClusterFuzzLite runs each fuzz_*.py that uses atheris.
pip3 install .
for harness in "$SRC"/project/.clusterfuzzlite/fuzz_*.py; do
  compile_python_fuzzer "$harness"
done
"""

ATHERIS = '''"""The target of fuzz_targets.py under atheris, with inputs of the format from dryload."""

import sys

import atheris

with atheris.instrument_imports():
    from importlib import import_module

    module, _, name = "TARGET".partition(":")
    target = getattr(import_module(module), name)

from dryload.fuzzing import mutate

EXPECTED = (ValueError,)


def custom_mutator(data: bytes, max_size: int, seed: int) -> bytes:
    return mutate("FORMAT", seed, bytes(data), bytes(data))[:max_size]


def test_one_input(data: bytes) -> None:
    try:
        target(data)
    except EXPECTED:
        pass


atheris.Setup(sys.argv, test_one_input, custom_mutator=custom_mutator)
atheris.Fuzz()
'''

FILES = {
    "fuzz_targets.py": HARNESS,
    ".github/workflows/fuzz.yml": WORKFLOW,
    ".clusterfuzzlite/Dockerfile": DOCKERFILE,
    ".clusterfuzzlite/build.sh": BUILD,
    ".clusterfuzzlite/project.yaml": "language: python\n",
    ".clusterfuzzlite/fuzz_target.py": ATHERIS,
}
