"""What machines read: valid by the schemas, the same from a saved report, and safe with hostile names."""

from __future__ import annotations

import io
import json
import os
import re
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from dryload import Report, Verdict, scan, scan_many
from dryload.cli.main import main
from dryload.outputs import OUTPUTS
from dryload.outputs.base import RunEnd, Style, make
from dryload.report import Summary
from dryload.report_read import ReadError, read_reports
from tests.build import pkasm, zipped

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"
# The schema of OASIS, as the crate serde-sarif 0.8.0 ships it.
SARIF = json.loads((DATA / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
SCHEMA = json.loads(
    (ROOT / "python" / "dryload" / "data" / "dryload.schema.json").read_text(encoding="utf-8")
)

HOSTILE = [
    "\x1b[2K\x1b[1A\x1b[32mOK clean",
    "a\n::error::forged",
    "::stop-commands::x",
    "</script><img src=x onerror=alert(1)>",
    "| a | `b` [c](http://d) @e |",
    "]]>&amp;\ufffe",
    "\u202eknip",
    "caf\xe9%0A::warning::x",
    "a:b,c%25",
]


def hostile_pickle(text: str) -> bytes:
    """Calls a name of which both parts are this text."""
    raw = text.encode("utf-8", "surrogatepass")
    word = b"\x8c" + bytes([len(raw)]) + raw
    return b"\x80\x04" + word + word + b"\x93)R."


@cache
def reports() -> tuple[Report, ...]:
    """Files of the corpora, and hostile strings wherever a file can have one."""
    found = list(scan_many([str(DATA), str(ROOT / "samples")]))
    for number, text in enumerate(HOSTILE):
        data = hostile_pickle(text)
        found.append(scan(data, name=text))
        found.append(scan(zipped({text.replace("\0", ""): data, f"{number}.pkl": data}), name=f"{text}.zip"))
    found.append(scan(b"\x80\x04N.", name=os.fsdecode(b"caf\xe9/\xff.pkl")))
    found.append(scan(b"", name="empty.pkl"))
    found.append(scan(b"", name="no file is called \ud800.pkl"))
    # The same twice, as a user may name a file twice.
    found += [scan(hostile_pickle("twice"), name="twice.pkl")] * 2
    return tuple(found)


def written(name: str, of: tuple[Report, ...] | None = None) -> str:
    of = reports() if of is None else of
    stream = io.StringIO()
    output = make(name, stream, Style())
    for report in of:
        output.add(report)
    output.close(RunEnd(summary=Summary(of), elapsed_ms=12, exit_code=1))
    return stream.getvalue()


def test_json_and_each_line_of_jsonl_follow_the_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    validator = Draft202012Validator(SCHEMA)
    document = json.loads(written("json"))
    assert not list(validator.iter_errors(document))
    assert len(document["files"]) > 200
    for line in written("jsonl").splitlines():
        assert not list(validator.iter_errors(json.loads(line)))


def test_the_schema_refuses_what_is_no_report_and_knows_every_field() -> None:
    validator = Draft202012Validator(SCHEMA)
    document = json.loads(written("json"))
    closed = Draft202012Validator(_closed(SCHEMA))
    assert not list(closed.iter_errors(document)), "a field is not in the schema"
    document["files"][0]["verdict"] = "clean"
    assert list(validator.iter_errors(document))
    assert list(validator.iter_errors({"files": []}))


def _closed(schema: Any) -> Any:
    """Makes a schema refuse fields that it does not name."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _closed(value) for name, value in schema.items()}
    if "properties" in made and isinstance(made["properties"], dict):
        made.setdefault("additionalProperties", False)
    return made


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_a_saved_report_gives_the_same_again(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = written(name)
    path = tmp_path / "in"
    path.write_text(text)
    assert main(["report", str(path), "--format", name]) == 0
    assert capsys.readouterr().out == text


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_every_output_is_made_of_a_saved_report(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(written("jsonl"))
    assert main(["report", str(path), "--format", name, "--exit-code"]) == 1
    told = capsys.readouterr().out
    assert told
    if name in ("sarif", "gitlab", "github", "junit", "markdown"):
        assert told == written(name)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "an empty file"),
        ("{}", "line 1"),
        ("[1]", "no list of files"),
        ("hello", "not JSON"),
        ('{"schema": "dryload.report/2", "files": []}', "dryload.report/1"),
        ('{"schema": "dryload.report/1", "files": [{"path": 1}]}', "files\\[0\\]"),
        ('{"path": "a", "verdict": "clean"}', "line 1"),
        ('{"schema": "dryload.report/1", "summary": {}}', "summary"),
    ],
)
def test_what_is_no_report_is_told(text: str, fault: str) -> None:
    with pytest.raises(ReadError, match=fault):
        list(read_reports(text))


def hostile_report(**changes: object) -> str:
    document = json.loads(written("json", (scan(hostile_pickle("a"), name="a.pkl"),)))
    (file,) = document["files"]
    for name, value in changes.items():
        (file if name in file else file["findings"][0])[name] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rule", "a\n::error::forged"),
        ("format", '"/><script>'),
        ("fingerprint", "<b>"),
        ("severity", "\n"),
        ("evidence", {"a": [1]}),
        ("span", [0]),
        ("part", True),
    ],
)
def test_words_of_ours_in_a_saved_report_are_ours(name: str, value: object) -> None:
    assert len(list(read_reports(hostile_report()))) == 2
    with pytest.raises(ReadError):
        list(read_reports(hostile_report(**{name: value})))


def test_a_report_may_nest_deep_or_hold_other_ends_of_lines() -> None:
    with pytest.raises(ReadError, match="too deep"):
        list(read_reports("[" * 100_000))
    lines = written("jsonl", (scan(b"\x80\x04N.", name="a.pkl"),)).replace('"a.pkl"', '"a\u2028b.pkl"')
    assert [report.path for report in read_reports(lines) if isinstance(report, Report)] == ["a\u2028b.pkl"]


def test_a_broken_report_is_an_error_of_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.json"
    path.write_text(written("json")[:-200])
    assert main(["report", str(path)]) == 2
    assert "not JSON" in capsys.readouterr().err


def test_sarif_follows_the_schema_and_locates_every_result() -> None:
    log = json.loads(written("sarif"))
    assert not list(Draft7Validator(SARIF).iter_errors(log))
    (run,) = log["runs"]
    assert run["invocations"][0]["exitCode"] == 1
    artifacts = run["artifacts"]
    rules = run["tool"]["driver"]["rules"]
    findings = [finding for report in reports() for finding in report.findings if not report.ignored]
    assert len(run["results"]) == len(findings)
    for result, finding in zip(run["results"], findings, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding.rule
        place = result["locations"][0]["physicalLocation"]
        assert place["region"]["startLine"] == 1
        assert (
            artifacts[place["artifactLocation"]["index"]]["location"]["uri"]
            == place["artifactLocation"]["uri"]
        )
        if finding.file_span is not None:
            assert place["region"]["byteOffset"] == finding.file_span.start
        assert result["partialFingerprints"] == {"dryload/v1": finding.fingerprint}
        level = "warning" if finding.verdict is Verdict.INCONCLUSIVE else finding.severity.value
        assert result["level"] == level
        uri = place["artifactLocation"]["uri"]
        assert re.fullmatch(r"(file://)?[A-Za-z0-9._~%/-]+", uri), uri
    nested = [artifact for artifact in artifacts if "parentIndex" in artifact]
    assert nested
    assert all("parentIndex" not in artifacts[artifact["parentIndex"]] for artifact in nested)
    inconclusive = sum(finding.verdict is Verdict.INCONCLUSIVE for finding in findings)
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == inconclusive > 5


def test_sarif_shows_the_import_and_then_the_call() -> None:
    data = pkasm("PROTO 2\nGLOBAL posix system\nBINUNICODE 'true'\nTUPLE1\nREDUCE\nSTOP").data
    log = json.loads(written("sarif", (scan(data, name="a.pkl"),)))
    (result,) = log["runs"][0]["results"]
    (flow,) = result["codeFlows"][0]["threadFlows"]
    offsets = [each["location"]["physicalLocation"]["region"]["byteOffset"] for each in flow["locations"]]
    assert offsets == [data.index(b"c"), data.index(b"R")]


def test_no_output_has_a_control_character_or_a_mark_of_direction() -> None:
    for name in OUTPUTS:
        told = written(name)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", told), (
            name
        )


def test_github_commands_are_ours_alone() -> None:
    told = written("github")
    for line in told.splitlines():
        if line.startswith("::"):
            match = re.fullmatch(r"::(error|warning|notice) file=([^:,]*),title=([^:,]*)::(.*)", line)
            assert match, line
            assert "::" not in match[4]
            assert not re.search("%(?!25|0D|0A|3A|2C)", match[2] + match[3])
            assert not re.search("%(?!25|0A)", match[4])
        else:
            assert "::" not in line
            assert not line.startswith("##[")
    assert told.count("\n::") > 50


def test_gitlab_has_a_fingerprint_for_each_finding() -> None:
    issues = json.loads(written("gitlab"))
    # A file that was named twice is the same finding twice.
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) - 1 > 50
    assert {issue["severity"] for issue in issues} <= {"info", "minor", "major", "critical", "blocker"}
    assert all(issue["location"]["lines"]["begin"] == 1 for issue in issues)


def test_junit_parses_and_counts() -> None:
    root = ET.fromstring(written("junit"))
    suite = root[0]
    judged = [report for report in reports() if not report.ignored]
    assert int(suite.attrib["tests"]) == len(suite) == len(judged)
    failed = suite.findall("testcase/failure")
    errors = suite.findall("testcase/error")
    assert (int(suite.attrib["failures"]), int(suite.attrib["errors"])) == (len(failed), len(errors))
    assert len(failed) + len(errors) == sum(not report.ok for report in judged)


def test_markdown_is_short_when_clean_and_has_no_markup_of_a_file() -> None:
    clean = written("markdown", (scan(b"\x80\x04N.", name="a.pkl"),))
    assert clean.startswith("### dryload: all inert\n\n1 file, 1 inert.")
    assert len(clean.splitlines()) == 3
    told = written("markdown")
    rows = [line for line in told.splitlines() if line.startswith("| ")][1:]
    assert all(row.count("|") == 5 for row in rows)
    assert not re.search(r"[`<>\\]|\]\(|@|https?:", "".join(rows))


def test_markdown_fits_into_a_job_summary() -> None:
    report = scan(hostile_pickle("x" * 100), name="y" * 100)
    stream = io.StringIO()
    output = make("markdown", stream, Style())
    for _ in range(5000):
        output.add(report)
    output.close(RunEnd(summary=Summary(), elapsed_ms=1, exit_code=1))
    assert len(stream.getvalue()) < 1_000_000
    assert "more findings do not fit here" in stream.getvalue()


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA
