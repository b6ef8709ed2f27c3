"""The yardstick counts what it says: inputs up to the first that shows the bug."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path
from types import ModuleType

import pytest

BENCHES = Path(__file__).parents[2] / "benches"


@pytest.fixture(scope="module")
def planted() -> ModuleType:
    spec = importlib.util.spec_from_file_location("planted_bench", BENCHES / "planted.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_bytes_are_the_same_for_the_same_seed(planted: ModuleType) -> None:
    first, again, other = (
        list(itertools.islice(planted.byte_inputs(seed, (b"abc",)), 50)) for seed in (1, 1, 2)
    )
    assert first == again != other
    assert first[0] == b"abc"


def test_the_kit_begins_with_the_files_and_is_the_same_for_the_same_seed(planted: ModuleType) -> None:
    first, again = (list(itertools.islice(planted.kit_inputs("npy", 1, (b"abc",)), 50)) for _ in range(2))
    assert first == again
    assert first[0] == b"abc"


def test_the_count_is_of_the_input_that_shows_it(
    planted: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planted, "byte_inputs", lambda _seed, _seeds: iter((b"", b"N.", b"0", b"0")))
    result = planted.run_loop("pickle-stack-underflow", "bytes", 4, 1)
    assert (result["found"], result["execs"]) == (3, 3)
    missed = planted.run_loop("pickle-stack-underflow", "bytes", 2, 1)
    assert (missed["found"], missed["execs"]) == (None, 2)


def test_the_table_tells_found_missed_failed_and_not_asked(planted: ModuleType) -> None:
    bugs = {
        "a": {"found": 1234, "execs": 1234, "rate": 10},
        "b": {"found": None, "execs": 20_000, "rate": 30},
        "c": {"found": None, "execs": 0, "rate": None, "failed": True},
    }
    run = {"bugs": bugs, "date": "2026-01-01", "execs": 20_000, "by": "loop"}
    text = planted.table({"bytes": run}, dict.fromkeys("abc", "npy"))
    assert "| bytes (loop) | 2026-01-01 | 20,000 | 1 of 3 | 1 of 3 | 20 |" in text
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert rows == [
        "| `a` | npy |  |  |  |  |  |  | 1,234 |  |",
        "| `b` | npy |  |  |  |  |  |  | > 20,000 |  |",
        "| `c` | npy |  |  |  |  |  |  | failed |  |",
    ]
