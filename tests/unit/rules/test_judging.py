"""What each rule makes of the facts that it observes, without a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dryload.errors import DryloadError
from dryload.findings import Span, Verdict
from dryload.rules import RULES, Rule
from dryload.rules.judging import judge

if TYPE_CHECKING:
    from dryload._core import Observation


def fact(code: str, start: int = 0, *, part: int = 0, side: str = "unknown", **fields: object) -> Observation:
    """Makes an observation with every key that some rule reads."""
    made = {
        "code": code,
        "part": part,
        "member": "data.pkl",
        "start": start,
        "end": start + 1,
        "file_start": start + 64,
        "expected": "",
        "found": "",
        "name": "a.b",
        "module": "a",
        "qualname": "b",
        "raw": "",
        "class": side,
        "reason": "",
        "opcode": "REDUCE",
        "call": "a.b()",
        "import_start": None,
        "place": "",
        "spec": "value",
    }
    return made | fields  # type: ignore[return-value]


def rules_of(*facts: Observation) -> list[str]:
    return [finding.rule for finding in judge(facts)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_rule_fires_with_its_own_verdict_at_the_place_of_its_fact(rule: Rule) -> None:
    side = "deny" if rule.id.startswith("pickle-dangerous") else "unknown"
    (finding,) = judge([fact(rule.observes[0], 8, side=side)])
    assert (finding.rule, finding.verdict) == (rule.id, rule.verdict)
    assert (finding.span, finding.file_span) == (Span(start=8, end=9), Span(start=72, end=73))
    assert finding.member == "data.pkl"


def test_an_import_that_a_call_tells_of_is_not_told_twice() -> None:
    imported, called = fact("import", side="deny"), fact("call", 4, side="deny")
    assert rules_of(imported, called) == ["pickle-dangerous-call"]
    assert rules_of(imported) == ["pickle-dangerous-import"]


def test_a_call_in_one_part_does_not_hide_the_import_in_another() -> None:
    imported, called = fact("import", part=1, side="deny"), fact("call", 4, side="deny")
    assert sorted(rules_of(imported, called)) == ["pickle-dangerous-call", "pickle-dangerous-import"]


def test_each_dangerous_call_is_one_finding() -> None:
    called = [fact("call", start, side="deny") for start in range(3)]
    assert rules_of(*called) == ["pickle-dangerous-call"] * 3


def test_all_uses_of_an_unknown_name_are_one_finding() -> None:
    facts = [fact("import"), fact("call", 3), fact("call", 5), fact("import", 1, part=1)]
    (finding,) = judge(facts)
    assert finding.evidence == {"name": "a.b", "calls": 2, "call": "a.b()", "called_at": 3}
    assert '"a:b" = true' in finding.help


def test_a_built_in_policy_that_lists_the_name_is_offered_before_a_line_of_your_own() -> None:
    (listed,) = judge([fact("import", module="torch.nn.modules.linear", qualname="Linear")])
    assert "policy allows it: torch-nn;" in listed.help
    assert "[allow]" not in listed.help
    (several,) = judge([fact("import", module="torch._utils", qualname="_rebuild_tensor_v2")])
    assert "policies allow it: torch or weights-only;" in several.help
    (other,) = judge([fact("import", module="torch.nn.modules.linear", qualname="Linear.forward")])
    assert '"torch.nn.modules.linear:Linear.forward" = true' in other.help


def test_no_policy_line_is_offered_for_what_is_no_python_name() -> None:
    (finding,) = judge([fact("import", name='a"].b\n', module='a"]', qualname="b\n")])
    assert "[allow]" not in finding.help


def test_a_python_2_spelling_is_shown() -> None:
    (finding,) = judge([fact("import", name="subprocess.getoutput", raw="commands.getoutput", side="deny")])
    assert "commands.getoutput" in finding.message


def test_a_defect_keeps_the_verdict_of_the_core_and_tells_expected_and_found() -> None:
    (finding,) = judge([fact("pickle-trailing-data", expected="the end", found="3 bytes")])
    assert finding.verdict is Verdict.INVALID
    assert finding.message.endswith("expected the end, found 3 bytes")
    assert finding.evidence == {"expected": "the end", "found": "3 bytes"}


def test_findings_come_worst_first_then_in_file_order() -> None:
    facts = [fact("pickle-truncated", 9), fact("buffer", 8), fact("extension", 7), fact("extension", 3)]
    assert [(finding.rule, finding.span.start) for finding in judge(facts)] == [
        ("pickle-extension-code", 3),
        ("pickle-extension-code", 7),
        ("pickle-external-buffer", 8),
        ("pickle-truncated", 9),
    ]


def test_an_observation_that_nobody_knows_is_never_passed_over() -> None:
    with pytest.raises(DryloadError, match="imaginary"):
        judge([fact("imaginary")])
