"""A policy is a value; what it does not understand is refused by name."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from dryload.errors import PolicyError
from dryload.findings import Finding, Severity, Span, Verdict
from dryload.policy import Policy
from dryload.scanner import scan


def load(folder: Path, text: str) -> Policy:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return Policy.load(path)


def test_allowing_a_name_gives_a_new_policy_and_leaves_the_old(unlisted: bytes) -> None:
    default = Policy.default()
    mine = default.allow("mycorp.features:Scaler")
    assert scan(unlisted, policy=mine).ok
    assert scan(unlisted, policy=default).verdict is Verdict.UNKNOWN
    assert default.digest != mine.digest


def test_the_dotted_spelling_means_the_same() -> None:
    default = Policy.default()
    assert default.allow("mycorp.features.Scaler") == default.allow("mycorp.features:Scaler")


def test_an_exact_allow_of_the_user_outranks_a_denied_module(evil: bytes) -> None:
    mine = Policy.default().allow("posix:system").allow("nt:system")
    assert scan(evil, policy=mine).ok


def test_a_later_deny_takes_the_allow_back(unlisted: bytes) -> None:
    mine = Policy.default().allow("mycorp.features:Scaler")
    assert (
        scan(unlisted, policy=mine.deny("mycorp.features:Scaler", reason="old")).verdict is Verdict.MALICIOUS
    )
    assert scan(unlisted, policy=mine.deny("mycorp.*", reason="old")).verdict is Verdict.MALICIOUS


@pytest.mark.parametrize("name", ["Scaler", "", ":", "a:", ":b", "a:b:c", "mycorp.*", "mycorp:Sca*"])
def test_an_allowed_name_must_be_exact(name: str) -> None:
    with pytest.raises(PolicyError):
        Policy.default().allow(name)


def test_policies_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Policy.default().name = "mine"


def test_policies_survive_pickling() -> None:
    mine = Policy.strict().allow("a:b").with_limits(max_depth=3)
    assert pickle.loads(pickle.dumps(mine)) == mine


def test_the_native_names_are_compiled_once() -> None:
    policy = Policy.default()
    assert policy.names is policy.names
    assert Policy.default() is policy


def test_the_built_in_policies_go_from_narrow_to_wide() -> None:
    assert len(Policy.strict().names) < len(Policy.weights_only().names) < len(Policy.default().names)
    with pytest.raises(PolicyError, match="default"):
        Policy.builtin("lenient")


def test_a_file_extends_a_built_in_policy(tmp_path: Path, unlisted: bytes) -> None:
    mine = load(tmp_path, 'extends = "default"\n[allow]\n"mycorp.features:Scaler" = "type call()"\n')
    assert scan(unlisted, policy=mine).ok


def test_a_file_extends_another_beside_it(tmp_path: Path, unlisted: bytes) -> None:
    (tmp_path / "base.toml").write_text('extends = []\n[allow]\n"mycorp.features:Scaler" = true\n')
    assert scan(unlisted, policy=load(tmp_path, 'extends = ["default", "base.toml"]\n')).ok


def test_files_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('extends = "mine.toml"\n')
    with pytest.raises(PolicyError, match="leads back"):
        load(tmp_path, 'extends = "base.toml"\n')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "extends"),
        ('extends = "defualt"', "defualt"),
        ("extends = 3", "extends"),
        ('extend = "default"', "did you mean 'extends'"),
        ('extends = "default"\n[allow]\nnumpy.ndarray = true', "quote"),
        ('extends = "default"\n[allow]\n"a:b" = false', "spec"),
        ('extends = "default"\n[allow]\n"a:b" = "cal(any)"', "'a:b'"),
        ('extends = "default"\n[deny]\n"a:b" = ""', "say why"),
        ('extends = "default"\n[limits]\nmax_dept = 3', "did you mean 'max_depth'"),
        ('extends = "default"\n[limits]\nmax_depth = true', "positive integer"),
        ('extends = "default"\n[limits]\nmax_depth = 0', "positive integer"),
        ('extends = "default"\n[rules]\npickle-truncate = "off"', "did you mean 'pickle-truncated'"),
        ('extends = "default"\n[rules]\npickle-truncated = "of"', "did you mean 'off'"),
        ('extends = "default"\n[rules]\npickle-dangerous-call = "off"', "cannot be switched off"),
        ('extends = "default"\n[fail]\non = ["malicous"]', "did you mean 'malicious'"),
        ('extends = "default"\n[fail]\non = ["inert"]', "inert"),
        ('extends = "default"\nallow = 3', "[allow]"),
        ("extends =", "mine.toml"),
    ],
)
def test_what_is_not_understood_is_refused_with_file_and_key(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load(tmp_path, text)
    assert "mine.toml" in str(caught.value)
    assert told in str(caught.value)


def test_levels_change_the_severity_or_suppress_and_nothing_else(tmp_path: Path) -> None:
    finding = Finding(
        rule="pickle-unknown-name",
        severity=Severity.WARNING,
        verdict=Verdict.UNKNOWN,
        message="",
        member=None,
        span=Span(start=0, end=1),
        file_span=None,
        part=0,
        evidence={},
    )
    for level in Severity:
        policy = load(tmp_path, f'extends = "default"\n[rules]\npickle-unknown-name = "{level}"')
        (weighed,) = policy.weighed([finding])
        assert (weighed.severity, weighed.verdict, weighed.suppressed) == (level, Verdict.UNKNOWN, False)
    (weighed,) = load(tmp_path, 'extends = "default"\n[rules]\npickle-unknown-name = "off"').weighed(
        [finding]
    )
    assert (weighed.severity, weighed.suppressed) == (Severity.WARNING, True)
    assert Policy.default().weighed([finding]) == (finding,)


def test_a_silenced_finding_stays_in_the_report_and_does_not_count(tmp_path: Path, unlisted: bytes) -> None:
    policy = load(tmp_path, 'extends = "default"\n[rules]\npickle-unknown-name = "off"')
    report = scan(unlisted, policy=policy)
    assert report.verdict is Verdict.INERT
    assert [(finding.rule, finding.suppressed) for finding in report.findings] == [
        ("pickle-unknown-name", True)
    ]


def test_silencing_what_cut_a_scan_short_does_not_make_it_inert(tmp_path: Path, plain: bytes) -> None:
    policy = load(tmp_path, 'extends = "default"\n[rules]\npickle-truncated = "off"')
    assert scan(plain[:-3], policy=policy).verdict is Verdict.INCONCLUSIVE
