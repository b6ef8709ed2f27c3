"""`dryload policy learn`: writes the policy that files need which somebody trusts.

The policy goes to stdout or to the file of -o, everything else to stderr. It never writes over a file, and
the configuration is not asked: what it allows would be missing in the policy.
"""

from __future__ import annotations

import os
import sys

from dryload.cli.paths import parsed
from dryload.errors import PolicyError
from dryload.outputs.frame import MESSAGE_CAP, PATH_CAP, wrapped
from dryload.outputs.safe_text import safe_text
from dryload.policy_layer import split_name
from dryload.policy_learn import learn

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from dryload.policy_learn import Learned


def run(words: list[str]) -> int:
    """Writes the policy and gives 1 if a file needs what must not be learned, 3 if there was no file."""
    options = parsed(_parser(), words)
    if not options.paths:
        print("dryload: name a file or a folder to learn from", file=sys.stderr)
        return 2
    missing = [path for path in options.paths if not os.path.lexists(path)]
    for path in missing:
        print(f"dryload: no such file or folder: {path!r}", file=sys.stderr)
    if missing:
        return 2
    output: str | None = options.output
    if output is not None and os.path.lexists(output):
        raise PolicyError(f"-o {output}: is there already; learning never writes over a file")
    learned = learn(
        options.paths,
        base=options.base,
        only=frozenset(split_name(name, where="--name") for name in options.name),
        folder="" if output is None else os.path.dirname(output),
    )
    _write(learned.text, output)
    _tell(learned, output)
    if learned.refused:
        return 1
    return 0 if learned.files or learned.inert else 3


def _write(text: str, output: str | None) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    try:
        # "x": somebody may have made the file since it was looked for.
        with open(output, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise PolicyError(f"-o {output}: {error.strerror}") from error


def _tell(learned: Learned, output: str | None) -> None:
    lines: list[str] = []
    for refused in learned.refused:
        lines.append(f"not learned: {safe_text(refused.path, PATH_CAP)} is {refused.verdict.value}")
        shown = refused.reasons[:MAX_REASONS]
        for reason in shown:
            lines += wrapped("  - ", safe_text(reason, MESSAGE_CAP))
        if len(shown) < len(refused.reasons):
            lines.append(f"  - and {len(refused.reasons) - len(shown)} more; `dryload scan` tells all")
    where = "" if output is None else f", written to {safe_text(output, PATH_CAP)}"
    counts = [f"{_count(len(learned.specs), 'name')} learned from {_count(len(learned.files), 'file')}"]
    if learned.inert:
        counts.append(f"{learned.inert} inert before")
    if learned.refused:
        counts.append(f"{len(learned.refused)} not learned")
    lines += wrapped("", f"{', '.join(counts)}{where}; nothing was loaded.")
    print("\n".join(lines), file=sys.stderr)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="dryload policy learn",
        description="Write the least policy with which files that you trust are inert, without loading them.",
        epilog="exit: 0 all are inert with the policy, 1 some need what no policy should allow, 2 usage, "
        "3 no model file there",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH", help="a file or a folder that you trust")
    add("-o", "--output", metavar="FILE", help="write the policy to a new file (default: stdout)")
    add("--base", default="default", metavar="NAME|FILE", help="what it extends (default: default)")
    add(
        "--name",
        action="append",
        default=[],
        metavar="NAME",
        help='learn no name but "module:Name"; repeatable',
    )
    return parser


# What makes a file malicious is told in full by a scan; here a reader wants to know which files.
MAX_REASONS = 5
