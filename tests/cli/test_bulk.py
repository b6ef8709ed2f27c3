"""Long runs as a user meets them: what is left out, what is given up, what is cut short and gone on with."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import pty
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
PATIENT = ["--policy", "patient.toml"]
COMMAND = [sys.executable, "-m", "dryload"]


@pytest.fixture
def dryload(tmp_path: Path) -> Run:
    def run(*words: str | Path, input: str = "") -> subprocess.CompletedProcess[str]:
        command = [*COMMAND, *map(str, words)]
        return subprocess.run(
            command, input=input, cwd=tmp_path, capture_output=True, check=False, encoding="utf-8"
        )

    return run


@pytest.fixture
def zoo(tmp_path: Path, plain: bytes, evil: bytes) -> Path:
    """Twelve folders of five files; one in ten is evil."""
    folder = tmp_path / "zoo"
    for number in range(60):
        path = folder / f"{number % 12:02}" / f"{number:03}.pkl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(evil if number % 10 == 0 else plain)
    (folder / "README.md").write_text("# a zoo\n")
    return folder


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """A pickle that takes many seconds: a small file of a billion opcodes, which `PATIENT` lets through."""
    path = tmp_path / "slow" / "slow.pkl.gz"
    path.parent.mkdir()
    many = gzip.compress(b"N0" * (8 << 20))
    path.write_bytes(gzip.compress(b"\x80\x02") + many * 128 + gzip.compress(b"N."))
    (tmp_path / "patient.toml").write_text(
        'extends = "default"\n[limits]\nmax_inflate_ratio = 1_000_000\n', encoding="utf-8"
    )
    return path


def lines(text: str) -> tuple[list[dict[str, object]], dict[str, object]]:
    """The files and the summary of `--format jsonl`."""
    *files, last = map(json.loads, text.splitlines())
    return files, last["summary"]


def test_names_and_paths_are_left_out_and_counted(dryload: Run, zoo: Path) -> None:
    left_out = ["--exclude", "*.md", "--exclude", "00", "--exclude", "01/*"]
    done = dryload("scan", zoo, *left_out, "--format", "jsonl")
    files, summary = lines(done.stdout)
    assert (len(files), summary["ignored"], summary["excluded"]) == (50, 0, 1 + 1 + 5)
    assert dryload("scan", zoo, "--exclude", "*.md").stdout.splitlines()[-1].count("1 excluded") == 1
    bad = dryload("scan", zoo, "--exclude", "[")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.startswith('dryload: "[" is no pattern')


def test_a_file_that_is_named_is_not_left_out(dryload: Run, zoo: Path) -> None:
    assert dryload("scan", zoo / "00" / "000.pkl", "--exclude", "*").returncode == 1


@pytest.mark.parametrize("null", [False, True])
def test_names_come_from_a_list(dryload: Run, zoo: Path, tmp_path: Path, null: bool) -> None:
    odd = zoo / ("a\nb.pkl" if null else "a b.pkl")
    odd.write_bytes((zoo / "00" / "000.pkl").read_bytes())
    names = [str(zoo / "01" / "001.pkl"), str(odd), str(zoo / "not there"), str(zoo / "02")]
    listed = ("\0" if null else "\n").join(names)
    words = ["--files-from", "-", *(["-0"] if null else []), "--format", "jsonl"]
    done = dryload("scan", *words, input=listed)
    files, summary = lines(done.stdout)
    assert [file["verdict"] for file in files[:3]] == ["inert", "malicious", "inconclusive"]
    assert (len(files), summary["files"]) == (8, 8)
    (tmp_path / "list").write_text(listed)
    again, _ = lines(dryload("scan", *["list" if word == "-" else word for word in words]).stdout)
    assert again == files
    assert dryload("scan", "--files-from", "no list").returncode == 2


def test_unordered_has_the_same_files(dryload: Run, zoo: Path) -> None:
    ordered, _ = lines(dryload("scan", zoo, "--format", "jsonl").stdout)
    free, _ = lines(dryload("scan", zoo, "--format", "jsonl", "--unordered", "--jobs", "4").stdout)
    assert sorted(file["path"] for file in free) == [file["path"] for file in ordered]  # type: ignore[type-var]


def test_a_file_that_takes_too_long_is_given_up_and_told(dryload: Run, slow: Path, zoo: Path) -> None:
    done = dryload("scan", slow, zoo / "00", *PATIENT, "--timeout-per-file", "1", "--format", "jsonl")
    (first, *rest), _ = lines(done.stdout)
    assert first["verdict"] == "inconclusive"
    assert first["coverage"]["limits_hit"] == ["max_seconds"]  # type: ignore[index]
    assert "max_seconds = 1" in first["findings"][-1]["message"]  # type: ignore[index]
    assert [file["verdict"] for file in rest] == ["malicious", *["inert"] * 4]


def test_a_run_that_is_killed_goes_on_where_it_was(dryload: Run, zoo: Path, tmp_path: Path) -> None:
    """Ten times at a random moment; then every file is there once, with the verdicts of an uncut run."""
    whole, summary = lines(dryload("scan", zoo, "--format", "jsonl").stdout)
    resumed, rng = tmp_path / "run.jsonl", random.Random(20261126)
    for _ in range(10):
        process = subprocess.Popen([*COMMAND, "scan", str(zoo), "--resume", str(resumed), "-q"], **QUIET)
        time.sleep(rng.uniform(0, 0.25))
        process.kill()
        process.wait()
        with contextlib.suppress(FileNotFoundError):
            data = resumed.read_bytes()
            # As if it had been killed in the middle of a line, too.
            resumed.write_bytes(data[: rng.randrange(len(data) + 1)])
    done = dryload("scan", zoo, "--resume", resumed, "--format", "concise")
    files, end = lines(resumed.read_text())
    assert Counter(json.dumps(file) for file in files) == Counter(json.dumps(file) for file in whole)
    same = {"files", "malicious", "inert", "ignored", "bytes", "bytes_read", "exit_code"}
    assert {key: end[key] for key in same} == {key: summary[key] for key in same}
    assert done.returncode == 1
    # Once more: nothing is left to scan.
    again = dryload("scan", zoo, "--resume", resumed, "--format", "concise")
    assert "60 files of them in an earlier run" in again.stdout
    assert lines(resumed.read_text())[0] == files


QUIET: dict[str, int] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def test_resuming_knows_names_that_cannot_be_shown(dryload: Run, tmp_path: Path, plain: bytes) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    names = [b"a\nb.pkl", b"a\\nb.pkl", b"\xff.pkl", "é\u202e.pkl".encode()]
    for name in names:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(plain)
    first = dryload("scan", folder, "--resume", "run.jsonl")
    assert first.returncode == 0, first.stderr
    again = dryload("scan", folder, "--resume", "run.jsonl")
    assert "4 files of them in an earlier run" in again.stdout
    assert len(lines((tmp_path / "run.jsonl").read_text())[0]) == 4


@pytest.mark.parametrize("text", ["hello\nworld\n", '{"a": 1}\n{"b": 2}\n', "[1]\n[2]\n"])
def test_what_is_no_file_of_lines_is_not_overwritten(
    dryload: Run, zoo: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / "notes").write_text(text)
    done = dryload("scan", zoo, "--resume", "notes")
    assert (done.returncode, done.stdout) == (2, "")
    assert (tmp_path / "notes").read_text() == text


def test_ctrl_c_ends_a_run_with_what_was_done(zoo: Path, slow: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    words = [str(zoo), str(slow), "--format", "concise", "-o", f"jsonl={out}", "--jobs", "1", *PATIENT]
    process = subprocess.Popen(
        [*COMMAND, "scan", *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 30
    while not (out.exists() and out.read_text().count("\n") >= 60) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    told, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "")
    assert told.splitlines()[-1].startswith("Interrupted. So far: 60 files: 6 malicious, 54 inert")
    files, summary = lines(out.read_text())
    assert (len(files), summary["interrupted"], summary["exit_code"]) == (60, True, 130)


def test_a_reader_that_goes_away_ends_the_run_without_a_word(zoo: Path) -> None:
    command = f"{' '.join(COMMAND)} scan {zoo} --format jsonl | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert json.loads(done.stdout)["verdict"] == "malicious"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_costs_one_output_and_not_the_scan(dryload: Run, zoo: Path, tmp_path: Path) -> None:
    done = dryload("scan", zoo, "--format", "jsonl", "-o", "json=/dev/full", "-o", "concise=kept")
    assert done.returncode == 2
    assert "-o json=/dev/full: No space left on device; it is not complete" in done.stderr
    assert len(lines(done.stdout)[0]) == 60
    assert len((tmp_path / "kept").read_text().splitlines()) == 7
    with open("/dev/full", "w") as full:
        command = [*COMMAND, "scan", str(zoo), "-o", f"jsonl={tmp_path / 'other'}"]
        stopped = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert stopped.returncode == 2
    assert stopped.stderr.startswith("dryload: stdout: No space left on device")
    assert len(lines((tmp_path / "other").read_text())[0]) == 60


def on_terminal(folder: Path, words: list[str], **variables: str) -> str:
    """What a terminal on stderr and stdout shows."""
    main, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", **variables}
    process = subprocess.Popen(
        [*COMMAND, *words], stdout=terminal, stderr=terminal, cwd=folder, env=environment
    )
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):
        while piece := os.read(main, 65536):
            shown += piece
    os.close(main)
    process.wait()
    return shown.decode()


def test_a_terminal_sees_how_far_it_is(slow: Path, zoo: Path, tmp_path: Path) -> None:
    shown = on_terminal(
        tmp_path, ["scan", str(zoo), str(slow), *PATIENT, "--timeout-per-file", "1", "--jobs", "1"]
    )
    assert "\r\x1b[K60 of 62 files" in shown.replace("61 of", "60 of")
    assert "6 malicious" in shown.split("\r\x1b[K")[-2]
    # Gone before the results are written.
    assert "files/s" not in shown.split("\r\x1b[K")[-1]
    assert "\x1b[K" not in on_terminal(tmp_path, ["scan", str(zoo), "--no-progress"])
    assert "\x1b[K" not in on_terminal(
        tmp_path, ["scan", str(slow), *PATIENT, "--timeout-per-file", "1"], TERM="dumb"
    )


def test_reports_come_out_of_the_cache_until_the_file_changes(
    dryload: Run, zoo: Path, tmp_path: Path
) -> None:
    time.sleep(2.1)  # What changed a moment ago is not kept.
    words = ["scan", zoo, "--cache-dir", tmp_path / "cache", "--format", "jsonl"]
    first, _ = lines(dryload(*words).stdout)
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    again, _ = lines(dryload(*words).stdout)
    assert again == first
    (zoo / "01" / "001.pkl").write_bytes((zoo / "00" / "000.pkl").read_bytes())
    changed, _ = lines(dryload(*words).stdout)
    assert [file["path"] for file in changed if file not in first] == [str(zoo / "01" / "001.pkl")]
    assert sum(file["verdict"] == "malicious" for file in changed) == 7
    (tmp_path / "cache").chmod(0o777)
    assert "others may write" in dryload(*words).stderr


def test_plain_words_need_no_parser() -> None:
    """What a scan of one file imports is what it needs: nothing of long runs."""
    code = "import sys; from dryload.cli.main import main; main(['scan', sys.argv[1]]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, "x.pkl"], capture_output=True, text=True, check=False)
    loaded = set(done.stdout.split())
    assert not loaded & {"sqlite3", "dryload.cache", "dryload.cli.resume", "dryload.cli.progress", "argparse"}


def test_a_repository_is_checked_once_wherever_a_run_was_cut(dryload: Run, tmp_path: Path) -> None:
    """What stands between its files is judged from all of them, also from those of the earlier run."""
    folder = tmp_path / "zoo" / "model"
    shutil.copytree(Path(__file__).parents[1] / "data" / "repository", folder)
    settings = next(folder.rglob("config.json"))
    settings.write_text(json.dumps({"auto_map": {"AutoModel": "other/place--model.Model"}}))
    whole, summary = lines(dryload("scan", tmp_path / "zoo", "--format", "jsonl").stdout)
    assert whole[-1]["format"] == "repository"
    assert summary["exit_code"] == 1
    for kept in range(len(whole) + 1):
        (tmp_path / "run.jsonl").write_text("".join(json.dumps(line) + "\n" for line in whole[:kept]))
        assert dryload("scan", tmp_path / "zoo", "--resume", "run.jsonl").returncode == 1
        files, end = lines((tmp_path / "run.jsonl").read_text())
        assert (files, end["files"]) == (whole, summary["files"])
