"""Verdicts are ordered by how bad they are; fingerprints do not move with offsets."""

from __future__ import annotations

import pickle

import pytest

from dryload._frozen import replace
from dryload.findings import Finding, Severity, Span, Verdict, brief, worst


@pytest.fixture
def finding() -> Finding:
    return Finding(
        rule="zip-duplicate-member",
        severity=Severity.ERROR,
        verdict=Verdict.INVALID,
        message="two members",
        member="a/data.pkl",
        span=Span(start=8, end=9),
        file_span=Span(start=72, end=73),
        part=0,
        evidence={"found": "second at 0x40", "imported_at": 3},
    )


def test_verdicts_are_ordered_worst_first() -> None:
    assert [verdict.value for verdict in sorted(Verdict)] == [
        "malicious",
        "invalid",
        "unknown",
        "inconclusive",
        "inert",
    ]
    assert Verdict.INVALID < Verdict.INCONCLUSIVE < Verdict.INERT
    assert Verdict.INERT >= Verdict.MALICIOUS


def test_the_worst_of_nothing_is_inert() -> None:
    assert worst([]) is Verdict.INERT
    assert worst([Verdict.INERT, Verdict.UNKNOWN, Verdict.INCONCLUSIVE]) is Verdict.UNKNOWN


def test_the_fingerprint_ignores_offsets(finding: Finding) -> None:
    moved = replace(
        finding,
        span=Span(start=9, end=10),
        file_span=None,
        evidence={"found": "second at 0x99", "imported_at": 4},
    )
    assert moved.fingerprint == finding.fingerprint
    assert finding.fingerprint.startswith("dl1:")


@pytest.mark.parametrize(
    "change", [{"rule": "zip-member-gap"}, {"member": "b"}, {"evidence": {"found": "third at 0x40"}}]
)
def test_the_fingerprint_follows_rule_member_and_evidence(
    finding: Finding, change: dict[str, object]
) -> None:
    assert replace(finding, **change).fingerprint != finding.fingerprint


def test_findings_are_hashable_and_survive_pickling(finding: Finding) -> None:
    assert pickle.loads(pickle.dumps(finding)) == finding
    assert len({finding, pickle.loads(pickle.dumps(finding))}) == 1


def test_text_from_a_file_is_cut() -> None:
    assert len(brief("a" * 10_000)) < 200
    assert brief("short") == "short"
