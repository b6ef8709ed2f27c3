"""Hiding makes no claim that the scan did not: whatever is listed, an inert file was judged to its end."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from dryload.cli import hiding
from dryload.cli.hiding import Entry, Hiding
from dryload.findings import Finding, Severity, Span, Verdict
from dryload.report import Report, Snapshot

HASHES = ("a" * 64, "b" * 64)
PLACE = (1, 2, 3, 4, 5)


def finding(index: int, verdict: Verdict, suppressed: bool) -> Finding:
    return Finding(
        rule="pickle-unknown-name",
        severity=Severity.WARNING,
        verdict=verdict,
        message="",
        member=None,
        span=Span(start=index, end=index),
        file_span=None,
        part=None,
        # Two findings of one file may have one fingerprint and different verdicts.
        evidence={"name": str(index % 4)},
        suppressed=suppressed,
        suppressed_by="policy" if suppressed else "",
    )


def part(dropped: int) -> dict[str, object]:
    return {"dropped": dropped}


@st.composite
def reports(draw: st.DrawFn) -> Report:
    rows = draw(st.lists(st.tuples(st.sampled_from(list(Verdict)), st.booleans()), max_size=8))
    findings = tuple(finding(index, *row) for index, row in enumerate(rows))
    dropped = draw(st.lists(st.sampled_from((0, 0, 0, 7)), max_size=3))
    seen = Snapshot(complete=draw(st.booleans()), part_rows=tuple(map(part, dropped)))  # type: ignore[arg-type]
    before = Report("x", Verdict.INERT, (), seen=seen, policy="default", on_disk=True, place=PLACE)
    return before.with_findings(findings)


entries = st.lists(
    st.builds(
        Entry,
        fingerprint=st.sampled_from([finding(index, Verdict.INERT, False).fingerprint for index in range(4)]),
        sha256=st.sampled_from(HASHES),
        by=st.sampled_from(("configuration", "baseline")),
        malicious=st.booleans(),
    ),
    max_size=6,
)


@given(report=reports(), listed=entries, found=st.sampled_from((*HASHES, None)))
def test_what_is_hidden_is_listed_and_the_rest_stands(
    report: Report, listed: list[Entry], found: str | None
) -> None:
    with patch.object(hiding, "content_hash", lambda _report: found):
        after = Hiding(listed, tell=lambda _line: None)(report)
    assert len(after.findings) == len(report.findings)
    for old, new in zip(report.findings, after.findings, strict=True):
        assert (old.fingerprint, old.verdict, old.message) == (new.fingerprint, new.verdict, new.message)
        if new.suppressed and not old.suppressed:
            holding = [
                entry for entry in listed if (entry.fingerprint, entry.sha256) == (new.fingerprint, found)
            ]
            assert holding
            assert new.verdict is not Verdict.INCONCLUSIVE
            assert new.verdict is not Verdict.MALICIOUS or any(entry.malicious for entry in holding)
            assert new.suppressed_by in {entry.by for entry in holding}
        else:
            assert new == old
    counting = [each.verdict for each in after.findings if not each.suppressed]
    judged = report.coverage.complete and not any(row["dropped"] for row in report.snapshot().part_rows)
    assert after.verdict is min([*counting, Verdict.INERT if judged else Verdict.INCONCLUSIVE])
    # Worst first: hiding takes findings away and adds none.
    assert after.verdict.rank >= report.verdict.rank
