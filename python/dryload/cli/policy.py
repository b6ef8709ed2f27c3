"""`dryload policy`: shows a policy, checks a policy file, or learns one from trusted files."""

from __future__ import annotations

import sys

from dryload.policy_layer import check_keys


def run(words: list[str]) -> int:
    """Hands over to the command that the first word names."""
    from importlib import import_module

    if not words or words[0] in ("-h", "--help"):
        print(HELP, file=sys.stdout if words else sys.stderr)
        return 0 if words else 2
    check_keys([words[0]], COMMANDS, where="dryload policy", what="command")
    code: int = import_module(COMMANDS[words[0]]).run(words[1:])
    return code


COMMANDS = {
    "show": "dryload.cli.policy_show",
    "check": "dryload.cli.policy_check",
    "learn": "dryload.cli.policy_learn",
}
HELP = """\
usage: dryload policy show [NAME|FILE]    say what a policy permits
       dryload policy check FILE...       find what is wrong with a policy file
       dryload policy learn PATH...       write the policy that trusted files need

`dryload policy COMMAND --help` lists the options of a command."""
