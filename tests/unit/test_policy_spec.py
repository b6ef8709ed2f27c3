"""Specs taken apart say the same as the text, and are compared by what they grant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dryload.errors import PolicyError
from dryload.policy_layer import BARE_SPEC
from dryload.policy_spec import KINDS, beyond, in_words, is_everything, parse_spec
from dryload.policy_table import built_in

KIND = st.sampled_from([*KINDS, "'latin1'", "'a, (b) c'"])
PARAM = st.lists(KIND, min_size=1, max_size=3).map("|".join)


@st.composite
def specs(draw: st.DrawFn) -> str:
    """A spec of any words, in any order."""
    words = draw(
        st.lists(
            st.sampled_from(
                ["type", "items", "append", "makes(0)", "updates(3)", "attributes", "key('a', str|none)"]
            ),
            unique=True,
        )
    )
    if draw(st.booleans()):
        params = draw(st.lists(PARAM, max_size=4))
        required = draw(st.integers(0, len(params)))
        marked = [param + "?" * (index >= required) for index, param in enumerate(params)]
        if marked and draw(st.booleans()):
            marked[-1] = params[-1] + "*"
        words.append(f"call({', '.join(marked)})")
    if draw(st.booleans()):
        words.append(f"state({draw(PARAM)})")
    return " ".join(draw(st.permutations(words))) or "value"


@given(specs())
def test_what_is_written_is_read_back_the_same(text: str) -> None:
    spec = parse_spec(text)
    assert parse_spec(str(spec)) == spec


@given(specs())
def test_a_spec_grants_nothing_beyond_itself_and_everything_grants_all_but_clauses(text: str) -> None:
    spec = parse_spec(text)
    assert beyond(spec, spec) == []
    assert beyond(spec, parse_spec(BARE_SPEC)) == list(spec.clauses)


def test_the_built_in_specs_are_read_as_they_stand() -> None:
    for layer in built_in().layers.values():
        for spec in layer.allow.values():
            assert beyond(parse_spec(spec), parse_spec(str(parse_spec(spec)))) == []


@pytest.mark.parametrize(
    ("spec", "floor", "told"),
    [
        ("call(bool)", "call(int)", []),
        ("call(size)", "call(int)", []),
        ("call(int)", "call(size)", ["call(int)"]),
        ("call('C')", "call(str)", []),
        ("call(str)", "call('C')", ["call(str)"]),
        ("call(empty)", "call(tuple)", []),
        ("call(type)", "call(data)", ["call(type)"]),
        ("call(int)", "call(int, int?)", []),
        ("call(int?)", "call(int)", ["call(int?)"]),
        ("call(int, int)", "call(int*)", []),
        ("call(int*)", "call(int, int)", ["call(int*)"]),
        ("call()", "value", ["call()"]),
        ("value", "call()", []),
        ("state(dict|tuple)", "state(dict)", ["state(tuple|dict)"]),
        ("call(int)", "call(int) makes(0)", ["no makes(0)"]),
        ("items append", "items", ["append"]),
        ("call(small)", "call(int)", []),
        ("state(dict)", "state(dict) key('a', str)", ["no key('a', str)"]),
    ],
)
def test_what_goes_beyond_is_told_word_by_word(spec: str, floor: str, told: list[str]) -> None:
    assert beyond(parse_spec(spec), parse_spec(floor)) == told


def test_every_word_is_said() -> None:
    assert in_words(parse_spec("value")) == ["may be imported, and nothing else may be done with it"]
    assert in_words(parse_spec("type call() state(dict) items append applies(0, 2) makes(1) updates(3)")) == [
        "may stand where a type is expected",
        "may be called without arguments",
        "may be given a state of dict",
        "may have items written into it",
        "may have values appended to it",
        "calls its argument 0 with its argument 2, as that name's entry permits",
        "makes an instance of its argument 1",
        "sets the keys of its argument 3 as attributes",
    ]


def test_any_is_everything_and_data_is_not() -> None:
    assert is_everything(parse_spec(BARE_SPEC))
    assert is_everything(parse_spec("state(any)"))
    assert not is_everything(parse_spec("call(data*)"))


def test_what_the_core_does_not_take_is_refused() -> None:
    with pytest.raises(PolicyError, match="strr"):
        parse_spec("call(strr)")
