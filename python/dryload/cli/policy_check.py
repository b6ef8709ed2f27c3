"""`dryload policy check`: tells all that is wrong with policy files, and which lines grant more than they may
have been meant to."""

from __future__ import annotations

import sys

from dryload.errors import PolicyError
from dryload.outputs.frame import MESSAGE_CAP, PATH_CAP
from dryload.outputs.safe_text import safe_text
from dryload.policy import Policy
from dryload.policy_check import Remark, check

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(words: list[str]) -> int:
    """Prints a line for each remark and gives 2 for an unusable file, 1 for warnings under --strict."""
    options = _parser().parse_args(words)
    errors = warnings = 0
    for path in options.files:
        remarks = _checked(path)
        for remark in remarks:
            line = "" if remark.line is None else f":{remark.line}"
            word = "error" if remark.is_error else f"warning[{remark.about}]"
            print(f"{safe_text(path, PATH_CAP)}{line}: {word}: {safe_text(remark.message, MESSAGE_CAP)}")
        failed = sum(remark.is_error for remark in remarks)
        errors += failed
        warnings += len(remarks) - failed
        if not failed:
            print(f"{safe_text(path, PATH_CAP)}: {_count(len(Policy.load(path).allowed), 'name')} allowed")
    told = f"{_count(errors, 'error')}, {_count(warnings, 'warning')}"
    print(f"{_count(len(options.files), 'file')}: {told}", file=sys.stderr)
    return 2 if errors else 1 if warnings and options.strict else 0


def _checked(path: str) -> list[Remark]:
    """A file that is not there, or is no TOML, is told like any other fault: it must not stop the rest."""
    try:
        return check(path)
    except PolicyError as error:
        return [Remark(message=str(error).removeprefix(f"{path}: "))]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="dryload policy check",
        description="Find what is wrong with policy files, and lines that grant more than was meant.",
        epilog="exit: 0 usable, 1 warnings with --strict, 2 not usable",
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a policy file in TOML")
    parser.add_argument("--strict", action="store_true", help="give 1 if there are warnings")
    return parser
