"""A name stands where the core says it stands, and the layer that is named did bring it."""

from __future__ import annotations

import pytest

from dryload import Policy, scan
from dryload.policy import layers
from dryload.policy_table import built_in
from dryload.policy_view import (
    AMENDMENT,
    SHARED,
    elsewhere,
    known_name,
    left_out,
    origins,
    permits,
    standing,
)
from tests.build import pkasm

NAMES = [
    ("collections", "OrderedDict"),
    ("collections", "OrderedDict.pop"),
    ("os", "system"),
    ("os.path", "join"),
    ("oslo", "config"),
    ("builtins", "eval"),
    ("builtins", "eval.__call__"),
    ("builtins", "evaluate"),
    ("mycorp.features", "Scaler"),
    *[(module, "x" if qualname == "*" else qualname) for module, qualname in built_in().known],
]


@pytest.mark.parametrize("policy", ["default", "strict", "weights-only"])
def test_a_name_is_on_the_side_that_the_core_says(policy: str) -> None:
    chosen, stack = Policy.builtin(policy), layers(policy)
    for module, qualname in NAMES:
        data = pkasm(f"PROTO 4\nBINUNICODE {module!r}\nBINUNICODE {qualname!r}\nSTACK_GLOBAL\nSTOP").data
        (seen,) = scan(data, policy=chosen).parts[0].imports
        assert standing(chosen, (module, qualname), stack).side == seen.standing, (module, qualname)


def test_every_allowed_name_has_the_layer_that_brought_it() -> None:
    stack = layers("default")
    sources = dict(stack)
    for name, source in origins(Policy.default(), stack).items():
        assert sources[source].allow[name] == Policy.default().allowed[name]
    amended = Policy.default().allow("collections:OrderedDict")
    assert origins(amended, stack)["collections", "OrderedDict"] == AMENDMENT


def test_a_denied_name_has_its_entry_class_and_reference() -> None:
    stands = standing(Policy.default(), ("os.path", "join"), layers("default"))
    assert (stands.entry, stands.layer) == ("os:*", SHARED)
    assert known_name("os:*")["class"] == "process"
    assert known_name("uuid:_get_command_stdout")["reference"].startswith("GHSA-g38g-8gr9-h9xp")
    assert known_name("nothing:*") == {}
    mine = Policy.default().deny("mycorp.*", reason="not here")
    assert standing(mine, ("mycorp.sub", "X"), layers("default")).layer == AMENDMENT


def test_every_entry_of_the_deny_side_is_found_in_its_source() -> None:
    assert all(known_name(":".join(name)) for name in built_in().known)


def test_what_is_left_out_is_read_with_its_reason() -> None:
    assert left_out(("decimal", "Context")) == ("stdlib", "signals and traps are callables' business")
    assert left_out(("operator", "itemgetter"))[1] == "call or reach in"
    assert left_out(("mycorp", "X")) == ("", "")


def test_each_policy_says_what_it_permits_in_a_sentence() -> None:
    for name in built_in().layers:
        assert permits(name).endswith(".")
        assert len(permits(name)) < 240


def test_other_policies_that_list_a_name_are_known() -> None:
    assert "stdlib" in elsewhere(("collections", "deque"))
    assert elsewhere(("mycorp", "X")) == {}
