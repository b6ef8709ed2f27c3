"""What a browser makes of the HTML report: it works, asks for nothing, complains of nothing, and runs nothing
that a file brought.

It needs the extra `browser` and a Chromium of the system.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dryload.outputs.base import RunEnd, Style, make
from dryload.report import Report, Summary
from dryload.scanner import scan

pytestmark = pytest.mark.browser
api = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-headless-shell", "google-chrome"))), None
)
if CHROMIUM is None:
    pytest.skip("there is no Chromium here", allow_module_level=True)

Show = Callable[..., Any]

SHOWN = "#rows tr:not(.pad)"
INJECTED = "<img src=x onerror=window.injected=1>"


class Runs:
    """Pickles as a call of os.system."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("true",)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with api.sync_playwright() as playwright:
        # The sandbox of a browser does not start in a container; all it opens is our own page.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Show]:
    """Shows a page of reports, and sees at the end that it asked for nothing and complained of nothing."""
    seen: dict[str, list[str]] = {"requests": [], "console": [], "errors": [], "dialogs": []}
    contexts = []
    file = tmp_path / "page" / "report.html"
    file.parent.mkdir()

    def shown(reports: list[Report], hash: str = "", *, width: int = 1280, scheme: str = "light") -> Any:
        with file.open("w", encoding="utf-8") as stream:
            output = make("html", stream, Style())
            for report in reports:
                output.add(report)
            output.close(RunEnd(summary=Summary(reports), elapsed_ms=3, exit_code=1))
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: seen["requests"].append(request.url.partition("#")[0]))
        page.on("console", lambda message: seen["console"].append(message.text))
        page.on("pageerror", lambda error: seen["errors"].append(str(error)))
        page.on("dialog", lambda dialog: seen["dialogs"].append(dialog.message))
        page.goto(file.as_uri() + hash)
        return page

    yield shown
    for context in contexts:
        assert context.pages[0].evaluate("window.injected") is None
        context.close()
    told = {name: texts for name, texts in seen.items() if name != "requests"}
    assert told == {"console": [], "errors": [], "dialogs": []}
    assert seen["requests"] == [file.as_uri()] * len(contexts)


