"""`dryload guard -- SCRIPT ARG...`: runs a script in which nothing loads what is not inert.

The script's own exit code is given; 1 when a load was stopped and the script did not catch that.
"""

from __future__ import annotations

import os
import sys

from dryload.cli.config import load_config, policy_in_force
from dryload.errors import UnsafeModelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(words: list[str]) -> int:
    """Runs the script and gives the exit code."""
    parser = _parser()
    options = parser.parse_args(words)
    named = options.script[1:] if options.script[:1] == ["--"] else options.script
    if not named:
        parser.error("name a script to run: dryload guard -- script.py")
    script, *arguments = named
    if not os.path.isfile(script):
        print(f"dryload: no such script: {script!r}", file=sys.stderr)
        return 2
    config, told = load_config(options.config, scanned=(), isolated=options.isolated)
    if told:
        print(told, file=sys.stderr)
    policy = policy_in_force(config, named=options.policy, allow=options.allow or [])
    from dryload.guards import run_guarded, unguardable

    try:
        run_guarded(script, arguments, policy, mode=options.mode, memory=options.memory)
    except UnsafeModelError as error:
        print(f"dryload: stopped: {error}", file=sys.stderr)
        return 1
    finally:
        for name in unguardable():
            print(
                f"dryload: {name} unpickles without asking: the guard does not see its loads", file=sys.stderr
            )
    return 0


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="dryload guard",
        description="Run a script in which no pickle gets a name that dryload has not allowed.",
        epilog="exit: that of the script; 1 when a load was stopped; 2 usage",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--policy", metavar="NAME|FILE", help="default, weights-only, strict, or a policy file")
    add("--allow", action="append", metavar="NAME", help='allow "module:Name" as well; repeatable')
    add("--mode", choices=["raise", "warn"], default="raise", help="warn: let it happen, and tell")
    add(
        "--memory",
        choices=["names", "deny"],
        default="names",
        help="what bytes in memory may name: what the policy lists (names), or nothing (deny)",
    )
    add("--config", metavar="FILE", help="use this configuration file")
    add("--isolated", action="store_true", help="use no configuration file")
    add("script", nargs=argparse.REMAINDER, metavar="-- SCRIPT ARG...", help="the script and its arguments")
    return parser
