"""What Hypothesis makes of the strategies, or of bytes, shrinks to about the smallest file made by hand."""

from __future__ import annotations

import random

import pytest
from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dryload.fuzzing.strategies import npy_files, pickles, safetensors_files, torch_zips, zip_files
from tests.planted.checks import Planted
from tests.planted.registry import BY_NAME

ANY = {
    "pickle": pickles(valid=None),
    "safetensors": safetensors_files(valid=None),
    "npy": npy_files(valid=None),
    "zip": zip_files(valid=None),
    "torch": torch_zips(valid=None),
    "bytes": st.binary(),
}

# Two of each format that the strategies can show. They were written after the bugs, so this is about
# shrinking and not about finding.
CHOSEN = {
    "pickle-frame-nested": "pickle",
    "pickle-frame-straddle": "pickle",
    "st-overlap": "safetensors",
    "st-shape-overflow": "safetensors",
    "npy-key-missing": "npy",
    "npy-truncated": "npy",
    "zip-overlap": "zip",
    "torch-storage-size": "torch",
    "raw-leb-count": "bytes",
    "raw-tlv-length": "bytes",
}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", CHOSEN)
def test_a_planted_bug_shrinks_to_the_smallest_file(name: str, seed: int) -> None:
    bug = BY_NAME[name]
    inputs: SearchStrategy[bytes] = ANY[CHOSEN[name]]

    def shows(data: bytes) -> bool:
        try:
            bug.target(data)
        except ValueError:
            return False
        except Planted:
            return True
        return False

    least = find(inputs, shows, settings=FEW, random=random.Random(seed))
    assert len(least) <= 1.2 * len(bug.smallest), (least, bug.smallest)


FEW = settings(max_examples=4000, database=None, deadline=None, phases=(Phase.generate, Phase.shrink))
