"""Writes the manual page from the parsers of the commands; it is below docs/man, and wheels install it.

    python tools/man_page.py            writes it anew
    python tools/man_page.py --check    says whether it is up to date

It says nothing that `--help` does not; a test holds the file against the parsers.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dryload._version import __version__
from dryload.cli.parsers import commands

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from dryload.cli.parsers import Command


def page() -> str:
    """Gives the page as roff."""
    return "\n".join(_lines()) + "\n"


def main(words: list[str]) -> int:
    """Writes the page or compares it, and gives the exit code."""
    if words == ["--check"]:
        if PAGE.read_text(encoding="utf-8") == page():
            return 0
        print(f"{PAGE} is stale: run python tools/man_page.py", file=sys.stderr)
        return 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


def _lines() -> Iterator[str]:
    yield f'.TH DRYLOAD 1 "" "dryload {__version__}" "User Commands"'
    yield ".SH NAME"
    yield r"dryload \- says what loading a model file would do, without loading it"
    yield ".SH SYNOPSIS"
    for command in commands():
        yield f".B {_text(command.parser.prog)}"
        yield _usage(command)
        yield ".br"
    yield ".SH DESCRIPTION"
    yield _text(ABOUT)
    yield ".SH COMMANDS"
    for command in commands():
        yield from _command(command)
    for title, rows in SECTIONS.items():
        yield f".SH {title}"
        for term, text in rows:
            yield ".TP"
            yield f".B {_text(term)}"
            yield _text(text)
    yield ".SH SEE ALSO"
    yield _text("The documentation that comes with the sources: docs/README.md lists it.")


def _command(command: Command) -> Iterator[str]:
    yield f'.SS "{_text(command.parser.prog)}"'
    yield _text(command.parser.description or "")
    if command.parser.epilog:
        yield ".PP"
        yield _text(command.parser.epilog[:1].upper() + command.parser.epilog[1:] + ".")
    for action in (*command.positionals, *command.options):
        yield ".TP"
        yield _term(action)
        yield _text(action.help or "")


def _usage(command: Command) -> str:
    words = ["[options]"]
    for action in command.positionals:
        word = _value(action)
        word += "..." if action.nargs in ("*", "+") else ""
        words.append(f"[{word}]" if action.nargs in ("?", "*") else word)
    return _text(" ".join(words))


def _term(action: argparse.Action) -> str:
    if not action.option_strings:
        return rf"\fI{_text(_value(action))}\fR"
    names = ", ".join(rf"\fB{_text(name)}\fR" for name in action.option_strings)
    return names if action.nargs == 0 else rf"{names} \fI{_text(_value(action))}\fR"


def _value(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices is not None:
        return "|".join(map(str, action.choices))
    return action.dest.upper()


def _text(text: str) -> str:
    """Takes the meaning from the signs that roff acts on."""
    text = text.replace("%%", "%").replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq")
    return rf"\&{text}" if text.startswith((".", "'")) else text


# Where maturin's `data` has it, so that a wheel installs it as share/man/man1/dryload.1.
PAGE = Path(__file__).parents[1] / "docs" / "man" / "data" / "share" / "man" / "man1" / "dryload.1"
ABOUT = (
    "dryload reads pickles, torch checkpoints, joblib dumps, npy and npz arrays, archives and safetensors, "
    "and says which names loading them would import, what it would call with which arguments, and whether "
    "two readers of a file would see the same. Nothing is executed, imported or resolved. A path without a "
    "command is scanned."
)
SECTIONS = {
    "EXIT STATUS": [
        ("0", "All files are inert, or have no verdict of those that fail."),
        ("1", "A file is malicious, invalid or unknown, or what --fail-on names."),
        ("2", "The call, the configuration or a path is wrong, or an output could not be written."),
        ("3", "A file was not judged to its end, or there was nothing to scan."),
        ("130", "The run was interrupted."),
        ("141", "The reader of stdout went away."),
    ],
    "FILES": [
        (
            "dryload.toml, pyproject.toml",
            "The configuration, in the working directory or above it up to the root of the project, and "
            "never in a scanned tree.",
        ),
    ],
    "ENVIRONMENT": [
        ("NO_COLOR", "Set to anything, no colour is used."),
        ("XDG_CACHE_HOME", "Where the folder of --cache is."),
    ],
}

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
