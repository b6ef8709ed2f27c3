"""Configuration comes from the working folder, and never from what is scanned."""

from __future__ import annotations

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
