"""A policy that was written as TOML is read back as the same policy, whatever its names hold."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dryload import Policy, PolicyError
from dryload.policy_table import built_in
from dryload.policy_toml import flattened, toml_string

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
HOSTILE = [
    'a"b',
    "a'''b",
    "a\nb",
    "a\r\tb",
    "a\x00\x1b[2Kb",
    "a\\",
    "a\u202eb",
    "a\U000e0001b",
    "über",
    "]\n[deny",
]


@given(TEXT)
def test_a_text_is_read_back_and_nothing_invisible_is_written(text: str) -> None:
    written = toml_string(text)
    assert tomllib.loads(f"{written} = {written}") == {text: text}
    assert written.isprintable()


@given(st.dictionaries(TEXT.filter(lambda text: text and ":" not in text and "*" not in text), TEXT))
def test_hostile_names_and_reasons_survive(rows: dict[str, str]) -> None:
    policy = Policy.strict()
    for name, reason in rows.items():
        policy = policy.allow(f"{name}:{name}", "call(str)").deny(f"x{name}:y", reason=reason or "no")
    document = tomllib.loads(flattened(policy))
    assert document["extends"] == []
    assert {f"{name}:{name}" for name in rows} <= document["allow"].keys()


@pytest.mark.parametrize("name", built_in().layers)
def test_a_built_in_policy_is_the_same_when_it_was_flattened(name: str, tmp_path: Path) -> None:
    path = tmp_path / "flat.toml"
    path.write_text(flattened(Policy.builtin(name)), encoding="utf-8")
    assert Policy.load(path) == Policy.builtin(name)


def test_limits_levels_and_verdicts_are_written_too(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        'extends = "strict"\n[deny]\n"x:*" = "no"\n[limits]\nmax_depth = 2\n[rules]\nzip-odd-flags = "off"\n'
        '[fail]\non = ["malicious"]\n'
    )
    policy = Policy.load(tmp_path / "a.toml")
    (tmp_path / "b.toml").write_text(flattened(policy))
    assert Policy.load(tmp_path / "b.toml") == policy


@pytest.mark.parametrize("hostile", HOSTILE)
def test_each_hostile_name_stays_in_its_key(hostile: str) -> None:
    policy = Policy.strict().allow(f"m{hostile}:q{hostile}")
    assert f"m{hostile}:q{hostile}" in tomllib.loads(flattened(policy))["allow"]


def test_what_one_file_cannot_say_is_refused() -> None:
    with pytest.raises(PolicyError, match="deny wins"):
        flattened(Policy.strict().deny("mycorp:*", reason="no").allow("mycorp:fine"))
    with pytest.raises(PolicyError, match="surrogate"):
        toml_string("a\ud800")
