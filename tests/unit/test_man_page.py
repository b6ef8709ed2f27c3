"""The manual page is what the parsers say."""

from __future__ import annotations

import re

from man_page import PAGE, main, page

from dryload.cli.parsers import commands


def test_the_page_is_up_to_date() -> None:
    assert main(["--check"]) == 0, "run python tools/man_page.py"


def test_every_command_and_option_stands_in_it() -> None:
    text = page().replace("\\-", "-")
    for command in commands():
        (section,) = re.findall(rf'\.SS "dryload {command.name}"\n(.*?)\n\.S[SH] ', text, re.DOTALL)
        for action in command.options:
            for name in action.option_strings:
                assert rf"\fB{name}\fR" in section


def test_no_line_is_taken_for_a_request() -> None:
    requests = {
        line.split()[0] for line in PAGE.read_text("utf-8").splitlines() if line.startswith((".", "'"))
    }
    assert requests == {".TH", ".SH", ".SS", ".TP", ".B", ".PP", ".br"}
