"""A check tells all that loading would refuse, and lines that grant more than they may have been meant to."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dryload import Policy, PolicyError
from dryload.policy_check import check


def checked(folder: Path, text: str) -> list[tuple[int | None, str]]:
    """Gives line and kind of each remark."""
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return [(remark.line, remark.about) for remark in check(str(path))]


def test_all_errors_are_told_with_their_lines(tmp_path: Path) -> None:
    text = """\
extends = "defualt"
foo = 1

[allow]
"a:b" = "call(strr)"
"a.*" = true
"a:fine" = "call()"

[limits]
max_dept = 3
max_members = -1

[rules]
zip-odd-flagss = "off"
pickle-dangerous-call = "off"

[fail]
on = [
  "inert",
]
"""
    lines = [1, 2, 5, 6, 10, 11, 14, 15, 18]
    assert checked(tmp_path, text) == [(line, "error") for line in lines]
    messages = [remark.message for remark in check(str(tmp_path / "mine.toml"))]
    assert "did you mean `str`?" in messages[2]
    assert "did you mean 'max_depth'?" in messages[4]
    assert "did you mean 'zip-odd-flags'?" in messages[6]


@pytest.mark.parametrize(
    "text",
    ["", "extends = 3", 'extends = "gone.toml"', 'extends = "mine.toml"', "allow = 3\nextends = []"],
)
def test_what_is_wrong_with_the_whole_file_is_told_once(text: str, tmp_path: Path) -> None:
    assert [about for _, about in checked(tmp_path, text)] == ["error"]


WARNED = {
    '"mycorp:X" = true': ["everything"],
    '"mycorp:X" = "state(any)"': ["everything"],
    '"os:system" = "call(str)"': ["denied"],
    '"posix:system" = true': ["denied", "everything"],
    '"collections.OrderedDict" = "items type call(list?) state(dict)"': ["redundant"],
    '"collections:deque" = "type call(tuple|list?, int|none?) append"': ["widens"],
    '"copyreg:_reconstructor" = "call(type, type, none)"': ["widens"],
    '"collections:deque" = "call(list)"': [],
    '"mycorp:X" = "call(str)"': [],
    '"mycorp:not a name" = "value"': ["no-name"],
    '"mycorp:X" = "value"\n"mycorp.X" = "call()"': ["twice"],
    '"mycorp:X" = "value"\n[deny]\n"mycorp:X" = "no"': ["no-effect"],
    '"mycorp.sub:X" = "value"\n[deny]\n"mycorp:*" = "no"': ["no-effect"],
}


@pytest.mark.parametrize("lines", WARNED)
def test_a_line_that_grants_more_than_was_meant_is_told(lines: str, tmp_path: Path) -> None:
    remarks = checked(tmp_path, f'extends = "default"\n[allow]\n{lines}\n')
    assert [about for _, about in remarks] == WARNED[lines]
    assert all(line is not None for line, _ in remarks)


def test_a_file_upon_less_is_still_held_against_the_default(tmp_path: Path) -> None:
    line = '"collections:deque" = "type call(tuple|list?, int|none?) append"'
    assert [about for _, about in checked(tmp_path, f"extends = []\n[allow]\n{line}\n")] == ["widens"]
    same = '"decimal:Decimal" = "type call(str)"'
    assert checked(tmp_path, f"extends = []\n[allow]\n{same}\n") == []


def test_a_key_is_found_however_it_is_written(tmp_path: Path) -> None:
    text = """\
extends = ["default"]
allow."mycorp:A" = true
[ "allow" ]  # again, which TOML refuses
"""
    with pytest.raises(PolicyError, match="line 3"):
        checked(tmp_path, text)
    text = """\
extends = [
  "default",
]
[ "allow" ]  # a comment
'mycorp:A' = true
"mycorp\\u003aB" = '''
type call(any*)'''
"""
    assert checked(tmp_path, text) == [(5, "everything"), (6, "everything")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(["a:b", "a.*", "os:system", "collections:deque", "a", "a:\n\x1b"]),
        st.sampled_from(["true", "3", '"value"', '"call(any*)"', '"callx"', "{}"]),
        max_size=4,
    ),
    st.sampled_from(["", "extends = []", 'extends = "default"', 'extends = "x"', "extends = [1]"]),
    st.sampled_from(["", "[limits]\nmax_depth = 0", "[rules]\nx = 1", "[fail]\non = 3", "[fail]\nx = 3"]),
)
def test_a_file_has_an_error_exactly_if_it_cannot_be_loaded(
    tmp_path: Path, rows: dict[str, str], extends: str, rest: str
) -> None:
    from dryload.policy_toml import toml_string

    allow = "\n".join(f"{toml_string(name)} = {spec}" for name, spec in rows.items())
    path = tmp_path / "mine.toml"
    path.write_text(f"{extends}\n[allow]\n{allow}\n{rest}\n", encoding="utf-8")
    try:
        Policy.load(path)
        loads = True
    except PolicyError:
        loads = False
    assert loads != any(remark.is_error for remark in check(str(path)))
