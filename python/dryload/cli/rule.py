"""`dryload rule`: lists all slugs, or prints the page of one, from the text that `docs/rules.md` also is."""

from __future__ import annotations

import os
import sys

from dryload.outputs.base import Style, wants_colour
from dryload.outputs.columns import wrapped
from dryload.outputs.frame import paint
from dryload.policy_layer import check_keys
from dryload.rules.catalogue import catalogue
from dryload.rules.pages import page

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from dryload.rules.catalogue import Entry


def run(words: list[str]) -> int:
    """Prints the list or the pages."""
    options = _parser().parse_args(words)
    slug: str | None = options.slug
    style = Style(colour=wants_colour(sys.stdout, os.environ))
    if slug is not None:
        check_keys([slug], catalogue(), where="dryload rule", what="rule")
        lines = _page(catalogue()[slug], style)
    elif options.all:
        pages = (["", *_page(entry, style)] for entry in catalogue().values())
        lines = (line for index, lines in enumerate(pages) for line in lines[index == 0 :])
    else:
        lines = (line for entry in catalogue().values() for line in _listed(entry, style))
    for line in lines:
        print(line)
    return 0


def _listed(entry: Entry, style: Style) -> Iterator[str]:
    verdict = entry.verdict.value
    first, *rest = wrapped(f"{verdict:<13} {entry.slug:<32} ", entry.summary, 14)
    yield paint(verdict, entry.verdict, style) + first[len(verdict) :]
    yield from rest


def _page(entry: Entry, style: Style) -> Iterator[str]:
    first, *rest = wrapped(f"{entry.slug}: ", entry.summary, 4)
    yield paint(entry.slug, entry.verdict, style) + first[len(entry.slug) :]
    yield from rest
    yield ""
    block = False
    for line in page(entry.slug).splitlines():
        if line.startswith("```"):
            block = not block
        elif block or not line:
            yield line  # what dryload printed fits as it is
        else:
            yield from wrapped("- ", line.removeprefix("- "))


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(prog="dryload rule", description="Explain a rule, or list all of them.")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("slug", nargs="?", metavar="SLUG")
    chosen.add_argument("--all", action="store_true", help="print the pages of all rules")
    return parser
