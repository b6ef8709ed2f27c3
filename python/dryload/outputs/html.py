"""The HTML report: one page that holds its style, its script and its data, and asks nobody for anything.

A file's strings reach it as JSON in a block that is no script, with `<` escaped, and the script shows them as
text alone. The policy in its head permits the one script and the one style by their hashes and forbids all
else, so that a fault in the page could still load nothing. Rows are written as they come and not kept.
"""

from __future__ import annotations

import json
import os

from dryload._version import __version__
from dryload.findings import Verdict
from dryload.outputs.html_detail import Room, detail
from dryload.outputs.json_v1 import visible
from dryload.rules.pages import page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from dryload.outputs.base import RunEnd, Style
    from dryload.report import Report


class HtmlOutput:
    """Writes the page: its head and the rows as they come, then the sums and the script."""

    def __init__(self, stream: TextIO, style: Style) -> None:
        self._stream = stream
        self._policy = style.policy
        self._room = Room()
        self._rules: set[str] = set()
        self._separator = "\n"
        self._suppressed = 0
        css, self._script = _data("report.css"), _data("report.js")
        head, _, self._rest = _data("report.html").partition("{{files}}")
        stream.write(_filled(head, csp=csp(self._script, css), style=css))

    def add(self, report: Report) -> None:
        """Writes one row, with what a reader may want to see behind it; ignored files only count."""
        if report.ignored:
            return
        row = [report.path, report.verdict.rank, report.format, report.size, len(report.findings)]
        behind = detail(report, self._policy, self._room)
        self._stream.write(self._separator + dumped([*row, behind] if behind else row))
        self._separator = ",\n"
        self._rules.update(finding.rule for finding in report.findings)
        self._suppressed += sum(finding.suppressed for finding in report.findings)

    def close(self, end: RunEnd) -> None:
        """Writes the rest of the page."""
        about = {
            "version": __version__,
            "policy": None if self._policy is None else self._policy.name,
            "summary": end.summary.to_dict(elapsed_ms=end.elapsed_ms, exit_code=end.exit_code),
            "suppressed": self._suppressed,
            "verdicts": [verdict.value for verdict in Verdict],
            "rules": _pages(self._rules),
        }
        self._stream.write(_filled(self._rest, about=dumped(about), script=self._script))


def csp(script: str, style: str) -> str:
    """Gives the content security policy under which exactly this script and this style work."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def dumped(value: object) -> str:
    """Writes JSON that is safe inside a script element: ASCII, no `<`, every string made visible, uncut.

    A number that a browser could not hold exactly becomes a string.
    """
    return json.dumps(visible(value, largest=EXACT), ensure_ascii=True, separators=(",", ":")).replace(
        "<", "\\u003c"
    )


def _pages(slugs: set[str]) -> dict[str, str]:
    """Gives the page of each rule that was met, as `docs/rules.md` has it."""
    return {slug: page(slug) for slug in sorted(slugs)}


def _filled(template: str, **texts: str) -> str:
    """Puts texts in their places; what stands in a text is no place."""
    pieces = template.split("{{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        filled += [texts[name], rest]
    return "".join(filled)


def _hash(text: str) -> str:
    from base64 import b64encode
    from hashlib import sha256

    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _data(name: str) -> str:
    folder = os.path.join(os.path.dirname(os.path.dirname(__file__)), "data")
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return file.read()


# The largest whole number up to which JavaScript holds each.
EXACT = 2**53 - 1
