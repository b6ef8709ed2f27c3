"""The table in the wheel is what its TOML sources say."""

from __future__ import annotations

from pathlib import Path

from dryload import policy_table
from dryload.policy_table import built_in, compiled


def test_the_table_is_made_from_the_sources() -> None:
    assert Path(policy_table.TABLE).read_text(encoding="utf-8") == compiled(), (
        "run `python -m dryload.policy_table`"
    )


def test_no_allowed_name_is_also_denied_by_name() -> None:
    known = built_in().known
    both = {
        (name, pair)
        for name, layer in built_in().layers.items()
        for pair, spec in layer.allow.items()
        # What lets an attribute through leaves every other use denied.
        if pair in known and name != "weights-only" and not spec.endswith(" attribute")
    }
    assert not both
