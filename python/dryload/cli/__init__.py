"""The commands by name: the module of each, whose `run` takes the arguments and gives the exit code."""

from __future__ import annotations

COMMANDS = {
    "scan": "dryload.cli.scan",
    "disasm": "dryload.cli.disasm",
    "diff": "dryload.cli.diff",
    "validate": "dryload.cli.validate",
    "inspect": "dryload.cli.inspect",
    "repository": "dryload.cli.repository",
    "fuzz": "dryload.cli.fuzz",
    "generate": "dryload.cli.generate",
    "guard": "dryload.cli.guard",
    "report": "dryload.cli.report",
    "rule": "dryload.cli.rule",
    "policy": "dryload.cli.policy",
    "completions": "dryload.cli.completions",
}
