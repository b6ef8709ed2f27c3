"""A thousand names that nobody knows do not hide the one that is known to be bad."""

from __future__ import annotations

from dryload import Verdict, scan

MANY = b"\x80\x02" + b"".join(b"cmod%d\nname\n0" % i for i in range(1500))


def test_a_call_after_a_thousand_unknown_names_is_told() -> None:
    report = scan(MANY + b"cposix\nsystem\n(Vtrue\ntR.")
    assert report.verdict is Verdict.MALICIOUS
    (finding,) = (f for f in report.findings if f.rule == "pickle-dangerous-call")
    assert "posix.system('true')" in finding.message


def test_a_defect_after_a_thousand_unknown_names_is_told() -> None:
    report = scan(MANY + b"N.trailing")
    assert report.verdict is Verdict.INVALID
    assert "pickle-trailing-data" in {finding.rule for finding in report.findings}