@pytest.fixture
def zoo(tmp_path: Path) -> list[Report]:
    """A flagged pickle of some length, an unknown one, an inert one, and tensors that overlap."""
    values = {"w": list(range(900)), "x": Runs(), "y": [[n] for n in range(400)]}
    entries = {
        name: {"dtype": "U8", "shape": [end - start], "data_offsets": [start, end]}
        for name, start, end in (("a", 0, 40), ("b", 30, 60), ("c", 70, 100))
    }
    text = json.dumps(entries).encode()
    files = {
        "evil.pkl": pickle.dumps(values, 4),
        "unlisted.pkl": b"\x80\x02cmycorp.features\nScaler\n)\x81.",
        "plain.pkl": pickle.dumps(["w", 1.0] * 99, 4),
        "overlap.safetensors": len(text).to_bytes(8, "little") + text + bytes(100),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    return [scan(tmp_path / name) for name in files]


def names(page: Any) -> list[str]:
    return [name.text_content() for name in page.query_selector_all(f"{SHOWN} .path b")]


def in_sight(page: Any, selector: str, box: str) -> bool:
    """Says whether an element is inside a box that scrolls."""
    code = """([selector, box]) => {
        const inner = document.querySelector(selector).getBoundingClientRect();
        const outer = document.querySelector(box).getBoundingClientRect();
        return inner.top >= outer.top && inner.bottom <= outer.bottom;
    }"""
    return bool(page.evaluate(code, [selector, box]))


def test_the_worst_stand_first_and_a_heading_sorts(show: Show, zoo: list[Report]) -> None:
    page = show(zoo)
    assert page.text_content(".still") == "Nothing was loaded or executed."
    assert page.text_content("#headline") == "4 files: 1 malicious, 1 invalid, 1 unknown"
    assert names(page) == ["evil.pkl", "overlap.safetensors", "unlisted.pkl", "plain.pkl"]
    page.click("th[data-key=path] button")
    assert names(page) == ["evil.pkl", "overlap.safetensors", "plain.pkl", "unlisted.pkl"]
    assert page.get_attribute("th[data-key=path]", "aria-sort") == "ascending"
    page.click("th[data-key=path] button")
    assert names(page) == ["unlisted.pkl", "plain.pkl", "overlap.safetensors", "evil.pkl"]
    assert page.get_attribute("th[data-key=path]", "aria-sort") == "descending"
    assert page.get_attribute("th[data-key=verdict]", "aria-sort") is None
    page.click("th[data-key=size] button")
    sizes = {os.path.basename(report.path): report.size for report in zoo}
    assert names(page) == sorted(sizes, key=lambda name: -sizes[name])


def test_chips_formats_and_words_filter(show: Show, zoo: list[Report]) -> None:
    page = show(zoo)
    page.click(".chip[data-verdict=malicious]")
    assert names(page) == ["evil.pkl"]
    assert page.get_attribute(".chip[data-verdict=malicious]", "aria-pressed") == "true"
    page.click(".chip[data-verdict=inert]")
    assert names(page) == ["evil.pkl", "plain.pkl"]
    page.click(".chip[data-verdict=malicious]")
    page.click(".chip[data-verdict=inert]")
    page.select_option("#format", "safetensors")
    assert names(page) == ["overlap.safetensors"]
    page.select_option("#format", "")
    for words, found in {
        "SYSTEM('true')": ["evil.pkl"],
        "pickle-unknown-name": ["unlisted.pkl"],
        "mycorp scaler": ["unlisted.pkl"],
        "plain": ["plain.pkl"],
    }.items():
        page.fill("#search", words)
        assert names(page) == found, words
    assert page.text_content("#shown") == "1 of 4 shown"
    page.fill("#search", "no such thing")
    assert page.is_visible("#empty")
    page.keyboard.press("Escape")
    assert len(names(page)) == 4
    assert page.is_disabled(".chip[data-verdict=inconclusive]")


def test_a_click_shows_the_findings_and_the_instructions_at_the_call(show: Show, zoo: list[Report]) -> None:
    page = show(zoo)
    page.click(f"{SHOWN} .path")
    (finding,) = zoo[0].findings
    card = page.text_content(".card")
    for text in (
        finding.rule,
        finding.message,
        finding.help,
        finding.fingerprint,
        f"{finding.span.start:#x}",
    ):
        assert text in card
    call = ".ops tr.call"
    assert page.get_attribute(call, "data-offset") == str(finding.span.start)
    assert "REDUCE" in page.text_content(call)
    assert in_sight(page, call, ".ops")
    assert "imported here" in page.text_content(".ops tr.import")
    assert page.query_selector(".ops tr.gap") is not None
    assert page.query_selector(".ops tr.memo") is not None
    page.click(".card summary")
    assert "What to do" in page.text_content(".page")
    page.click("[data-close]")
    assert page.is_hidden("#detail")


def test_tensors_are_a_map_with_what_is_wrong_between_them(show: Show, zoo: list[Report]) -> None:
    page = show(zoo, "#file=4")
    boxes = {kind: page.query_selector(f".map .{kind}").bounding_box() for kind in ("overlap", "hole")} | {
        "map": page.query_selector(".map").bounding_box()
    }
    whole = boxes["map"]["width"]
    assert boxes["overlap"]["x"] - boxes["map"]["x"] == pytest.approx(0.3 * whole, abs=2)
    assert boxes["overlap"]["width"] == pytest.approx(0.1 * whole, abs=2)
    assert boxes["hole"]["x"] - boxes["map"]["x"] == pytest.approx(0.6 * whole, abs=2)
    names = [
        row.text_content() for row in page.query_selector_all("[aria-label=tensors] tbody td:first-child")
    ]
    assert names == ["a", "shared by two tensors", "b", "of no tensor", "c"]


def test_the_keyboard_is_enough(show: Show, zoo: list[Report]) -> None:
    page = show(zoo)
    press = page.keyboard.press
    press("j")
    assert page.evaluate("document.activeElement.textContent").endswith("evil.pkl")
    press("j")
    press("j")
    press("k")
    assert page.text_content("tr.here .path b") == "overlap.safetensors"
    press("Enter")
    assert page.text_content(".bar h2").endswith("overlap.safetensors")
    press("j")
    assert page.text_content(".bar h2").endswith("unlisted.pkl")
    press("Tab")
    assert page.evaluate("document.activeElement.closest('#detail') !== null")
    press("Escape")
    assert page.is_hidden("#detail")
    assert page.evaluate("document.activeElement.textContent").endswith("unlisted.pkl")
    press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("jk/")
    assert page.input_value("#search") == "jk/"
    press("Escape")
    assert page.input_value("#search") == ""
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


def test_a_link_leads_to_a_file_and_an_offset(show: Show, zoo: list[Report]) -> None:
    at = zoo[0].findings[0].evidence["imported_at"]
    page = show(zoo, f"#file=1&off={at:#x}")
    assert page.get_attribute(".ops tr.target", "data-offset") == str(at)
    assert in_sight(page, ".ops tr.target", ".ops")
    page.click(".card a")
    assert page.get_attribute(".ops tr.target", "data-offset") == str(zoo[0].findings[0].span.start)
    page.evaluate("location.hash = '#file=3'")
    api.expect(page.locator(".bar h2")).to_contain_text("plain.pkl")
    page.go_back()
    api.expect(page.locator(".bar h2")).to_contain_text("evil.pkl")


@pytest.mark.parametrize(
    "hash", ["#file=99", "#file=-1", "#file=x&off=y", "#off=0x1", "#file=1&off=zz&part=<b>"]
)
def test_a_link_to_nothing_is_no_fault(show: Show, zoo: list[Report], hash: str) -> None:
    assert len(names(show(zoo, hash))) == 4


def test_there_is_a_dark_scheme(show: Show, zoo: list[Report]) -> None:
    grounds = {
        scheme: show(zoo, scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    brightness = {scheme: sum(map(int, ground[4:-1].split(","))) for scheme, ground in grounds.items()}
    assert brightness["dark"] < 150 < 600 < brightness["light"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(show: Show, zoo: list[Report], scheme: str) -> None:
    page = show(zoo, "#file=1", scheme=scheme)
    assert page.evaluate(CONTRAST) == []
    page.evaluate("location.hash = '#file=4'")
    page.wait_for_selector(".map")
    assert page.evaluate(CONTRAST) == []


def test_what_files_are_called_and_hold_stays_text(show: Show, tmp_path: Path) -> None:
    folder = tmp_path / "<"
    folder.mkdir()
    path = folder / f"script>{INJECTED}.pkl"
    name = f"</script>{INJECTED}".encode()
    path.write_bytes(b"c" + name + b"\n<!--<script>" + name + b"\n(V" + name + b"\ntR.")
    tensors = tmp_path / f"{INJECTED}.safetensors"
    entry = {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}
    text = json.dumps({f"</script>{INJECTED}": entry, "__metadata__": {INJECTED: INJECTED}}).encode()
    tensors.write_bytes(len(text).to_bytes(8, "little") + text + b"\0")
    reports = [scan(path), scan(tensors), scan(b"\x80\x04.", name=f"javascript:{INJECTED}\x1b\u202e\udcff")]
    page = show(reports)
    for index, report in enumerate(reports, 1):
        page.evaluate(f"location.hash = '#file={index}'")
        api.expect(page.locator(f"tr.here[data-file='{index}']")).to_have_count(1)
        assert INJECTED in page.text_content("#detail")
        assert INJECTED in report.path
        page.fill("#search", INJECTED)
        assert page.evaluate("document.querySelectorAll('img, svg, iframe, main script').length") == 0
        assert page.evaluate("document.scripts.length") == 3
    assert page.evaluate("[...document.links].every((link) => link.getAttribute('href').startsWith('#'))")


def test_the_policy_holds_even_against_a_script_that_got_in(browser: Any) -> None:
    stream = io.StringIO()
    output = make("html", stream, Style())
    output.close(RunEnd(summary=Summary(), elapsed_ms=3, exit_code=3))
    planted = f"<script>window.injected = 1</script>{INJECTED}<p id=planted style='color: red'>x"
    page = browser.new_page()
    page.set_content(stream.getvalue().replace("<main", f"{planted}<main"))
    assert page.query_selector("#planted") is not None
    assert page.text_content("#headline") == "No file was scanned"
    assert page.evaluate("window.injected") is None
    assert page.evaluate("getComputedStyle(document.getElementById('planted')).color") != "rgb(255, 0, 0)"
    page.close()


def test_six_thousand_files_are_a_few_rows_at_a_time(show: Show, plain: bytes, evil: bytes) -> None:
    inert = scan(plain)
    reports = [
        Report(f"zoo/{n:04}.pkl", inert.verdict, (), seen=inert.snapshot(), policy="default")
        for n in range(6000)
    ]
    reports[4321] = scan(evil, name="zoo/found.pkl")
    page = show(reports)
    assert len(names(page)) < 100
    assert names(page)[0] == "found.pkl"
    page.evaluate("document.getElementById('list').scrollTop = 1e9")
    api.expect(page.locator("#rows")).to_contain_text("5999.pkl")
    assert len(names(page)) < 100
    page.click("th[data-key=path] button")
    assert names(page)[0] == "0000.pkl"
    page.click("th[data-key=path] button")
    assert names(page)[0] == "found.pkl"
    page.fill("#search", "4999")
    assert names(page) == ["4999.pkl"]
    page.click(f"{SHOWN} .path")
    assert "dryload inspect" in page.text_content("#detail")


@pytest.mark.parametrize("count", [0, 1])
def test_few_files_are_a_page_too(show: Show, plain: bytes, count: int) -> None:
    page = show([scan(plain, name="a.pkl")] * count)
    assert page.text_content("#headline") == ["No file was scanned", "1 file, inert"][count]
    assert page.is_visible("#empty") == (count == 0)
    assert page.is_visible("#detail") == (count == 1)


@pytest.mark.parametrize("width", [320, 480, 900, 1600])
def test_nothing_runs_out_of_a_narrow_window(show: Show, zoo: list[Report], width: int) -> None:
    page = show(zoo, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.getElementById('list').scrollWidth") <= width
    page.click(f"{SHOWN} .path")
    assert page.is_visible(".card")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_paper_has_all_rows(show: Show, plain: bytes) -> None:
    page = show([scan(plain, name=f"{n:03}.pkl") for n in range(300)])
    assert len(names(page)) < 100
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert len(names(page)) == 300
    assert page.is_hidden("#search")
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(names(page)) < 100


# Gives the texts in sight whose contrast to the ground behind them is under the 4.5 of WCAG 2.1 AA, which
# leaves out what is disabled.
CONTRAST = """() => {
    const parsed = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
        .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (element) => {
        for (let each = element; each; each = each.parentElement) {
            const colour = parsed(getComputedStyle(each).backgroundColor);
            if (colour.length === 3 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
    };
    const faults = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        if (!node.textContent.trim() || element.closest('script, noscript, :disabled')) continue;
        if (!element.checkVisibility()) continue;
        const both = [light(parsed(getComputedStyle(element).color)), light(ground(element))];
        const contrast = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
        if (contrast < 4.5) faults.push([contrast, element.className, node.textContent]);
    }
    return faults;
}"""
