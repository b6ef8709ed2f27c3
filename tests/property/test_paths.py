"""The rules for names agree with a second reading of `docs/paths.md`, archives with `ntpath` and `posixpath`.

The second reading is a table of regular expressions, over the text instead of the bytes; the ranges of
characters come out of the docs.
"""

from __future__ import annotations

import ntpath
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dryload import scan
from dryload._native import check_name
from tests.build import zipped
from tests.build_tar import header, long_name, member, tar

DOCS = (Path(__file__).parents[2] / "docs" / "paths.md").read_text(encoding="utf-8")


def ranges(rule: str) -> str:
    """Makes a class of characters of the ranges that the docs give for a rule."""
    listed = re.search(rf"Ranges of `{rule}`: (.+?)\.\n", DOCS, re.DOTALL)
    assert listed is not None
    spans = re.findall(r"\b([0-9A-F]{4,5})(?:\u2013([0-9A-F]{4,5}))?\b", listed[1])
    return "[" + "".join(f"{chr(int(a, 16))}-{chr(int(b or a, 16))}" for a, b in spans) + "]"


WHOLE = {
    "empty": r"\A\Z",
    "encoding": "[\ud800-\udfff]",
    "too-long": None,
    "nul": "\0",
    "control": "[\x01-\x1f\x7f-\x9f\u2028\u2029]",
    "invisible": ranges("invisible"),
    "confusable": ranges("confusable"),
    "unc": r"\A[/\\]{2}",
    "absolute": r"\A/",
    "backslash": r"\\",
    "drive": r"\A[A-Za-z]:",
    "colon": ":",
    "character": r'[<>"|?*]',
    "percent": r"%(?:[uU][0-9A-Fa-f]{4}|[0-9A-Fa-f]{2})",
    "home": r"\A~",
}
COMPONENT = {
    "empty-component": r"\A\Z",
    "current": r"\A\.\Z",
    "parent": r"\A\.\.\Z",
    "component-too-long": None,
    "trailing-dot": r"\.\Z",
    "trailing-space": r" \Z",
    "device": r"(?ai)\A(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[1-9\u00b9\u00b2\u00b3]) *(?:\.|\Z)",
}
LEADS_OUT = dict(re.findall(r"^\| \d+ \| `([a-z-]+)` \|.*\| ([^|]+) \|$", DOCS, re.MULTILINE))
BOUNDS = {"too-long": 4095, "component-too-long": 255}


def faults(name: str) -> Iterator[tuple[str, int]]:
    """Yields what the second reading finds wrong."""
    yield from broken(WHOLE, name, 0)
    start = 2 if re.match(r"\./.", name, re.DOTALL) else 0
    for component in re.split("/", re.sub(r"/\Z", "", name[start:])):
        yield from broken(COMPONENT, component, start)
        start += len(component) + 1


def broken(rules: dict[str, str | None], text: str, start: int) -> Iterator[tuple[str, int]]:
    for rule, pattern in rules.items():
        if pattern is None:
            size = 0
            for at, each in enumerate(text):
                size += len(each.encode("utf-8", "surrogatepass"))
                if size > BOUNDS[rule]:
                    yield rule, start + at
                    break
        elif found := re.search(pattern, text):
            yield rule, start + found.start()


PIECES = st.sampled_from(
    [
        *(
            "a",
            "b.c",
            ".",
            "..",
            "...",
            "/",
            "/",
            "\\",
            ":",
            "%",
            "%2e",
            "%2F",
            "%u002e",
            "%u2",
            "~",
            " ",
            "C",
            "<",
        ),
        *(
            "CON",
            "nul",
            "com1",
            "LPT\u00b2",
            "LPT0",
            "conin$",
            "\u2024",
            "\u2025",
            "\uff0f",
            "\u200c",
            "\u0130",
        ),
        *("\0", "\n", "\u2028", "\ud800", "\udcae", "\U0001f600", "\u00e9" * 127, "y" * 250, "a/" * 1000),
    ]
)
NAMES = st.lists(PIECES | st.characters(exclude_categories=()), max_size=8).map("".join)


@settings(deadline=None, max_examples=500)
@given(NAMES)
@example("a/" * 2048)
@example("\u00e9/" * 2000)
@example("./")
@example(".//")
@example("CON/..")
def test_the_first_rule_that_is_broken_and_its_place_are_those_of_the_docs(name: str) -> None:
    assert check_name(name.encode("utf-8", "surrogatepass")) == next(faults(name), None)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([b"\xc0\xae", b"\xff", b"\xf0\x9f", b"/", b"..", b"a", b"\x80"])).map(b"".join)
)
@example(b"\xe3\x81/\x82")
def test_bytes_that_are_no_utf8_are_told_at_the_first_of_them(name: bytes) -> None:
    text = name.decode("utf-8", "surrogateescape")
    assert check_name(name) == next(faults(text), None)


def slugs(data: bytes) -> set[str]:
    """Gives what a scan finds about the names of members."""
    told = {"tar-outside-name", "tar-odd-name", "zip-unsafe-name", "zip-odd-name"}
    return told & {finding.rule for finding in scan(data, name="model").findings}


def is_outside(name: str) -> bool:
    """Whether Windows or POSIX joins a name to a folder and is outside of it."""
    # To ntpath any character before a colon is a drive; Windows gives letters only.
    plain = re.sub(r"\A[^A-Za-z]:+", "x", name)
    windows = ntpath.normpath(ntpath.join("Q:\\base\\in", plain))
    posix = posixpath.normpath(posixpath.join("/base/in", name))
    return not (windows.startswith("Q:\\base\\in") and posix.startswith("/base/in"))


MARKS = st.sampled_from(["/", "\\", "..", ".", "a", ":", "C", "%2e", "\u2025", " ", "\u200c", "b.pkl", "~"])
MEMBERS = st.lists(MARKS, min_size=1, max_size=8).map("".join)


@settings(deadline=None)
@given(MEMBERS)
@example("a\u200c/..\\..\\b")
@example("w:0.pkl")
@example("%2e%2e/a")
def test_an_archive_makes_of_a_name_what_the_docs_say(name: str) -> None:
    in_tar, in_zip = slugs(tar(long_name(name), member("a"))), slugs(zipped({name: b""}))
    fault = check_name(name.encode())
    if is_outside(name):
        assert in_tar == {"tar-outside-name"}
        assert in_zip == {"zip-unsafe-name"} or re.match(r"[A-Za-z]:[^/\\]", name)
    if fault is None:
        assert not in_tar
        assert not in_zip
    if fault and fault[0] in {"unc", "absolute", "parent"}:
        assert (in_tar, in_zip) == ({"tar-outside-name"}, {"zip-unsafe-name"})
    if in_tar == {"tar-outside-name"} or in_zip == {"zip-unsafe-name"}:
        assert any(not LEADS_OUT[rule].startswith("nowhere") for rule, _ in faults(name))


@settings(deadline=None)
@given(MEMBERS)
@example("%2e%2e/a")
@example("../\u2025/a")
def test_a_link_that_is_taken_stays_inside_for_the_most_lenient_reader(target: str) -> None:
    data = tar(header("a", flag=b"5"), header("a/l", flag=b"2", link=target.encode()))
    if "tar-outside-link" not in {finding.rule for finding in scan(data, name="model").findings}:
        lenient = target.replace("\u200c", "").replace("\u2025", "..").replace("%2e", ".").replace("\\", "/")
        assert posixpath.normpath(f"/base/a/{lenient}").startswith("/base")
