"""What is learned is the least, makes its files inert, and holds nothing that acts."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from dryload import Policy, Verdict, scan
from dryload.policy_learn import Learned, learn
from dryload.policy_spec import beyond, parse_spec
from dryload.policy_toml import toml_string
from tests.build import pkasm, zipped

DATA = Path(__file__).parents[1] / "data"
REAL = DATA / "real"
UNKNOWN = [
    (base, row["file"])
    for base in ("default", "strict", "weights-only")
    for row in json.loads((REAL / "MANIFEST.json").read_text(encoding="utf-8"))
    if scan(REAL / row["file"], policy=Policy.builtin(base)).verdict is Verdict.UNKNOWN
]

# Values of each kind, as rows; a class of the standard library for an object.
VALUES = {
    "none": "NONE",
    "bool": "NEWTRUE",
    "size": "BININT1 3",
    "int": "BININT -3",
    "float": "BINFLOAT 1.5",
    "str": "BINUNICODE 'a'",
    "bytes": "SHORT_BINBYTES b'a'",
    "tuple": "EMPTY_TUPLE",
    "list": "EMPTY_LIST",
    "dict": "EMPTY_DICT",
    "set": "EMPTY_SET",
    "object": "GLOBAL uuid UUID\nEMPTY_TUPLE\nNEWOBJ",
    "type": "GLOBAL builtins float",
}
# As above, where what stands there is less than the kind: an integer that is no size.
NEAR_MISSES = {kind: next(rows for other, rows in VALUES.items() if other != kind) for kind in VALUES}
NEAR_MISSES |= {"size": VALUES["int"], "int": VALUES["float"]}


def calls(*rows: str, name: str = "mycorp.features Scaler", then: str = "") -> bytes:
    """A pickle that calls a name with the values of some rows."""
    values = "\n".join(rows)
    return pkasm(f"PROTO 4\nGLOBAL {name}\nMARK\n{values}\nTUPLE\nREDUCE\n{then}\nSTOP").data


def learned_from(folder: Path, *files: bytes, base: str = "default") -> tuple[Policy, Learned]:
    """Learns from files and loads what was written."""
    models = folder / "models"
    models.mkdir(exist_ok=True)
    for index, data in enumerate(files):
        (models / f"{index}.pkl").write_bytes(data)
    learned = learn(models, base=base)
    written = folder / "learned.toml"
    written.write_text(learned.text, encoding="utf-8")
    return Policy.load(written), learned


def spec_of(folder: Path, *files: bytes, name: str = "mycorp.features:Scaler", base: str = "default") -> str:
    """Learns the spec of one name from files that are all inert with it then."""
    policy, learned = learned_from(folder, *files, base=base)
    assert not learned.refused
    assert all(scan(data, policy=policy).ok for data in files)
    return policy.allowed[tuple(name.split(":"))]  # type: ignore[index]


@pytest.mark.parametrize(("base", "file"), UNKNOWN)
def test_a_real_file_is_inert_with_what_was_learned_from_it_or_told(
    base: str, file: str, tmp_path: Path
) -> None:
    learned = learn(REAL / file, base=base)
    (tmp_path / "learned.toml").write_text(learned.text, encoding="utf-8")
    policy = Policy.load(tmp_path / "learned.toml")
    if learned.refused:
        assert learned.specs == {}
        # What remains is no matter of names: a container, an array, a program.
        reasons = [reason.partition(" @ ")[0] for reason in learned.refused[0].reasons]
        assert set(reasons) <= {
            "scan-unsupported-format",
            "scan-unrecognised-content",
            "joblib-unsupported-array",
            "torchscript-program",
            "torch-export-program",
        }
    else:
        assert scan(REAL / file, policy=policy).ok
        assert not any(re.search(r"(?<!')\b(any|data)\b", spec) for spec in learned.specs.values())


def test_most_real_files_are_learned() -> None:
    told = [file for base, file in UNKNOWN if learn(REAL / file, base=base).refused]
    assert len(told) < len(UNKNOWN) / 5


@pytest.mark.parametrize("kind", VALUES)
def test_an_argument_is_learned_by_its_kind_and_another_kind_stays_unknown(kind: str, tmp_path: Path) -> None:
    seen = calls(VALUES[kind], "NONE")
    assert spec_of(tmp_path, seen) == f"call({kind}, none)"
    policy = Policy.load(tmp_path / "learned.toml")
    assert scan(calls(NEAR_MISSES[kind], "NONE"), policy=policy).verdict is Verdict.UNKNOWN
    assert scan(calls(VALUES[kind], "NONE", "NONE"), policy=policy).verdict is Verdict.UNKNOWN
    assert scan(calls(VALUES[kind]), policy=policy).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("then", "words"),
    [
        ("", "call()"),
        ("EMPTY_DICT\nBUILD", "call() state(dict)"),
        ("EMPTY_TUPLE\nBUILD", "call() state(tuple)"),
        ("NONE\nNONE\nSETITEM", "call() items"),
        ("NONE\nAPPEND", "call() append"),
        ("NONE\nNONE\nSETITEM\nEMPTY_DICT\nBUILD", "call() state(dict) items"),
    ],
)
def test_what_is_done_with_the_result_is_learned_and_no_more(then: str, words: str, tmp_path: Path) -> None:
    assert spec_of(tmp_path, calls(then=then)) == words
    policy = Policy.load(tmp_path / "learned.toml")
    for other in ("EMPTY_LIST\nBUILD", "NONE\nNONE\nSETITEM", "NONE\nAPPEND"):
        if other not in then:
            assert scan(calls(then=other), policy=policy).verdict is Verdict.UNKNOWN


def test_a_name_that_is_only_imported_is_a_value(tmp_path: Path) -> None:
    assert spec_of(tmp_path, pkasm("PROTO 2\nGLOBAL mycorp.features Scaler\nSTOP").data) == "value"
    policy = Policy.load(tmp_path / "learned.toml")
    assert scan(calls(), policy=policy).verdict is Verdict.UNKNOWN


def test_several_calls_are_joined_by_position_and_the_shorter_makes_the_rest_optional(tmp_path: Path) -> None:
    files = (calls("NONE", "BININT1 1"), calls("BINUNICODE 'a'"), calls("NONE", "NEWTRUE", "EMPTY_LIST"))
    assert spec_of(tmp_path, *files) == "call(none|str, bool|size?, list?)"


def test_more_files_only_add_to_what_was_learned(tmp_path: Path) -> None:
    first = (calls("NONE"), calls("NONE", then="EMPTY_DICT\nBUILD"))
    spec = spec_of(tmp_path, *first, calls(then="NONE\nAPPEND"))
    assert spec == "call(none?) state(dict) append"


def test_any_number_of_arguments_is_one_parameter_of_their_kinds(tmp_path: Path) -> None:
    assert spec_of(tmp_path, calls(*["NONE", "BINUNICODE 'a'"] * 20)) == "call(none|str*)"


def test_a_class_becomes_a_type_where_a_listed_callable_takes_types(tmp_path: Path) -> None:
    made = calls(
        "GLOBAL mycorp.features Scaler",
        "GLOBAL builtins object",
        "NONE",
        name="copyreg _reconstructor",
        then="EMPTY_DICT\nBUILD",
    )
    assert spec_of(tmp_path, made) == "type state(dict)"
    factory = calls("GLOBAL mycorp.features Scaler", name="collections defaultdict")
    (tmp_path / "again").mkdir()
    assert spec_of(tmp_path / "again", factory) == "type"


def test_a_function_is_not_learned_where_a_listed_callable_says_what_it_calls(tmp_path: Path) -> None:
    applied = calls(
        "GLOBAL mycorp.features rebuild",
        "GLOBAL torch FloatStorage",
        "BININT1 1\nTUPLE1",
        "NONE",
        name="torch._tensor _rebuild_from_type_v2",
    )
    policy, learned = learned_from(tmp_path, applied)
    assert len(learned.refused) == 1
    assert ("mycorp.features", "rebuild") not in policy.allowed


def test_a_listed_schema_is_opened_for_plain_data_and_the_reason_is_told(tmp_path: Path) -> None:
    fraction = calls("BINUNICODE '1/3'", name="fractions Fraction")
    assert spec_of(tmp_path, fraction, name="fractions:Fraction") == "type call(int|str, int?)"
    text = (tmp_path / "learned.toml").read_text(encoding="utf-8")
    assert 'The schema of the listed entry, "type call(int, int)", does not allow' in text
    policy = Policy.load(tmp_path / "learned.toml")
    assert scan(calls("BINFLOAT 0.5", name="fractions Fraction"), policy=policy).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("base", ["default", "strict"])
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("_codecs encode", ["BINUNICODE 'a'", "BINUNICODE 'rot13'"]),  # a codec is a module
        ("collections deque", ["EMPTY_LIST", "LONG1 1099511627776"]),  # a size
        ("copyreg _reconstructor", ["GLOBAL builtins list", "GLOBAL builtins list", "BININT1 9"]),  # calls it
        ("builtins float", ["BINUNICODE '1'"]),  # a type that is never called
        ("numpy memmap", ["BINUNICODE '/etc/passwd'"]),  # opens what it is handed
        ("numpy._core.multiarray _reconstruct", ["GLOBAL numpy ndarray", "BININT1 9\nTUPLE1", "NONE"]),
    ],
)
def test_a_guarded_schema_is_never_opened(name: str, rows: list[str], base: str, tmp_path: Path) -> None:
    data = calls(*rows, name=name)
    assert scan(data, policy=Policy.builtin(base)).verdict is Verdict.UNKNOWN
    policy, learned = learned_from(tmp_path, data, base=base)
    assert learned.specs == {}
    assert [each.verdict for each in learned.refused] == [Verdict.UNKNOWN]
    assert not scan(data, policy=policy).ok


def test_state_and_items_are_never_added_to_a_listed_entry(tmp_path: Path) -> None:
    data = calls("BINUNICODE '1'", name="decimal Decimal", then="EMPTY_DICT\nBUILD")
    policy, learned = learned_from(tmp_path, data)
    assert learned.specs == {}
    assert "a state" in learned.refused[0].reasons[0]
    assert not scan(data, policy=policy).ok


@pytest.mark.parametrize(
    "data",
    [
        calls("BINUNICODE 'true'", name="posix system"),
        pkasm("PROTO 2\nGLOBAL mycorp.features Scaler\nGLOBAL os path\nTUPLE2\nSTOP").data,
        pkasm("PROTO 2\nGLOBAL mycorp.features Scaler\nEXT1 1\nTUPLE2\nSTOP").data,
        pkasm("PROTO 2\nGLOBAL mycorp.features Scaler\nNONE\nAPPEND\nSTOP").data,
        pkasm("PROTO 2\nGLOBAL mycorp.features Scaler\nEMPTY_TUPLE\nREDUCE\nEMPTY_TUPLE\nREDUCE\nSTOP").data,
        calls(then="EMPTY_DICT\nBINUNICODE '__class__'\nNONE\nSETITEM\nBUILD"),
        calls(then="EMPTY_DICT\nBUILD\nNONE\nAPPEND"),
        pkasm("PROTO 2\nGLOBAL mycorp.features Scaler\nEMPTY_TUPLE\nREDUCE").data,
        pkasm("PROTO 4\nBINUNICODE 'mycorp'\nBINUNICODE 'not a name'\nSTACK_GLOBAL\nSTOP").data,
        pkasm("PROTO 4\nBINUNICODE 'mycorp'\nBINUNICODE 'f.<locals>.g'\nSTACK_GLOBAL\nSTOP").data,
        pkasm(
            "PROTO 4\nGLOBAL mycorp.features Scaler\nEMPTY_TUPLE\nEMPTY_DICT\nBINUNICODE 'k'\nNONE\nSETITEM\n"
            "NEWOBJ_EX\nSTOP"
        ).data,
    ],
    ids=[
        "denied",
        "denied-beside-unknown",
        "extension",
        "foreign-write",
        "computed-call",
        "dunder-state",
        "planted-method",
        "no-stop",
        "no-name",
        "locals",
        "keywords",
    ],
)
def test_nothing_is_learned_from_a_file_that_does_more_than_use_unknown_names(
    data: bytes, tmp_path: Path
) -> None:
    policy, learned = learned_from(tmp_path, data, calls("NONE", name="mycorp.features Other"))
    assert learned.specs == {("mycorp.features", "Other"): "call(none)"}
    assert [Path(each.path).name for each in learned.refused] == ["0.pkl"]
    assert learned.refused[0].reasons
    assert not scan(data, policy=policy).ok


@pytest.mark.parametrize("base", ["default", "strict"])
def test_no_evasion_is_learned_from_unless_it_was_unknown(base: str) -> None:
    policy = Policy.builtin(base)
    for path in sorted((DATA / "evasions").iterdir()):
        learned = learn(path, base=base)
        if learned.specs:
            assert scan(path, policy=policy).verdict is Verdict.UNKNOWN
        for name, spec in learned.specs.items():
            assert not any(word in spec for word in ("any", "data", "global"))
            assert scan(imports(name), policy=policy).verdict is Verdict.UNKNOWN


def imports(name: tuple[str, str]) -> bytes:
    """A pickle that imports one name."""
    return pkasm(f"PROTO 4\nBINUNICODE {name[0]!r}\nBINUNICODE {name[1]!r}\nSTACK_GLOBAL\nSTOP").data


def test_names_are_found_one_behind_the_other(tmp_path: Path) -> None:
    """A storage and an array are followed only once their classes are allowed."""
    learned = learn(REAL / "torch" / "state_dict.pt", base="strict")
    assert learned.specs["torch", "FloatStorage"] == "value"
    assert not learned.refused


def test_a_built_in_entry_is_a_ceiling_for_a_lower_base(tmp_path: Path) -> None:
    learned = learn(REAL / "numpy" / "arrays_p5.pkl", base="strict")
    assert not learned.refused
    for name, spec in learned.specs.items():
        assert not beyond(parse_spec(spec), parse_spec(Policy.default().allowed[name]))
    # An exact text stays one: `str` would be every text.
    assert (
        learned.specs["numpy._core.numeric", "_frombuffer"] == "call(bytes, object, tuple, 'C') gives(array)"
    )


def test_only_the_wanted_names_are_learned(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(calls())
    (tmp_path / "b.pkl").write_bytes(calls(name="mycorp.features Other"))
    learned = learn(tmp_path, only={("mycorp.features", "Scaler")})
    assert list(learned.specs) == [("mycorp.features", "Scaler")]
    assert learned.refused[0].reasons == ("mycorp.features:Other is not among the names to learn",)


def test_each_line_says_where_the_name_was_seen_and_how_often(tmp_path: Path) -> None:
    (tmp_path / "m.zip").write_bytes(zipped({"inner/a.pkl": calls("NONE")}))
    text = learn(tmp_path).text
    told = " ".join(line.removeprefix("# ") for line in text.splitlines() if line.startswith("#"))
    assert f"{tmp_path}/m.zip @ inner/a.pkl @ 0x2: imported once, called once" in told
    assert "first as mycorp.features.Scaler(None)" in told
    assert "No built-in policy lists it." in told


def test_a_name_that_was_left_out_on_purpose_is_told_as_such(tmp_path: Path) -> None:
    _, learned = learned_from(tmp_path, calls("GLOBAL builtins float", name="copyreg __newobj__"))
    assert "LEFT OUT of stdlib on purpose: hands its arguments to any class." in learned.text


def test_text_from_files_cannot_leave_its_comment(tmp_path: Path) -> None:
    hostile = 'x"\n[deny]\n\x1b[2K\u202e.pkl'
    (tmp_path / "m.zip").write_bytes(zipped({hostile: calls("BINUNICODE '\\n\"a\" = true'")}))
    text = learn(tmp_path).text
    document = tomllib.loads(text)
    assert document == {"extends": "default", "allow": {"mycorp.features:Scaler": "call(str)"}}
    assert all(line.isprintable() for line in text.splitlines())


def test_a_spec_of_the_base_cannot_leave_its_comment(tmp_path: Path) -> None:
    spec = "call(int, 'a\n\"x:y\" = true\n'?)"
    (tmp_path / "base.toml").write_text(f'extends = []\n[allow]\n"mycorp:F" = {toml_string(spec)}\n')
    (tmp_path / "a.pkl").write_bytes(calls("BINUNICODE 'a'", name="mycorp F"))
    learned = learn(tmp_path / "a.pkl", base=str(tmp_path / "base.toml"), folder=str(tmp_path))
    assert tomllib.loads(learned.text)["allow"] == {"mycorp:F": spec.replace("int", "int|str")}


def test_a_base_with_a_strange_path_is_named_so_that_it_is_found(tmp_path: Path) -> None:
    base = tmp_path / 'a "base"\u202e.toml'
    base.write_text('extends = "strict"\n', encoding="utf-8")
    (tmp_path / "a.pkl").write_bytes(calls())
    (tmp_path / "out").mkdir()
    learned = learn(tmp_path / "a.pkl", base=str(base), folder=str(tmp_path / "out"))
    assert toml_string('../a "base"\u202e.toml') in learned.text
    written = tmp_path / "out" / "learned.toml"
    written.write_text(learned.text, encoding="utf-8")
    assert scan(tmp_path / "a.pkl", policy=Policy.load(written)).ok


def test_more_observations_than_the_core_keeps_hide_no_name(tmp_path: Path) -> None:
    many = "\n".join(["GLOBAL mycorp.features Scaler\nNONE\nTUPLE1\nREDUCE\nPOP"] * 1500)
    last = "GLOBAL mycorp.features Other\nBINUNICODE 'a'\nTUPLE1\nREDUCE"
    policy, learned = learned_from(tmp_path, pkasm(f"PROTO 4\n{many}\n{last}\nSTOP").data)
    assert policy.allowed["mycorp.features", "Scaler"] == "call(none)"
    assert learned.specs["mycorp.features", "Other"] == "call(str)"
