"""The HTML report is one page that asks for nothing, whatever the files in it are called and hold.

What a browser makes of it is tested in `tests/browser`.
"""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import json
import os
import pickle
import pickletools
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dryload.outputs import html_detail, html_views
from dryload.outputs.base import RunEnd, Style, make
from dryload.outputs.html import EXACT, dumped
from dryload.outputs.safe_text import safe_text
from dryload.report import Report, Summary
from dryload.scanner import scan

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too
HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>",
    "{{script}}{{about}}",
    "]]>\x1b[2J\u202e\n\udcff",
)


class Page(HTMLParser):
    """Reads a page into its elements, with the attributes and the text of each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts.append("")
        self.inside = True

    def handle_endtag(self, _tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.texts[-1] += data

    def all(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        """Gives attributes and text of the elements of a name; the text is that up to the next tag."""
        return [
            (attributes, text)
            for (name, attributes), text in zip(self.elements, self.texts, strict=True)
            if name == tag
        ]

    def block(self, name: str) -> Any:
        """Gives the JSON of a block of data."""
        (text,) = [text for attributes, text in self.all("script") if attributes.get("id") == name]
        assert "<" not in text
        return json.loads(text)


def written(reports: list[Report]) -> str:
    stream = io.StringIO()
    output = make("html", stream, Style())
    for report in reports:
        output.add(report)
    output.close(RunEnd(summary=Summary(reports), elapsed_ms=3, exit_code=1))
    return stream.getvalue()


def details(report: Report) -> dict[str, Any]:
    ((*_, told),) = Page(written([report])).block("files")
    assert isinstance(told, dict)
    return told


def saved(folder: Path, data: bytes, name: str = "a.pkl") -> Report:
    path = folder / name
    path.write_bytes(data)
    return scan(path)


def header(ranges: list[tuple[int, int]], size: int) -> bytes:
    entries = {
        f"t{i}": {"dtype": "U8", "shape": [b - a], "data_offsets": [a, b]} for i, (a, b) in enumerate(ranges)
    }
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text + bytes(size)


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function: Any, *args: object) -> None:
        self.call = function, args

    def __reduce__(self) -> tuple[Any, tuple[object, ...]]:
        return self.call


def test_the_policy_of_the_page_permits_its_own_script_and_style_and_nothing_else(evil: bytes) -> None:
    page = Page(written([scan(evil, name="a.pkl")]))
    (policy,) = [
        attributes["content"]
        for attributes, _ in page.all("meta")
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    scripts = [text for attributes, text in page.all("script") if "type" not in attributes]
    ((_, style),) = page.all("style")
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (*scripts, style)]
    assert len(scripts) == 1
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_no_element_runs_or_fetches_anything(evil: bytes) -> None:
    text = written([scan(evil, name="a.pkl")])
    for tag, attributes in Page(text).elements:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form", "svg")
        for name in attributes:
            assert not name.startswith("on")
            assert name not in ("style", "src", "href", "action", "srcdoc")
    shown = text.partition('<script type="application/json"')[0] + text.rpartition("<script>")[2]
    assert not re.search(
        r"https?:|url\(|@import|innerHTML|outerHTML|insertAdjacentHTML|eval\(|document\.write", shown
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_changes_no_element_of_the_page(text: str) -> None:
    data = b"c" + text.replace("\n", "").encode("utf-8", "replace") + b"\n" + b"Name\n)R."
    plain = Page(written([scan(b"cplain\nName\n)R.", name="plain.pkl")]))
    page = Page(written([scan(data, name=text)]))
    assert page.elements == plain.elements
    assert page.block("files")[0][0] == safe_text(text, cap=None)


@given(ANY_TEXT)
def test_any_text_is_told_whole_in_ascii_without_an_opening_bracket(text: str) -> None:
    told = dumped({"a": [text]})
    assert told.isascii()
    assert "<" not in told
    assert json.loads(told) == {"a": [safe_text(text, cap=None)]}


@given(st.integers(min_value=0, max_value=2**64 - 1))
def test_a_number_that_a_browser_would_round_is_a_text(number: int) -> None:
    told = json.loads(dumped(number), parse_int=float)
    assert int(told) == number
    assert isinstance(told, str) == (number > EXACT)


def test_a_page_of_no_files_is_a_page() -> None:
    page = Page(written([]))
    assert page.block("files") == []
    assert page.block("about")["summary"]["files"] == 0


def test_a_row_has_path_verdict_format_size_and_findings(plain: bytes, evil: bytes) -> None:
    page = Page(written([scan(plain, name="a.pkl"), scan(evil, name="b.pkl")]))
    rows = page.block("files")
    verdicts = page.block("about")["verdicts"]
    assert [[*row[:1], verdicts[row[1]], *row[2:5]] for row in rows] == [
        ["a.pkl", "inert", "pickle", len(plain), 0],
        ["b.pkl", "malicious", "pickle", len(evil), 1],
    ]
    (finding,) = rows[1][5]["findings"]
    assert finding["rule"] == "pickle-dangerous-call"
    assert finding["fingerprint"].startswith("dl1:")
    assert (finding["verdict"], finding["part"]) == (0, 0)
    assert "What to do" in page.block("about")["rules"]["pickle-dangerous-call"]


def test_only_the_first_inert_files_have_details(
    plain: bytes, evil: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html_detail, "MAX_INERT", 2)
    rows = Page(written([*[scan(plain)] * 3, scan(evil)])).block("files")
    assert [len(row) for row in rows] == [6, 6, 5, 6]


def test_a_page_has_room_for_so_many_rows(
    evil: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = len(details(saved(tmp_path, evil))["ops"][0]["rows"])
    monkeypatch.setattr(html_detail, "MAX_ROWS", whole + 2)
    rows = Page(written([saved(tmp_path, evil)] * 3)).block("files")
    assert [len(list_["rows"]) for row in rows for list_ in row[5].get("ops", [])] == [whole, 2]
    assert rows[1][5]["ops"][0]["gaps"] == [2]


def test_the_instructions_are_those_of_the_disassembler(evil: bytes, tmp_path: Path) -> None:
    (listing,) = details(saved(tmp_path, evil))["ops"]
    told = [(offset, code, name) for offset, code, name, *_ in listing["rows"]]
    assert told == [(at, ord(opcode.code), opcode.name) for opcode, _, at in pickletools.genops(evil)]
    kinds = {name: kind for _, _, name, _, kind in listing["rows"]}
    assert (kinds["STACK_GLOBAL"], kinds["REDUCE"], kinds["MEMOIZE"]) == ("import", "call", "memo")
    meant = {name: text for _, _, name, text, _ in listing["rows"]}
    assert meant["REDUCE"] == f"→ {os.name}.system('true')"
    assert listing["gaps"] == []


@pytest.mark.parametrize("between", [0, 5, 99, 100, 101, 199, 299, 300, 301, 302, 400, 900])
def test_where_instructions_are_left_out_there_is_a_gap(between: int, tmp_path: Path) -> None:
    values = [Calls(os.system, "a"), list(range(between)), Calls(eval, "1"), [[n] for n in range(between)]]
    data = pickle.dumps([list(range(between)), *values], 4)
    (listing,) = details(saved(tmp_path, data))["ops"]
    place = {at: index for index, (_, _, at) in enumerate(pickletools.genops(data))}
    indices = [place[offset] for offset, *_ in listing["rows"]]
    missing = {0} if indices[0] else set()
    missing |= {index for index, (a, b) in enumerate(itertools.pairwise(indices), 1) if b != a + 1}
    missing |= {len(indices)} if indices[-1] != len(place) - 1 else set()
    # A window that begins just where the one before ends cannot be told from one that begins later.
    assert set(listing["gaps"]) - missing == set()
    assert missing <= set(listing["gaps"])


def test_a_file_that_is_gone_or_another_has_no_picture(evil: bytes, tmp_path: Path) -> None:
    report = saved(tmp_path, evil)
    assert "ops" in details(report)
    (tmp_path / "a.pkl").unlink()
    assert "ops" not in details(report)
    tensors = saved(tmp_path, header([(0, 4)], 4), "a.safetensors")
    assert "tensors" in details(tensors)
    with (tmp_path / "a.safetensors").open("ab") as file:
        file.write(b"more")
    assert "tensors" not in details(tensors)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(evil: bytes, tmp_path: Path) -> None:
    reports = [saved(tmp_path, evil), saved(tmp_path, header([(0, 4)], 4), "a.safetensors")]
    for report in reports:
        os.unlink(report.path)  # noqa: PTH108
        os.mkfifo(report.path)
        assert not {"ops", "tensors"} & details(report).keys()


def test_bytes_have_no_picture(evil: bytes) -> None:
    assert "ops" not in details(scan(evil, name="a.pkl"))


RANGE = st.tuples(st.integers(0, 12), st.integers(0, 6)).map(lambda pair: (pair[0], sum(pair)))


@given(st.lists(RANGE, max_size=6), st.integers(0, 20))
def test_the_marks_are_the_bytes_of_no_tensor_and_of_more_than_one(
    ranges: list[tuple[int, int]], size: int
) -> None:
    rows = sorted(
        ((f"{i}", "U8", [b - a], (a, b)) for i, (a, b) in enumerate(ranges)), key=lambda row: row[3]
    )
    covered = [at for start, end in ranges for at in range(start, end)]
    top = max([end for _, end in ranges], default=0)
    expected = {
        "hole": {at for at in range(max(size, top)) if at not in covered},
        "overlap": {at for at in covered if covered.count(at) > 1},
        "beyond": set(range(size, top)),
    }
    marks = list(html_views._marks(rows, 0, size))
    for kind, places in expected.items():
        assert {at for name, start, end in marks if name == kind for at in range(start, end)} == places
    assert all(start < end for _, start, end in marks)


def test_tensors_are_told_in_the_order_of_their_bytes_up_to_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = header([(4, 8), (0, 4), (8, 12)], 12)
    start = len(data) - 12
    told = details(saved(tmp_path, data, "a.safetensors"))["tensors"]
    assert told["rows"][0] == ["t1", "U8", "4", start, start + 4]
    assert [row[0] for row in told["rows"]] == ["t1", "t0", "t2"]
    assert (told["total"], told["marks"], told["dtypes"]) == (3, [], [["U8", 3, 12]])
    monkeypatch.setattr(html_detail, "MAX_ROWS_OF_A_FILE", 2)
    told = details(saved(tmp_path, data, "a.safetensors"))["tensors"]
    assert (len(told["rows"]), told["total"], told["rest"]) == (2, 3, [start + 8, start + 12])


def test_an_ignored_file_only_counts() -> None:
    report = Report(
        "README", scan(b"").verdict, (), seen=scan(b"").snapshot(), policy="default", ignored=True
    )
    page = Page(written([report]))
    assert page.block("files") == []
    assert page.block("about")["summary"]["ignored"] == 1
