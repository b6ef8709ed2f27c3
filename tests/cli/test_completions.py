"""The scripts for shells know what the parsers know; bash is asked itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dryload.cli import COMMANDS
from dryload.cli.completions import SHELLS, bash
from dryload.cli.main import main
from dryload.cli.parsers import commands
from dryload.outputs import OUTPUTS
from dryload.rules.catalogue import catalogue

# `compopt` works only while readline completes; what it would say stands in the answer.
ASK = """
compopt() { echo "compopt $*"; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_dryload dryload "${@: -1}" "${@: -2:1}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bash") / "dryload.bash"
    path.write_text("\n".join(bash()) + "\n" + ASK)
    return path


def offered(script: Path, folder: Path, *words: str) -> list[str]:
    """Asks bash what it offers for the last word; `=` is a word of its own, as for readline."""
    command = ["bash", "--norc", "--noprofile", str(script), "dryload", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line and not line.startswith("compopt ")]


def test_the_first_word_is_a_command_or_a_file(script: Path, tmp_path: Path) -> None:
    (tmp_path / "scans.pt").touch()
    assert offered(script, tmp_path, "") == [*COMMANDS, "scans.pt"]
    assert offered(script, tmp_path, "sc") == ["scan", "scans.pt"]


def test_options_are_those_of_the_command(script: Path, tmp_path: Path) -> None:
    for command in commands():
        every = {name for action in command.options for name in action.option_strings}
        assert set(offered(script, tmp_path, *command.name.split(), "-")) == every, command.name
    scan = offered(script, tmp_path, "scan", "--")
    # A path alone is a scan.
    assert set(scan) == set(offered(script, tmp_path, "model.pt", "--"))


def test_the_further_words_of_a_group_are_offered(script: Path, tmp_path: Path) -> None:
    assert offered(script, tmp_path, "policy", "") == ["show", "check", "learn"]
    assert "--base" in offered(script, tmp_path, "policy", "learn", "--b")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("scan", "--format", ""), list(OUTPUTS)),
        (("scan", "--format", "=", "js"), ["json", "jsonl"]),
        (("scan", "--format", "="), list(OUTPUTS)),
        (("scan", "-o", "js"), ["json=", "jsonl="]),
        (("scan", "-o", "json", "="), ["a file.json"]),
        (("scan", "-o", "json", "=", "a"), ["a file.json"]),
        (("scan", "--jobs", ""), []),
        (("scan", "--config", "a"), ["a file.json"]),
        (("scan", "--policy", "s"), ["scipy", "sklearn", "stdlib", "strict"]),
        (("scan", "a"), ["a file.json"]),
        (("rule", "zip-missing"), [slug for slug in catalogue() if slug.startswith("zip-missing")]),
        (("completions", ""), ["bash", "zsh", "fish"]),
        (("validate", "--format", "c"), ["concise"]),
    ],
)
def test_a_value_is_one_that_the_option_takes(
    script: Path, tmp_path: Path, words: tuple[str, ...], answer: list[str]
) -> None:
    (tmp_path / "a file.json").touch()
    assert offered(script, tmp_path, *words) == answer


def test_bash_registers_the_function(script: Path) -> None:
    text = f"source {script} >/dev/null 2>&1; complete -p dryload"
    done = subprocess.run(
        ["bash", "--norc", "-c", text, "x", "y"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "complete -F _dryload dryload\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_every_option_is_in_every_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completions", shell]) == 0
    text = capsys.readouterr().out
    for command in commands():
        assert command.name in text
        for action in command.options:
            for name in action.option_strings:
                assert (name.lstrip("-") if shell == "fish" else name) in text


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_no_help_text_is_run_by_the_shell(shell: str) -> None:
    """zsh evaluates what stands in `((...))`: a backtick there ran the command that a text quoted."""
    assert "`" not in "\n".join(SHELLS[shell]())


def test_another_shell_is_a_usage_error() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dryload", "completions", "csh"], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, b"")
