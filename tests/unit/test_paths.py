"""Each rule refuses its names at their place, and lets the near misses pass."""

from __future__ import annotations

import json
import ntpath
import os
import re
import unicodedata
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dryload._native import check_name
from dryload.paths import RULES, PathError, check_member_name, safe_join

ROOT = Path(__file__).parents[2]
TABLE = json.loads((ROOT / "tests" / "data" / "paths.json").read_text(encoding="utf-8"))

# Rules that say where a path leads; the others say that systems differ about it.
LEADS_ELSEWHERE = {"unc", "absolute", "backslash", "drive", "colon", "current", "parent", "empty-component"}


def name_of(case: dict[str, object]) -> str:
    """Spells out a case: a text, bytes in hex, or a text repeated."""
    match case:
        case {"name": str(name)}:
            return name
        case {"hex": str(digits)}:
            return bytes.fromhex(digits).decode("utf-8", "surrogateescape")
        case {"repeat": [str(unit), int(times)]}:
            return unit * times
    raise AssertionError(case)


REFUSED = [(row["rule"], name_of(case), case["at"]) for row in TABLE for case in row["refused"]]
ACCEPTED = [name_of(case) for row in TABLE for case in row["accepted"]]


def rule_broken_by(name: str) -> str | None:
    try:
        check_member_name(name)
    except PathError as error:
        return error.rule
    return None


@pytest.mark.parametrize(("rule", "name", "position"), REFUSED, ids=lambda value: ascii(value)[:40])
def test_a_name_is_refused_by_its_rule_and_at_its_place(rule: str, name: str, position: int) -> None:
    with pytest.raises(PathError) as caught:
        check_member_name(name)
    assert (caught.value.rule, caught.value.position, caught.value.value) == (rule, position, name)
    assert str(caught.value).isprintable()
    assert str(caught.value).isascii()
    assert len(str(caught.value)) < 1200


@pytest.mark.parametrize("name", ACCEPTED, ids=lambda name: ascii(name)[:40])
def test_a_near_miss_is_taken(name: str) -> None:
    check_member_name(name)


def test_the_table_asks_the_rules_in_their_order_with_a_near_miss_each() -> None:
    assert [row["rule"] for row in TABLE] == list(RULES)
    assert all(row["refused"] and row["accepted"] for row in TABLE)


def test_the_docs_list_the_rules_in_their_order() -> None:
    text = (ROOT / "docs" / "paths.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \d+ \| `([a-z-]+)` \|", text, re.MULTILINE)
    assert listed == list(RULES)


@pytest.mark.parametrize("rule", ["invisible", "confusable"])
def test_the_docs_give_the_characters_that_a_rule_refuses(rule: str) -> None:
    text = (ROOT / "docs" / "paths.md").read_text(encoding="utf-8")
    listed = re.search(rf"Ranges of `{rule}`: (.+?)\.\n", text, re.DOTALL)
    assert listed is not None
    spans = re.findall(r"\b([0-9A-F]{4,5})(?:\u2013([0-9A-F]{4,5}))?\b", listed[1])
    refused = {code for first, last in spans for code in range(int(first, 16), int(last or first, 16) + 1)}
    broken = (
        (code, check_name(f"a{chr(code)}b".encode()))
        for code in range(0x110000)
        if not 0xD800 <= code < 0xE000
    )
    assert refused == {code for code, fault in broken if fault == (rule, 1)}


@pytest.mark.parametrize(
    "name",
    [
        "archive/data.pkl",
        "archive/.data/serialization_id",
        "archive/data/0",
        "model-00001-of-00002.safetensors",
        "variables/variables.data-00000-of-00001",
        "assets/",
        "./model_config.yaml",
        "arr_0.npy",
        "encoder.layers.0.weight",
        "Modèle v1.2 (final).onnx",
    ],
)
def test_names_that_savers_write_are_taken(name: str) -> None:
    check_member_name(name)


def test_the_confusable_characters_are_those_that_nfkc_turns_into_marks_of_a_path() -> None:
    turned = [
        chr(code)
        for code in range(0x80, 0x110000)
        if not 0xD800 <= code < 0xE000 and set("./\\:~%") & set(unicodedata.normalize("NFKC", chr(code)))
    ]
    assert len(turned) > 40
    assert {rule_broken_by(f"a{each}b") for each in turned} == {"confusable"}


