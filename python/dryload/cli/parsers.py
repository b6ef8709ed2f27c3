"""All commands with their parsers, for what is made of them: completions of shells and the manual page.

It imports every command, so nothing that scans imports it.
"""

from __future__ import annotations

from importlib import import_module

from dryload._frozen import frozen
from dryload.cli import COMMANDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence


@frozen
class Takes:
    """What a shell may offer for one argument: some words, the names of files, or both.

    `formats` says that a word is FORMAT=FILE, and that a file follows.
    """

    words: Sequence[str] = ()
    files: bool = False
    formats: bool = False


@frozen
class Command:
    """One command: its words, as "policy show", one line about it, and its parser."""

    name: str
    about: str
    parser: argparse.ArgumentParser

    @property
    def options(self) -> list[argparse.Action]:
        """The options, --help first."""
        return [action for action in self.parser._actions if action.option_strings]

    @property
    def positionals(self) -> list[argparse.Action]:
        """What has no name."""
        return [action for action in self.parser._actions if not action.option_strings]


def commands() -> Iterator[Command]:
    """Gives all commands in the order of the help; one that has further commands gives those."""
    for name, module in COMMANDS.items():
        yield from _commands(name, module)


def groups() -> dict[str, list[str]]:
    """Gives the commands that only choose among further ones, as "policy", with the words of these."""
    found = {name: getattr(import_module(module), "COMMANDS", {}) for name, module in COMMANDS.items()}
    return {name: list(below) for name, below in found.items() if below}


def takes(action: argparse.Action) -> Takes:
    """Says what an argument is, by its choices or else by the word that the help has for it."""
    if action.choices is not None:
        return Takes(words=[str(choice) for choice in action.choices])
    word = action.metavar if isinstance(action.metavar, str) else ""
    if word == "FORMAT=FILE":
        from dryload.outputs import OUTPUTS

        return Takes(words=[f"{name}=" for name in OUTPUTS], formats=True)
    if word == "SLUG":
        from dryload.rules.catalogue import catalogue

        return Takes(words=sorted(catalogue()))
    if word == "NAME|FILE":
        from dryload.policy_table import built_in

        return Takes(words=sorted(built_in().layers), files=True)
    return Takes(files=any(kind in word for kind in ("FILE", "PATH", "DIR", "FOLDER", "SCRIPT", ".json")))


def _commands(name: str, module: str) -> Iterator[Command]:
    found = import_module(module)
    below = getattr(found, "COMMANDS", None)
    if below:
        for word, each in below.items():
            yield from _commands(f"{name} {word}", each)
        return
    # `repository` has the options of `scan`, and so has whatever else reports as it does.
    parser: argparse.ArgumentParser = getattr(found, "_parser", import_module(COMMANDS["scan"])._parser)()
    if not hasattr(found, "_parser"):
        parser.prog = f"dryload {name}"
        about = " ".join((found.__doc__ or "").partition("\n\n")[0].partition(": ")[2].split())
        parser.description = about[:1].upper() + about[1:]
    yield Command(name=name, about=(parser.description or "").rstrip("."), parser=parser)
