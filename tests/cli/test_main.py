"""The entry point: what no command decides."""

from __future__ import annotations

import pytest

import dryload.cli.scan
from dryload import __version__
from dryload.cli.main import main


def test_the_version_and_the_help_go_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"dryload {__version__}\n"
    assert main(["--help"]) == 0
    assert "dryload rule" in capsys.readouterr().out


def test_an_interrupt_ends_with_130_and_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_words: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(dryload.cli.scan, "run", interrupted)
    assert main(["scan", "."]) == 130
    assert capsys.readouterr() == ("", "")
