"""Configuration comes from the working folder, and never from what is scanned."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dryload.cli.main import main

ALLOW = 'allow = ["mycorp.features:Scaler"]\n'


@pytest.fixture
def model(tmp_path: Path, unlisted: bytes, monkeypatch: pytest.MonkeyPatch) -> str:
    """A model beside the working folder, which the test is moved into."""
    (tmp_path / "cwd").mkdir()
    (tmp_path / "model.pkl").write_bytes(unlisted)
    monkeypatch.chdir(tmp_path / "cwd")
    return os.path.join("..", "model.pkl")


def test_dryload_toml_of_the_working_folder_is_in_force_and_said(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([model]) == 1
    Path("dryload.toml").write_text(ALLOW)
    assert main([model]) == 0
    assert capsys.readouterr().err == "config: dryload.toml\n"


def test_pyproject_is_read_only_under_its_table(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("pyproject.toml").write_text('[project]\nname = "uses-dryload"\n')
    assert main([model]) == 1
    assert capsys.readouterr().err == ""
    Path("pyproject.toml").write_text(f"[tool.dryload]\n{ALLOW}")
    assert main([model]) == 0
    assert capsys.readouterr().err == "config: pyproject.toml [tool.dryload]\n"


def test_a_configuration_inside_the_scanned_tree_is_left_aside_and_said(
    tmp_path: Path, unlisted: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dryload.toml").write_text(ALLOW)
    Path("inside.pkl").write_bytes(unlisted)
    assert main(["scan", "."]) == 1
    assert "lies in the scanned tree" in capsys.readouterr().err
    assert main(["scan", ".", "--config", "dryload.toml"]) == 0


def test_the_command_line_outranks_the_configuration(model: str) -> None:
    Path("dryload.toml").write_text(
        'fail-on = ["malicious"]\npolicy = "strict"\nformat = "jsonl"\njobs = 1\n'
    )
    assert main([model]) == 0
    assert main([model, "--fail-on", "unknown", "--format", "text"]) == 1


def test_a_policy_path_starts_at_the_configuration(model: str, tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "mine.toml").write_text(
        'extends = "default"\n[allow]\n"mycorp.features:Scaler" = true\n'
    )
    (tmp_path / "conf" / "dryload.toml").write_text('policy = "mine.toml"\n')
    assert main([model, "--config", str(tmp_path / "conf" / "dryload.toml")]) == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("alow = []", "did you mean 'allow'"),
        ('allow = "a:b"', "list"),
        ('allow = ["b"]', "full name"),
        ("deny = []", "table"),
        ('fail-on = "malicious"', "list"),
        ('fail-on = ["malicous"]', "did you mean 'malicious'"),
        ("jobs = 0", "positive"),
        ('format = "jsn"', "did you mean 'json"),
        ("policy = 3", "policy"),
        ('policy = "strct"', "strct"),
        ("= 3", "dryload.toml"),
        ("fail_on = []", "did you mean 'fail-on'"),
        ("timeout-per-file = 0", "positive"),
        ("timeout-per-file = true", "positive"),
        ('exclude = "*.md"', "list of patterns"),
        ('cache = "yes"', "true or false"),
        ("full = 1", "true or false"),
        ("baseline = 3", "path"),
        ("limits = 3", "table"),
        ("limits.max_dept = 3", "did you mean 'max_depth'"),
        ('output = ["json"]', "FORMAT=FILE"),
        ('output = ["jsn=a"]', "did you mean 'json"),
        ('output = ["json=../a.json"]', "outside the folder"),
        ('output = ["json=/tmp/a.json"]', "outside the folder"),
        ("suppress = 3", "list of tables"),
        ("[[suppress]]", "'reason'"),
        ('[[suppress]]\nreasn = "x"', "did you mean 'reason'"),
        ('[[suppress]]\nreason = " "', "'reason'"),
        ('[[suppress]]\nreason = "x"', "'fingerprint'"),
        ('[[suppress]]\nreason = "x"\nfingerprint = "dl1:012345678901234X"', "'fingerprint'"),
        ('[[suppress]]\nreason = "x"\nfingerprint = "dl1:0123456789012345"', "'sha256'"),
        (
            f'[[suppress]]\nreason = "x"\nfingerprint = "dl1:0123456789012345"\nsha256 = "{"0" * 63}"',
            "'sha256'",
        ),
        ('[[suppress]]\nreason = "x"\nexpires = "2027-01-31"', "without quotes"),
        ('[[suppress]]\nreason = "x"\nexpires = 2027-01-31T00:00:00', "without quotes"),
    ],
)
def test_what_is_not_understood_is_a_usage_error(
    model: str, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    Path("dryload.toml").write_text(text)
    assert main([model]) == 2
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.out == ""


def test_a_link_that_stands_in_the_scanned_tree_or_leads_into_it_is_left_aside(
    tmp_path: Path, unlisted: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "allow.toml").write_text(ALLOW)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "inside.pkl").write_bytes(unlisted)
    (tmp_path / "tree" / "dryload.toml").symlink_to("../other/allow.toml")
    monkeypatch.chdir(tmp_path / "tree")
    assert main(["scan", "."]) == 1
    assert "lies in the scanned tree" in capsys.readouterr().err
    (tmp_path / "tree" / "dryload.toml").unlink()
    (tmp_path / "tree" / "foreign.toml").write_text(ALLOW)
    (tmp_path / "dryload.toml").symlink_to("tree/foreign.toml")
    monkeypatch.chdir(tmp_path)
    assert main(["scan", "tree"]) == 1
    assert "lies in the scanned tree" in capsys.readouterr().err


def test_the_project_is_searched_up_to_its_root_and_no_further(
    tmp_path: Path, unlisted: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dryload.toml").write_text(ALLOW)
    (tmp_path / "model.pkl").write_bytes(unlisted)
    below = tmp_path / "project" / "src" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    model = os.path.join("..", "..", "..", "model.pkl")
    assert main([model]) == 0
    assert capsys.readouterr().err == "config: ../../../dryload.toml\n"
    (tmp_path / "project" / ".git").mkdir()
    assert main([model]) == 1
    assert capsys.readouterr().err == ""
    (tmp_path / "project" / "pyproject.toml").write_text(f"[tool.dryload]\n{ALLOW}")
    assert main([model]) == 0
    assert capsys.readouterr().err == "config: ../../pyproject.toml [tool.dryload]\n"
    assert main([model, "--isolated"]) == 1
    assert capsys.readouterr().err == ""
    assert main([model, "--isolated", "--config", "x.toml"]) == 2


def test_a_scanned_clone_is_no_root_and_the_project_around_it_is_asked(
    tmp_path: Path, unlisted: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clone = tmp_path / "clone"
    (clone / ".git").mkdir(parents=True)
    (clone / "dryload.toml").write_text(ALLOW)
    (clone / "model.pkl").write_bytes(unlisted)
    (tmp_path / "dryload.toml").write_text('fail-on = ["malicious"]\n')
    monkeypatch.chdir(clone)
    assert main(["scan", "."]) == 0
    told, used = capsys.readouterr().err.splitlines()
    assert "config: dryload.toml lies in the scanned tree" in told
    assert used == "config: ../dryload.toml"


def test_a_file_above_that_belongs_to_another_user_is_left_aside(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dryload.toml").write_text(ALLOW)
    assert main([model]) == 0
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    monkeypatch.setattr("dryload.cli.config.ROOT_USER", -1)
    capsys.readouterr()
    assert main([model]) == 1
    assert "belongs to another user" in capsys.readouterr().err


def test_a_link_above_that_another_user_made_is_left_aside(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Anybody may lead from /tmp to a configuration that is yours and was meant for something else."""
    (tmp_path / "elsewhere").write_text(ALLOW)
    (tmp_path / "dryload.toml").symlink_to("elsewhere")
    assert main([model]) == 0
    ours = tmp_path.stat().st_uid
    real = os.lstat

    def lstat(path: str) -> os.stat_result:
        told = list(real(path))
        told[4] = ours + 1
        return os.stat_result(told)

    monkeypatch.setattr("dryload.cli.config.ROOT_USER", ours)
    monkeypatch.setattr(os, "lstat", lstat)
    capsys.readouterr()
    assert main([model]) == 1
    assert "belongs to another user" in capsys.readouterr().err


