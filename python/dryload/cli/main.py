"""Finds the command and runs it; knows the exit codes that no command decides.

Results go to stdout and everything else to stderr. 2 is a mistake of the caller, 130 an interrupt, 141 a
reader of stdout that went away, as for a program that the signal ends.
"""

from __future__ import annotations

import os
import sys

from dryload.cli import COMMANDS
from dryload.errors import DryloadError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line and gives its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character must not stop a scan.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _dispatch(words)
        sys.stdout.flush()
        return code
    except DryloadError as error:
        print(f"dryload: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more at exit; that must not fail a second time.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE


def _dispatch(words: list[str]) -> int:
    if not words:
        print(HELP, file=sys.stderr)
        return USAGE
    if words[0] in ("-h", "--help"):
        print(HELP)
        return 0
    if words[0] in ("-V", "--version"):
        from dryload._version import __version__

        print(f"dryload {__version__}")
        return 0
    from importlib import import_module

    command = words.pop(0) if words[0] in COMMANDS else "scan"
    code: int = import_module(COMMANDS[command]).run(words)
    return code


HELP = """\
usage: dryload [scan] PATH...     say what loading these files would do
       dryload validate PATH...   hold files against the rules of their formats
       dryload inspect PATH       show parts, metadata, tensors, gaps, overlaps
       dryload repository FOLDER  say whether a model repository agrees
       dryload guard -- SCRIPT    run a script that loads only what is allowed
       dryload fuzz MODULE:NAME   give a parser inputs that it may stumble over
       dryload generate FORMAT    write sample files, also with a fault
       dryload disasm PATH        list the pickle instructions of a file
       dryload diff A B           say which tensors, members and calls differ
       dryload report IN.json     turn a saved report into another output
       dryload rule [SLUG]        explain a rule, or list all of them
       dryload policy COMMAND     show, check or learn what files may import
       dryload completions SHELL  complete commands in bash, zsh or fish
       dryload --version

`dryload COMMAND --help` lists the options of a command."""
USAGE = 2
INTERRUPTED = 130
READER_GONE = 141