def test_all_control_characters_are_refused() -> None:
    controls = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cc"]
    assert {rule_broken_by(f"a{each}b") for each in controls} == {"control", "nul"}


PIECES = st.one_of(
    st.sampled_from(
        [".", "..", "/", "\\", ":", "%", "%2e", "~", " ", "a", "C", "nul", "COM1", "\u2024", "\uff0e"]
    ),
    st.characters(),
)
NAMES = st.one_of(
    st.lists(PIECES, max_size=8).map("".join),
    st.lists(st.sampled_from(["a", "b.c", "CON", "...", ".x", "a b", " ", "c\u0327"]), max_size=4).map(
        "/".join
    ),
)


@settings(deadline=None)
@given(NAMES)
@example("a/b")
def test_an_accepted_name_is_one_below_the_base_to_both_systems(name: str) -> None:
    if rule_broken_by(name) is not None:
        return
    plain = name.removeprefix("./").removesuffix("/")
    assert os.path.normpath(f"/base/{name}") == f"/base/{plain}"
    assert ntpath.normpath(f"D:\\base\\{name}") == "D:\\base\\" + plain.replace("/", "\\")
    assert PureWindowsPath("D:/base", name).parts == ("D:\\", "base", *plain.split("/"))


@settings(deadline=None)
@given(NAMES)
@example("com\u00b9.x/nul ")
def test_an_accepted_name_is_reserved_to_no_component_of_windows(name: str) -> None:
    if rule_broken_by(name) is None:
        for component in name.removeprefix("./").removesuffix("/").split("/"):
            if hasattr(ntpath, "isreserved"):  # Python 3.13; it replaces the other one.
                assert not ntpath.isreserved(component)
            else:
                assert not PureWindowsPath(component).is_reserved()


@settings(deadline=None)
@given(NAMES)
@example("\u2025/a")
def test_an_accepted_name_stays_one_when_its_characters_are_unified(name: str) -> None:
    if rule_broken_by(name) is None:
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            assert rule_broken_by(unicodedata.normalize(form, name)) not in LEADS_ELSEWHERE


@settings(deadline=None)
@given(NAMES)
@example("%2")
def test_an_accepted_name_is_the_same_when_it_is_decoded_as_a_url(name: str) -> None:
    from urllib.parse import unquote

    if rule_broken_by(name) is None:
        assert unquote(name) == name


@settings(deadline=None)
@given(NAMES)
def test_any_name_is_taken_or_refused_by_a_known_rule(name: str) -> None:
    rule = rule_broken_by(name)
    assert rule is None or rule in RULES


def test_names_are_joined_as_they_stand(tmp_path: Path) -> None:
    assert safe_join(tmp_path, "a", "./b/", "c.bin") == str(tmp_path / "a" / "b" / "c.bin")
    assert safe_join(str(tmp_path)) == str(tmp_path)


@pytest.mark.parametrize("parts", [("..",), ("a", "..", "b"), ("a", "/etc/passwd"), ("a", "")])
def test_a_part_that_breaks_a_rule_is_not_joined(tmp_path: Path, parts: tuple[str, ...]) -> None:
    with pytest.raises(PathError):
        safe_join(tmp_path, *parts)


def test_a_link_that_leads_out_is_not_joined_and_one_that_stays_is(tmp_path: Path) -> None:
    base = tmp_path / "base"
    (base / "sub").mkdir(parents=True)
    (tmp_path / "secret").write_text("OUT")
    (base / "out").symlink_to("../secret")
    (base / "absolute").symlink_to(base / "sub")
    (base / "in").symlink_to("sub/../sub")
    assert safe_join(base, "in", "new") == f"{base}/in/new"
    for name in ("out", "absolute/x"):
        with pytest.raises(PathError) as caught:
            safe_join(base, name)
        assert caught.value.rule == "outside"


def test_what_does_not_exist_yet_is_joined_unless_a_link_climbs_behind_it(tmp_path: Path) -> None:
    (tmp_path / "later").symlink_to("new/../../secret")
    assert safe_join(tmp_path, "new/sub/file") == f"{tmp_path}/new/sub/file"
    with pytest.raises(PathError):
        safe_join(tmp_path, "later")


def test_a_base_that_is_missing_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        safe_join(tmp_path / "missing", "a")
