"""The promise from outside, on a fixed budget: what unpicklers ask for, and what loading does.

DRYLOAD_BUDGET sets how many pickles are tried, DRYLOAD_SEED where they begin; the numbers are printed
(`pytest -s`). `tools/oracle_run.py` runs the same on millions.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from dryload import Policy, UnsafeModelError, Verdict, scan
from dryload.fuzzing import (
    Effect,
    Load,
    Outcome,
    ask,
    disagreements,
    generate_pickle,
    load_of,
    mutate_pickle,
    pickle_of,
    unreported,
    untold,
    watch,
)
from dryload.fuzzing.oracles import READERS, is_without_defect

BUDGET = int(os.environ.get("DRYLOAD_BUDGET", "20000"))
SEED = int(os.environ.get("DRYLOAD_SEED", "20260101"))
DATA = Path(__file__).parent.parent / "data"


def seeds() -> list[bytes]:
    return [path.read_bytes() for path in sorted(DATA.rglob("*.pkl")) if path.stat().st_size < 16_384]


def test_the_same_seed_gives_the_same_pickle() -> None:
    made = [generate_pickle(seed) for seed in range(500)]
    assert made == [generate_pickle(seed) for seed in range(500)]
    assert len(set(made)) > 450
    assert [mutate_pickle(seed, made[seed], made[0]) for seed in range(500)] == [
        mutate_pickle(seed, made[seed], made[0]) for seed in range(500)
    ]


def test_the_c_unpickler_reads_most_generated_pickles_to_their_end() -> None:
    count = BUDGET // 10
    read = sum(not ask(generate_pickle(SEED + i), readers=READERS[:1])[0].error for i in range(count))
    print(f"generated: {count}, of which the C unpickler reads {read} to their end")
    # Prior art has 0 to 2 in a hundred.
    assert read > count * 0.9


def test_every_name_that_a_reader_asks_for_is_told() -> None:
    policy, from_files = Policy.default(), seeds()
    verdicts: Counter[str] = Counter()
    asked_of_all = 0
    for number in range(SEED, SEED + BUDGET):
        data = pickle_of(number, from_files)
        report = scan(data, policy=policy)
        verdicts[report.verdict] += 1
        if report.verdict is not Verdict.INERT and not is_without_defect(data, policy):
            continue
        asked = ask(data)
        asked_of_all += 1
        assert not unreported(data, report, asked=asked), data
        assert not disagreements(data, report, asked=asked), data
        assert not untold(data, policy=policy, asked=asked), data
    print(
        f"global oracle: {BUDGET} pickles, {asked_of_all} asked of {len(READERS)} readers, {dict(verdicts)}"
    )
    assert verdicts[Verdict.INERT] > BUDGET // 4
    assert len(verdicts) == len(Verdict)


EVIL = b"cposix\nsystem\nX\x04\x00\x00\x00true\x85R."


class _SaysInert:
    """A report of a scanner that finds nothing anywhere."""

    verdict = Verdict.INERT
    parts = ()


def test_a_lone_surrogate_in_a_name_is_told_as_the_escape_it_is() -> None:
    assert untold(b"\x80\x04\x8c\x07verymodV\\udc80\n\x93.") == []


def test_a_scanner_that_finds_nothing_is_found_out() -> None:
    missed = unreported(EVIL, _SaysInert())  # type: ignore[arg-type]
    assert {(one.module, one.name) for one in missed} == {("posix", "system")}
    assert {one.reader for one in missed} == {reader.label for reader in READERS}


def test_readers_that_see_different_opcodes_disagree() -> None:
    """gh-154848: an argument crosses the end of its frame, and what follows is read by some as opcodes."""
    data = (DATA / "evasions" / "m01_frame_straddle_bytesio.pkl").read_bytes()
    asked = ask(data)
    if len({one.names for one in asked}) == 1:
        assert sys.version_info >= (3, 13)  # fixed in 3.13.15 and 3.14.7
    else:
        assert disagreements(data, _SaysInert(), asked=asked)  # type: ignore[arg-type]


def acts(data: bytes, *names: tuple[str, str]) -> Effect:
    """What a load does that no scan called inert, in the process that is thrown away."""
    return watch([Load(data=data, kind="pickle", names=frozenset(names))])[0]


def call(module: str, name: str, *args: object) -> bytes:
    """A pickle that calls a name."""
    pushed = b"".join(pickle.dumps(arg, 2)[2:-1] for arg in args)
    return f"c{module}\n{name}\n".encode() + b"(" + pushed + b"tR."


ACTS = {
    "a process": (call("posix", "system", "true"), ("posix", "system"), "os.system"),
    "a file": (call("builtins", "open", "x", "w"), ("builtins", "open"), "open"),
    "code": (call("builtins", "exec", "1"), ("builtins", "exec"), "compile"),
    "an import": (call("builtins", "__import__", "this"), ("builtins", "__import__"), "import"),
    "a socket": (call("_socket", "socket"), ("_socket", "socket"), "socket"),
    "a thread": (
        call("_thread", "start_new_thread", print, ()),
        ("_thread", "start_new_thread"),
        "asks for|_thread",
    ),
    "the environment": (b"cos\nenviron\nVA\nVb\ns.", ("os", "environ"), "os.putenv|os.environ"),
    "sys.path": (b"csys\npath\nVx\na.", ("sys", "path"), "sys.path"),
    "a module": (b"cjson\ndumps\n0\x80\x02cos\npath\n}Vx\nNsb.", ("os", "path"), "asks for|changes"),
    "a class": (b"ccollections\nCounter\nN}Vupdate\nNs\x86b.", ("collections", "Counter"), "Counter"),
    "a print": (call("builtins", "print", "x"), ("builtins", "print"), "prints"),
    "another name": (call("builtins", "len", ()), ("builtins", "list"), "asks for"),
}


@pytest.mark.parametrize("what", ACTS)
def test_what_acts_is_seen_to_act(what: str) -> None:
    data, name, told = ACTS[what]
    effect = acts(data, name)
    assert effect.outcome is Outcome.ACTED, effect
    assert any(word in event for event in effect.events for word in told.split("|")), effect
    assert not effect.outcome.keeps_the_promise


def test_what_ends_the_process_or_never_ends_is_told_apart() -> None:
    spin = call("builtins", "sum", range(1 << 40))
    loads = [
        Load(data=data, kind="pickle", names=frozenset(names))
        for data, names in (
            (call("os", "_exit", 3), [("os", "_exit")]),
            (call("builtins", "bytearray", 1 << 40), [("builtins", "bytearray")]),
            (spin, [("builtins", "sum"), ("builtins", "range")]),
            (b"N.", [("no_such_module", "x")]),
        )
    ]
    outcomes = [effect.outcome for effect in watch(loads, seconds=2)]
    assert outcomes == [Outcome.KILLED, Outcome.STARVED, Outcome.LATE, Outcome.ABSENT]


def test_what_is_not_inert_is_not_loaded() -> None:
    with pytest.raises(UnsafeModelError):
        load_of(EVIL, scan(EVIL))


def arrays() -> list[bytes]:
    """What numpy saves, objects included."""
    made = []
    for array in (
        np.zeros(3),
        np.array([{"a": 1}, None, "x"], dtype=object),
        np.zeros(2, [("x", "f4"), ("y", "O")]),
    ):
        for save in (np.save, np.savez, np.savez_compressed):
            file = io.BytesIO()
            save(file, array)
            made.append(file.getvalue())
    return made


def test_loading_what_is_inert_does_nothing_else() -> None:
    files = seeds() + arrays() + [pickle_of(SEED + i, seeds()) for i in range(BUDGET // 50)]
    reports = [(data, scan(data)) for data in dict.fromkeys(files)]
    loads = [load_of(data, report) for data, report in reports if report.verdict is Verdict.INERT]
    effects = watch(loads)
    outcomes = Counter(effect.outcome for effect in effects)
    print(f"effect oracle: {len(loads)} inert files loaded, {dict(outcomes)}")
    broken = [
        (e, load.data) for e, load in zip(effects, loads, strict=True) if not e.outcome.keeps_the_promise
    ]
    assert not broken, broken[0]
    assert outcomes[Outcome.QUIET] > len(loads) // 3
