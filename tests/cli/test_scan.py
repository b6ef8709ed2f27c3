"""The command as a user meets it: a process with arguments, streams and an exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def dryload(tmp_path: Path) -> Run:
    """Runs the command in an empty working folder."""
    folder = tmp_path / "cwd"
    folder.mkdir()

    def run(*words: str | Path, input: bytes = b"") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "dryload", *map(str, words)]
        done = subprocess.run(command, cwd=folder, input=input, capture_output=True, check=False)
        return subprocess.CompletedProcess(
            command, done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        )

    return run


@pytest.fixture
def zoo(tmp_path: Path, plain: bytes, evil: bytes, unlisted: bytes) -> Path:
    folder = tmp_path / "zoo"
    folder.mkdir()
    (folder / "plain.pkl").write_bytes(plain)
    (folder / "evil.pkl").write_bytes(evil)
    (folder / "unlisted.pkl").write_bytes(unlisted)
    (folder / "cut.pkl").write_bytes(plain[:-4])
    (folder / "README.md").write_text("# a zoo\n")
    return folder


@pytest.mark.parametrize(("name", "code"), [("plain", 0), ("evil", 1), ("unlisted", 1), ("cut", 3)])
def test_the_exit_code_is_that_of_the_verdict(dryload: Run, zoo: Path, name: str, code: int) -> None:
    done = dryload("scan", zoo / f"{name}.pkl")
    assert (done.returncode, done.stderr) == (code, "")


def test_a_finding_outranks_an_inconclusive_file(dryload: Run, zoo: Path) -> None:
    assert dryload("scan", zoo / "cut.pkl", zoo / "evil.pkl", zoo / "plain.pkl").returncode == 1
    assert dryload("scan", zoo / "cut.pkl", zoo / "plain.pkl").returncode == 3


def test_a_path_alone_is_a_scan(dryload: Run, zoo: Path) -> None:
    assert dryload(zoo / "plain.pkl").stdout.startswith("inert  ")


def test_a_folder_is_counted_and_its_other_files_are_ignored(dryload: Run, zoo: Path) -> None:
    *_, counts, time = dryload("scan", zoo).stdout.splitlines()
    assert counts == "4 files: 1 malicious, 1 unknown, 1 inconclusive, 1 inert, 1 ignored."
    assert time.endswith(" ms, nothing was loaded.")


def test_a_missing_path_is_said_and_nothing_is_judged(dryload: Run, zoo: Path) -> None:
    done = dryload("scan", zoo / "evil.pkl", zoo / "gone.pkl", "also-gone")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 2


def test_an_empty_folder_is_nothing_to_scan(dryload: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = dryload("scan", tmp_path / "empty")
    assert (done.returncode, done.stdout.partition(".")[0]) == (3, "nothing to scan")


@pytest.mark.parametrize(
    "words", [(), ("scan",), ("scan", "--formt", "json"), ("scan", ".", "--jobs", "0"), ("--nonsense",)]
)
def test_a_wrong_command_line_is_a_usage_error(dryload: Run, words: tuple[str, ...]) -> None:
    done = dryload(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_options_stand_before_between_and_after_paths(dryload: Run, zoo: Path) -> None:
    a, b = zoo / "plain.pkl", zoo / "evil.pkl"
    orders = [("--format", "jsonl", a, b), (a, "--format", "jsonl", b), (a, b, "--format", "jsonl")]
    outputs = [dryload("scan", *order).stdout.splitlines()[:-1] for order in orders]
    assert outputs[0] == outputs[1] == outputs[2]
    assert len(outputs[0]) == 2


def test_what_stands_behind_two_dashes_is_a_path(
    dryload: Run, zoo: Path, tmp_path: Path, evil: bytes
) -> None:
    """pre-commit gives names as they are, and a file called -ojson=x.pkl was taken for an output."""
    for name in ("-ojson=x.pkl", "--exit-zero", "--"):
        (tmp_path / "cwd" / name).write_bytes(evil)
        done = dryload("scan", "--format", "jsonl", zoo / "plain.pkl", "--", name)
        paths = [json.loads(line).get("path") for line in done.stdout.splitlines()[:-1]]
        assert (done.returncode, paths) == (1, [str(zoo / "plain.pkl"), name])
    (tmp_path / "cwd" / "-oout.toml").write_bytes(evil)
    assert dryload("policy", "learn", "--", "-oout.toml").returncode == 1
    assert dryload("validate", "--", "-oout.toml").returncode == 0
    assert dryload("validate").returncode == 2
    assert not [name for name in ("x.pkl", "out.toml") if (tmp_path / "cwd" / name).exists()]


def test_json_is_all_that_stdout_holds(dryload: Run, zoo: Path) -> None:
    done = dryload("scan", zoo, "--format", "json")
    document = json.loads(done.stdout)
    assert document["summary"]["exit_code"] == done.returncode == 1
    assert document["summary"]["ignored"] == 1
    assert len(document["files"]) == document["summary"]["files"] == 4


def test_further_outputs_go_to_their_files(dryload: Run, zoo: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "one.json", tmp_path / "two.txt"
    done = dryload("scan", zoo / "evil.pkl", "-o", f"json={first}", "-o", f"concise={second}")
    assert json.loads(first.read_text())["summary"]["malicious"] == 1
    assert second.read_text().startswith("malicious ")
    assert done.stdout.startswith("error[")


@pytest.mark.parametrize(
    "word", ["json", "json=", "json=-", "jsn=x", f"json={os.sep}no{os.sep}such{os.sep}folder"]
)
def test_an_output_that_cannot_be_written_is_a_usage_error(dryload: Run, zoo: Path, word: str) -> None:
    done = dryload("scan", zoo / "plain.pkl", "--format", "json", "-o", word)
    assert (done.returncode, done.stdout) == (2, "")


def test_a_name_can_be_allowed(dryload: Run, zoo: Path) -> None:
    path = zoo / "unlisted.pkl"
    assert dryload("scan", path, "--allow", "mycorp.features:Scaler").returncode == 0
    assert dryload("scan", path, "--allow", "mycorp.features:Other").returncode == 1
    assert dryload("scan", path, "--allow", "Scaler").returncode == 2


def test_fail_on_says_what_is_accepted(dryload: Run, zoo: Path) -> None:
    path = zoo / "unlisted.pkl"
    assert dryload("scan", path, "--fail-on", "malicious,invalid").returncode == 0
    assert dryload("scan", zoo / "cut.pkl", "--fail-on", "inconclusive").returncode == 1
    assert "did you mean" in dryload("scan", path, "--fail-on", "malicous").stderr


def test_exit_zero_keeps_the_findings(dryload: Run, zoo: Path) -> None:
    done = dryload("scan", zoo / "evil.pkl", "--exit-zero")
    assert done.returncode == 0
    assert "pickle-dangerous-call" in done.stdout


def test_a_policy_is_a_built_in_one_or_a_file(dryload: Run, zoo: Path, tmp_path: Path) -> None:
    policy = tmp_path / "mine.toml"
    policy.write_text('extends = "strict"\n[allow]\n"mycorp.features:Scaler" = true\n')
    assert dryload("scan", zoo / "unlisted.pkl", "--policy", policy).returncode == 0
    assert dryload("scan", zoo / "plain.pkl", "--policy", "strict").returncode == 0
    assert dryload("scan", zoo / "plain.pkl", "--policy", "strct").returncode == 2


def test_stdin_is_a_source_in_its_place(dryload: Run, zoo: Path, evil: bytes) -> None:
    done = dryload("scan", zoo / "plain.pkl", "-", zoo / "plain.pkl", "--format", "jsonl", input=evil)
    paths = [json.loads(line).get("path") for line in done.stdout.splitlines()[:-1]]
    assert paths == [str(zoo / "plain.pkl"), "<stdin>", str(zoo / "plain.pkl")]
    assert done.returncode == 1


def test_quiet_prints_findings_only(dryload: Run, zoo: Path) -> None:
    assert dryload("scan", zoo / "plain.pkl", "-q").stdout == ""
    assert "pickle-dangerous-call" in dryload("scan", zoo / "evil.pkl", "-q").stdout


def test_a_file_name_cannot_forge_output(dryload: Run, tmp_path: Path, evil: bytes) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "a\x1b[2K\n::error::x.pkl").write_bytes(evil)
    for format in ("text", "concise", "json", "jsonl"):
        done = dryload("scan", folder, "--format", format)
        assert done.returncode == 1
        assert all(line.isprintable() and not line.startswith("::") for line in done.stdout.split("\n"))


def test_nothing_is_written_to_the_working_folder(dryload: Run, zoo: Path, tmp_path: Path) -> None:
    dryload("scan", zoo)
    assert list((tmp_path / "cwd").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="pipes end differently")
def test_a_reader_that_goes_away_ends_the_run_quietly(zoo: Path) -> None:
    for index in range(3000):
        (zoo / f"{index}.pkl").write_bytes(b"")
    command = [sys.executable, "-m", "dryload", "scan", str(zoo), "--format", "jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
