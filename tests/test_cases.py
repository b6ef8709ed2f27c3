"""Every slug has a case: bytes that must have it, and their closest look-alike that must not.

A case is a folder of `tests/cases` named by the slug, with one module `case.py`:

- `NAME`: the name the bytes are scanned under; `fires()` and `near_miss()`: the bytes.
- `OFFSET`: where the finding starts in its part, and `MEMBER`: which part that is.
- `NEAR_MISS_IS_INERT`: whether nothing at all is wrong with the look-alike.
- `LIMITS`: limits for both scans.
- `variants()`: further inputs that must have the slug, by what is special about them, each with its name.
- `repositories()`: two folders to check instead, as files by name.
- `paths(folder)` or `sources()`: two files to scan instead of the bytes, when bytes alone cannot show it.

Nothing here is ever loaded: the bytes are made, scanned and dropped.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from dryload import Report, Verdict, check_repository, scan, scan_many
from dryload.findings import Finding
from dryload.rules.catalogue import catalogue

CASES = Path(__file__).parent / "cases"
SLUGS = sorted(path.parent.name for path in CASES.glob("*/case.py"))


def load(slug: str) -> ModuleType:
    """Imports the module of a case."""
    spec = importlib.util.spec_from_file_location(f"case_{slug.replace('-', '_')}", CASES / slug / "case.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def scans(case: ModuleType, folder: Path) -> tuple[Report, Report]:
    """Scans what fires and its near miss."""
    limits = getattr(case, "LIMITS", None)
    if hasattr(case, "repositories"):
        reports = [
            check_repository(unpacked(files, folder / str(i))) for i, files in enumerate(case.repositories())
        ]
        return reports[0], reports[1]
    if hasattr(case, "paths"):
        first, second = (list(scan_many(path)) for path in case.paths(folder))
        assert len(first) == len(second) == 1
        return first[0], second[0]
    if hasattr(case, "sources"):
        fires, near_miss = case.sources()
    else:
        fires, near_miss = case.fires(), case.near_miss()
    return scan(fires, name=case.NAME, limits=limits), scan(near_miss, name=case.NAME, limits=limits)


def unpacked(files: Mapping[str, bytes], folder: Path) -> Path:
    """Makes a folder of files."""
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def having(report: Report, slug: str) -> list[Finding]:
    """Picks the findings of a slug."""
    return [finding for finding in report.findings if finding.rule == slug]


def told(report: Report) -> str:
    """Gives the report as one line an assertion can show."""
    return f"{report.verdict}: {[(f.rule, f.member, f.span.start) for f in report.findings]}"


def variants() -> Iterator[object]:
    """Lists the further inputs of all cases."""
    for slug in SLUGS:
        case = load(slug)
        if hasattr(case, "variants"):
            for claim, (name, data) in case.variants().items():
                yield pytest.param(slug, name, data, id=f"{slug}: {claim}")


@pytest.mark.parametrize("slug", SLUGS)
def test_the_case_has_its_finding_at_its_offset(slug: str, tmp_path: Path) -> None:
    case = load(slug)
    report, _ = scans(case, tmp_path)
    findings = having(report, slug)
    assert findings, told(report)
    if hasattr(case, "OFFSET"):
        assert case.OFFSET in [finding.span.start for finding in findings], told(report)
    if hasattr(case, "MEMBER"):
        assert case.MEMBER in [finding.member for finding in findings], told(report)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_case_has_at_least_the_verdict_of_its_slug(slug: str, tmp_path: Path) -> None:
    report, _ = scans(load(slug), tmp_path)
    assert report.verdict.rank <= catalogue()[slug].verdict.rank, told(report)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_near_miss_does_not_have_the_slug(slug: str, tmp_path: Path) -> None:
    case = load(slug)
    _, report = scans(case, tmp_path)
    assert not having(report, slug), told(report)
    assert report.verdict is Verdict.INERT or not case.NEAR_MISS_IS_INERT, told(report)


@pytest.mark.parametrize(("slug", "name", "data"), list(variants()))
def test_a_variant_has_the_slug_and_its_verdict(slug: str, name: str, data: bytes) -> None:
    report = scan(data, name=name, limits=getattr(load(slug), "LIMITS", None))
    assert having(report, slug), told(report)
    assert report.verdict.rank <= catalogue()[slug].verdict.rank, told(report)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_case_says_what_it_claims(slug: str) -> None:
    case = load(slug)
    assert case.__doc__
    assert case.NAME
    assert "near miss" in case.__doc__.lower().replace("\n", " ")
