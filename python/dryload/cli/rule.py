"""`dryload rule`: lists all slugs, or prints the page of one, from the text that `docs/rules.md` also is."""

from __future__ import annotations

from dryload.outputs.frame import wrapped
from dryload.policy_layer import check_keys
from dryload.rules.catalogue import catalogue
from dryload.rules.pages import page

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(words: list[str]) -> int:
    """Prints the list or the page."""
    slug: str | None = _parser().parse_args(words).slug
    if slug is None:
        for entry in catalogue().values():
            print(f"{entry.verdict.value:<13} {entry.slug:<32} {entry.summary}")
        return 0
    check_keys([slug], catalogue(), where="dryload rule", what="rule")
    entry = catalogue()[slug]
    print(f"{entry.slug}: {entry.summary}\n")
    for line in page(slug).splitlines():
        print("\n".join(wrapped("- ", line.removeprefix("- "))))
    return 0


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(prog="dryload rule", description="Explain a rule, or list all of them.")
    parser.add_argument("slug", nargs="?", metavar="SLUG")
    return parser
