"""The library moved on: torch's own weights-only list, held against the policy of that name.

Names only. What an entry permits is judged by hand, from the code of the function. Refuses to say anything
where torch is not present.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dryload.policy_table import built_in

ROOT = Path(__file__).parent.parent.parent

WHAT_TO_DO = """torch's weights-only list moved on.
- Names that torch has and we have not: run
    python tools/derive_torch.py --against python/dryload/policies/weights-only.toml
  Read the code of each function; write the least that torch.save needs into weights-only.toml and torch.toml.
  A new storage class or dtype also needs its size in rust/core/src/formats/pickle/torch.rs.
- Names that we have and no torch has any more stay, as files with them do: note the release in the header.
Then run `python -m dryload.policy_table` and put the release and the date into both headers."""

# Names that some release had and another lacks.
GONE = {"torch._utils:_rebuild_nested_tensor"}
# The first release whose names we know to be all in the policy, and the last that was looked at.
FIRST, LAST = (2, 6), (2, 15)


def ours() -> set[str]:
    return {f"{module}:{name}" for module, name in built_in().layers["weights-only"].allow}


def theirs() -> set[str]:
    sys.path.insert(0, str(ROOT))
    try:
        from tools.derive_torch import weights_only
    finally:
        sys.path.remove(str(ROOT))
    return set(weights_only())


@pytest.mark.torch
def test_every_name_that_torch_allows_is_in_the_policy() -> None:
    pytest.importorskip("torch")
    missing = theirs() - ours()
    assert not missing, f"{WHAT_TO_DO}\nmissing: {sorted(missing)}"


@pytest.mark.torch
def test_no_name_of_the_policy_is_unknown_to_the_newest_torch() -> None:
    torch = pytest.importorskip("torch")
    release = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
    if release < LAST:
        assert release >= FIRST, f"torch {torch.__version__} is older than any that was looked at"
        return
    extra = ours() - theirs() - GONE
    assert not extra, f"{WHAT_TO_DO}\nnot in torch {torch.__version__}: {sorted(extra)}"


def test_the_policy_torch_permits_what_the_narrow_one_does_and_in_the_same_words() -> None:
    narrow, wide = built_in().layers["weights-only"].allow, built_in().layers["torch"].allow
    stdlib = built_in().layers["stdlib"].allow
    assert {pair for pair, spec in narrow.items() if {**stdlib, **wide}.get(pair) != spec} == set()
