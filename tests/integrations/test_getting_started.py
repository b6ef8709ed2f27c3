"""The newcomer's path, run as it is written: the blocks of docs/getting-started.md, one after the other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "getting-started.md").read_text("utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
INSTALL, ACTIVATE, *STEPS = BLOCKS
CODE = re.compile(r"^# exit code (\d+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, str]]:
    """Runs all steps in one shell, as somebody does who follows the page; gives codes and outputs."""
    folder = tmp_path_factory.mktemp("newcomer")
    commands = folder / "bin"
    commands.mkdir()
    for name, words in (("dryload", f"{sys.executable} -m dryload"), ("python3", sys.executable)):
        (commands / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (commands / name).chmod(0o755)
    script = CODE.sub('printf "@@@ %s\\n" $?', "".join(STEPS))
    environment = {**os.environ, "PATH": f"{commands}:{os.environ['PATH']}", "DRYLOAD": str(ROOT)}
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    pieces = re.split(r"^@@@ (\d+)\n", done.stdout, flags=re.MULTILINE)
    return [(int(code), text) for text, code in zip(pieces[::2], pieces[1::2], strict=False)]


def test_each_step_gives_the_exit_code_that_the_page_says(answers: list[tuple[int, str]]) -> None:
    assert len(answers) == len(STEPS)
    said = [int(code) for step in STEPS for code in CODE.findall(step)]
    assert [code for code, _ in answers] == said


def test_what_the_page_quotes_is_what_was_printed(answers: list[tuple[int, str]]) -> None:
    printed = "\n".join(text for _, text in answers)
    quotes = (
        "1 file, 1 inert",
        "pickle-unknown-name",
        "1 known finding hidden by baseline",
        "loading this file calls posix.system('true')",
    )
    for quote in quotes:
        assert quote in PAGE
        assert quote in printed
    assert "Traceback" not in printed


def test_the_last_step_refuses_the_file_before_it_is_loaded(answers: list[tuple[int, str]]) -> None:
    code, text = answers[-1]
    assert code == 0
    assert "is malicious" in text


def test_the_line_of_the_workflow_is_one_that_was_run() -> None:
    (workflow,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    *_, line = re.findall(r"^ +- run: (.*)$", workflow, re.MULTILINE)
    blocked = STEPS[next(index for index, step in enumerate(STEPS) if "calls_system" in step) + 1]
    assert blocked.splitlines()[0] == line


def test_the_install_is_that_of_the_readme() -> None:
    assert INSTALL in (ROOT / "README.md").read_text("utf-8")
    assert ACTIVATE.startswith("source .venv/bin/activate; export DRYLOAD=$PWD")