def test_a_tree_is_known_by_what_it_is_and_not_by_its_name(
    tmp_path: Path, unlisted: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "dryload.toml").write_text(ALLOW)
    (tmp_path / "tree" / "deep" / "model.pkl").write_bytes(unlisted)
    (tmp_path / "link").symlink_to("tree")
    monkeypatch.chdir(tmp_path / "link" / "deep")
    for tree in ("..", "../../tree", "../../link", str(tmp_path / "link")):
        assert main(["scan", tree]) == 1
        assert "lies in the scanned tree" in capsys.readouterr().err
    assert main(["scan", "model.pkl"]) == 0


def test_a_configuration_that_cannot_be_read_is_a_usage_error(
    model: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("pyproject.toml").write_text(ALLOW)
    real = open

    def refused(path: str, *rest: object, **more: object) -> object:
        if str(path).endswith("pyproject.toml"):
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **more)  # type: ignore[call-overload]

    monkeypatch.setattr("builtins.open", refused)
    assert main([model]) == 2
    assert "--isolated" in capsys.readouterr().err
    assert main([model, "--isolated"]) == 1
    Path("pyproject.toml").rename("../pyproject.toml")
    assert main([model]) == 2
    # Anybody may put one into /tmp that nobody can read: that must not stop the others.
    monkeypatch.setattr(os, "getuid", lambda: Path("..").stat().st_uid + 1)
    monkeypatch.setattr("dryload.cli.config.ROOT_USER", -1)
    assert main([model]) == 1


