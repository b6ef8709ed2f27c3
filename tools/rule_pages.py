"""Writes the examples of `docs/rules.md` from `tests/cases`, and copies the pages into the package.

Each page ends with what `dryload` says of the case of its slug, and the place as it shows it: instructions,
bytes or tensors. With `--check` nothing is written, and the exit code is 1 where something would be.
A test runs it so. The cases are made, scanned and dropped; nothing is ever loaded.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import tempfile
from pathlib import Path
from types import ModuleType

from dryload import Policy, Report, check_repository, scan, scan_many
from dryload.cli.disasm import listing
from dryload.findings import Finding
from dryload.outputs.base import Style
from dryload.outputs.frame import MESSAGE_CAP
from dryload.outputs.picture import gutter_of, listed, picture
from dryload.outputs.safe_text import safe_text
from dryload.rules.catalogue import catalogue
from dryload.scanner import trace

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs" / "rules.md"
SHIPPED = ROOT / "python" / "dryload" / "data" / "rules.md"


def main(words: list[str]) -> int:
    """Writes the pages, or compares them."""
    text = with_examples(DOCS.read_text(encoding="utf-8"))
    stale = [path for path in (DOCS, SHIPPED) if path.read_text(encoding="utf-8") != text]
    for path in stale:
        print(f"{path.relative_to(ROOT)}: {'is' if '--check' in words else 'was'} out of date")
        if "--check" not in words:
            path.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in words else 0


def with_examples(text: str) -> str:
    """Gives the text of all pages with the examples of today."""
    pages = re.split(r"(?m)^(?=## )", text)
    return "".join(_page(page) for page in pages)


def example(slug: str) -> str:
    """Gives the example of one slug: a line, and mostly a block."""
    case = _case(slug)
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        # Relative paths, so that no name of a folder gets into the pages.
        os.chdir(folder)
        try:
            report, policy = _report(case, Path())
            finding = _of(report, slug, case)
            block = _block(report, finding, policy)
        finally:
            os.chdir(here)
    message = safe_text(finding.message, MESSAGE_CAP).replace("`", "'")
    name = safe_text(finding.member) if hasattr(case, "repositories") and finding.member else case.NAME
    size = f", {report.size:,} byte{'' if report.size == 1 else 's'}," if report.size else ""
    line = f"- Example: `{name}`{size} is {report.verdict}: `{message}`, at {finding.span.start:#x}."
    return f"{line}\n\n```text\n{block}\n```" if block else line


def _page(page: str) -> str:
    slug = page.removeprefix("## ").partition("\n")[0]
    if not page.startswith("## ") or slug not in catalogue():
        return page
    own, chapter, rest = page.partition("\n# ")
    points = own.partition("\n- Example: ")[0].rstrip()
    return f"{points}\n{example(slug)}\n" + ("\n" + chapter.lstrip("\n") + rest if chapter else "\n")


def _case(slug: str) -> ModuleType:
    path = ROOT / "tests" / "cases" / slug / "case.py"
    spec = importlib.util.spec_from_file_location(f"case_{slug.replace('-', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _report(case: ModuleType, folder: Path) -> tuple[Report, Policy]:
    policy = Policy.default().with_limits(**getattr(case, "LIMITS", {}))
    if hasattr(case, "repositories"):
        for name, data in case.repositories()[0].items():
            (folder / name).write_bytes(data)
        return check_repository(folder), policy
    if hasattr(case, "paths"):
        (report,) = scan_many(case.paths(folder)[0], policy=policy)
        return report, policy
    if hasattr(case, "sources"):
        return scan(case.sources()[0], name=case.NAME, policy=policy), policy
    (folder / case.NAME).write_bytes(case.fires())
    return scan(folder / case.NAME, policy=policy), policy


def _of(report: Report, slug: str, case: ModuleType) -> Finding:
    found = [finding for finding in report.findings if finding.rule == slug]
    at = getattr(case, "OFFSET", None)
    return min(found, key=lambda finding: finding.span.start != at)


def _block(report: Report, finding: Finding, policy: Policy) -> str:
    drawn = picture(report, finding, Style(policy=policy))
    if not drawn.rows or finding.part is None:
        return "\n".join(listed(drawn.lines, max(4, gutter_of(drawn.lines))))
    rows = [row for row in trace(report.path, policy=policy) if row.part == finding.part]
    place = next((i for i, row in enumerate(rows) if row.offset >= finding.span.start), len(rows) - 1)
    kept = range(max(0, place - BEFORE), place + AFTER + 1) if len(rows) > BEFORE + AFTER else None
    return "\n".join(listing(rows, report.parts[finding.part], kept=kept))


# Instructions of an example, around that of the finding.
BEFORE, AFTER = 9, 2

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # the cases import tests.build
    sys.exit(main(sys.argv[1:]))
