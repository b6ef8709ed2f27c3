"""What a Hugging Face Trainer saves beside the weights: its settings are judged name by name.

The files are in `tests/data/real`; `test_real.py` holds their verdicts under `default`. Refuses
to load any of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dryload import Policy, Verdict, scan
from tests.build import pkasm, torch_zip

TRAINER = sorted((Path(__file__).parent.parent / "data" / "real").rglob("training_args.bin"))

# Their calls act, whatever opcode a pickler uses.
LEFT = {"transformers.training_args.TrainingArguments", "accelerate.state.PartialState"}


@pytest.mark.parametrize("path", TRAINER, ids=lambda path: path.parent.name)
def test_the_settings_are_unknown_and_the_opt_in_policy_leaves_two_names(path: Path) -> None:
    default = {finding.evidence["name"]: finding.help for finding in scan(path).findings}
    assert default.keys() > LEFT
    offered = {name for name, text in default.items() if "policy allows it: transformers;" in text}
    assert offered == default.keys() - LEFT
    report = scan(path, policy=Policy.builtin("transformers"))
    assert {finding.evidence["name"] for finding in report.findings} == LEFT
    assert report.verdict is Verdict.UNKNOWN


def test_who_allows_the_two_names_for_one_run_gets_an_inert_file() -> None:
    policy = Policy.builtin("transformers")
    for name in LEFT:
        policy = policy.allow(name, "type call() state(dict)")
    assert {scan(path, policy=policy).verdict for path in TRAINER} == {Verdict.INERT}


@pytest.mark.parametrize("second", ["BINUNICODE 'x'", "EMPTY_LIST"])
def test_an_enum_with_a_second_argument_is_not_a_look_up(second: str) -> None:
    rows = f"""
        PROTO 2
        GLOBAL transformers.trainer_utils IntervalStrategy
        BINUNICODE 'steps'
        {second}
        TUPLE2
        REDUCE
        STOP
    """
    report = scan(pkasm(rows).data, policy=Policy.builtin("transformers"))
    assert [finding.rule for finding in report.findings] == ["pickle-unexpected-argument"]


def test_a_key_that_only_begins_with_two_underscores_is_no_special_name() -> None:
    """transformers up to 4.46 keeps `__cached__setup_devices` in its settings."""
    rows = """
        PROTO 2
        GLOBAL argparse Namespace
        EMPTY_TUPLE
        NEWOBJ
        EMPTY_DICT
        BINUNICODE '__cached__setup_devices'
        NONE
        SETITEM
        BUILD
        STOP
    """
    assert scan(torch_zip(pkasm(rows).data, {}), name="training_args.bin").verdict is Verdict.INERT