def test_a_list_of_names_cannot_bring_the_folder_of_the_configuration(
    tmp_path: Path, unlisted: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dryload.toml").write_text(ALLOW)
    Path("inside.pkl").write_bytes(unlisted)
    Path("names").write_text(".\n")
    assert main(["scan", "--files-from", "names"]) == 2
    assert "--files-from" in capsys.readouterr().err
    assert main(["scan", "--files-from", "names", "--isolated"]) == 1
    Path("names").write_text("inside.pkl\n")
    assert main(["scan", "--files-from", "names"]) == 0


def test_further_keys_stand_for_their_options(
    tmp_path: Path,
    plain: bytes,
    evil: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "evil.old").write_bytes(evil)
    (tmp_path / "zoo" / "plain.pkl").write_bytes(plain)
    (tmp_path / "conf").mkdir()
    config = tmp_path / "conf" / "dryload.toml"
    config.write_text('exclude = ["*.old"]\noutput = ["json=out.json"]\ntimeout-per-file = 60\nfull = true\n')
    monkeypatch.chdir(tmp_path)
    assert main(["scan", "zoo", "--config", str(config)]) == 0
    summary = json.loads((tmp_path / "conf" / "out.json").read_text())["summary"]
    assert (summary["files"], summary["excluded"]) == (1, 1)
    config.write_text("[limits]\nmax_stack = 1\n")
    assert main(["scan", "zoo/plain.pkl", "--config", str(config)]) == 3


def test_an_output_of_the_configuration_stays_in_its_folder_also_through_a_link(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "precious").write_text("kept")
    Path("out.json").symlink_to("../precious")
    Path("dryload.toml").write_text('output = ["json=out.json"]\n')
    assert main([model]) == 2
    assert "outside the folder" in capsys.readouterr().err
    assert (tmp_path / "precious").read_text() == "kept"
