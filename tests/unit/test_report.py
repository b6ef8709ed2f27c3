"""A report is a value that is neither true nor false; a summary counts."""

from __future__ import annotations

import pickle

import pytest

from dryload.errors import UnsafeModelError
from dryload.findings import Verdict
from dryload.policy import DEFAULT_FAIL_ON
from dryload.report import Report, Snapshot, Summary
from dryload.scanner import scan


def made(verdict: Verdict, *, ignored: bool = False) -> Report:
    seen = Snapshot(size=10, bytes_read=4)
    return Report("x", verdict, (), seen=seen, policy="default", ignored=ignored)


def test_a_report_has_no_truth_value(plain: bytes) -> None:
    with pytest.raises(TypeError, match=r"\.ok"):
        bool(scan(plain))


@pytest.mark.parametrize("verdict", list(Verdict))
def test_only_inert_is_ok(verdict: Verdict) -> None:
    report = made(verdict)
    assert report.ok == (verdict is Verdict.INERT)
    if report.ok:
        report.raise_for_verdict()
    else:
        with pytest.raises(UnsafeModelError) as caught:
            report.raise_for_verdict()
        assert caught.value.report is report


def test_a_report_cannot_be_changed(plain: bytes) -> None:
    report = scan(plain)
    with pytest.raises(AttributeError):
        report.verdict = Verdict.INERT
    with pytest.raises(AttributeError):
        del report.verdict


def test_a_report_survives_pickling_with_all_it_says(evil: bytes) -> None:
    report = scan(evil, name="evil.pkl")
    again = pickle.loads(pickle.dumps(report))
    assert again.to_dict() == report.to_dict()
    assert again.parts == report.parts
    assert again.coverage == report.coverage


def test_the_file_object_has_the_fields_of_the_schema(evil: bytes) -> None:
    document = scan(evil, name="evil.pkl").to_dict()
    assert list(document) == [
        "path",
        "size",
        "format",
        "verdict",
        "bytes_read",
        "coverage",
        "parts",
        "findings",
    ]
    assert document["verdict"] == "malicious"
    (finding,) = scan(evil).findings
    assert finding.rule == "pickle-dangerous-call"
    assert evil[finding.span.start : finding.span.start + 1] == b"R"


def test_parts_name_imports_and_calls(evil: bytes) -> None:
    (part,) = scan(evil).parts
    assert [(each.qualname, each.standing) for each in part.imports] == [("system", "deny")]
    assert [each.standing for each in part.calls] == ["deny"]


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], 3),
        ([Verdict.INERT], 0),
        ([Verdict.INERT, Verdict.INCONCLUSIVE], 3),
        ([Verdict.INCONCLUSIVE, Verdict.UNKNOWN], 1),
        ([Verdict.MALICIOUS], 1),
        ([Verdict.INVALID], 1),
    ],
)
def test_the_exit_code_follows_the_worst_and_findings_outrank_inconclusive(
    verdicts: list[Verdict], code: int
) -> None:
    assert Summary(made(verdict) for verdict in verdicts).exit_code(DEFAULT_FAIL_ON) == code


def test_a_verdict_outside_fail_on_is_accepted() -> None:
    summary = Summary([made(Verdict.UNKNOWN)])
    assert summary.exit_code({Verdict.MALICIOUS}) == 0
    assert Summary([made(Verdict.INCONCLUSIVE)]).exit_code({Verdict.INCONCLUSIVE}) == 1


def test_ignored_files_are_counted_apart_and_give_nothing_to_scan() -> None:
    summary = Summary([made(Verdict.INCONCLUSIVE, ignored=True)])
    assert (summary.files, summary.ignored, summary.bytes, summary.bytes_read) == (0, 1, 0, 4)
    assert summary.exit_code(DEFAULT_FAIL_ON) == 3
