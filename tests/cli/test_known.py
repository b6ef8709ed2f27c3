"""Suppressions and baselines hide a finding of one content, say so, and hide nothing else."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dryload import Policy, Report, scan, scan_many
from dryload.cli import hiding
from dryload.cli.config import Suppression
from dryload.cli.hiding import Entry, Hiding, content_hash, in_force
from dryload.cli.main import main
from dryload.findings import Finding, Verdict

Capture = pytest.CaptureFixture[str]
OTHER = "0" * 64
# What comes after the cut may be anything: the name before it is found all the same.
CUT_UNLISTED = b"\x80\x02cmycorp.features\nScaler\n)\x81q"


@pytest.fixture
def cwd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with models in a folder of their own beside it."""
    (tmp_path / "cwd").mkdir()
    (tmp_path / "zoo").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    return tmp_path / "cwd"


def put(cwd: Path, name: str, content: bytes) -> str:
    (cwd.parent / "zoo" / name).write_bytes(content)
    return os.path.join("..", "zoo", name)


def suppress(cwd: Path, content: bytes, *more: str, sha256: str | None = None) -> None:
    """Writes a configuration that suppresses every finding of a content."""
    digest = sha256 or hashlib.sha256(content).hexdigest()
    lines = []
    for fingerprint in sorted({finding.fingerprint for finding in scan(content).findings}):
        lines += ["[[suppress]]", f'fingerprint = "{fingerprint}"', f'sha256 = "{digest}"', 'reason = "ours"']
        lines += more
    (cwd / "dryload.toml").write_text("\n".join(lines) + "\n")


def listed(report: Report, *, malicious: bool = False, sha256: str | None = None) -> list[Entry]:
    """Gives entries for all findings of a report of a bulk scan."""
    digest = sha256 or content_hash(report)
    assert digest is not None
    return [
        Entry(fingerprint=finding.fingerprint, sha256=digest, by="configuration", malicious=malicious)
        for finding in report.findings
    ]


def refuse(line: str) -> None:
    raise AssertionError(line)


def test_a_suppressed_finding_is_counted_and_does_not_decide(
    cwd: Path, unlisted: bytes, capsys: Capture
) -> None:
    model = put(cwd, "model.pkl", unlisted)
    assert main([model, "--isolated"]) == 1
    suppress(cwd, unlisted)
    capsys.readouterr()
    assert main([model]) == 0
    assert "1 finding suppressed" in capsys.readouterr().out
    assert main([model, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (file,) = told["files"]
    (finding,) = file["findings"]
    assert (file["verdict"], finding["suppressed"]) == ("inert", True)
    assert (finding["suppressed_by"], finding["justification"]) == ("configuration", "ours")
    assert (told["summary"]["suppressed"], told["summary"]["baselined"]) == (1, 0)


def test_a_suppression_ends_with_the_content_and_says_which_it_is_now(
    cwd: Path, unlisted: bytes, capsys: Capture
) -> None:
    suppress(cwd, unlisted)
    # The same finding in a stream of two pickles.
    other = b"\x80\x02cmycorp.features\nScaler\n)\x81}b."
    assert {f.fingerprint for f in scan(other).findings} & {f.fingerprint for f in scan(unlisted).findings}
    model = put(cwd, "model.pkl", other)
    assert main([model]) == 1
    assert hashlib.sha256(other).hexdigest() in capsys.readouterr().err


def test_a_malicious_finding_needs_an_entry_that_says_so(cwd: Path, evil: bytes, capsys: Capture) -> None:
    model = put(cwd, "model.pkl", evil)
    suppress(cwd, evil)
    assert main([model]) == 1
    assert "is malicious, and the entry does not say so" in capsys.readouterr().err
    suppress(cwd, evil, "malicious = true")
    assert main([model]) == 0


def test_an_expired_suppression_is_told_and_not_in_force(cwd: Path, unlisted: bytes, capsys: Capture) -> None:
    model = put(cwd, "model.pkl", unlisted)
    suppress(cwd, unlisted, "expires = 2020-02-29")
    assert main([model]) == 1
    assert "(ours) expired after 2020-02-29" in capsys.readouterr().err
    suppress(cwd, unlisted, "expires = 9999-12-31")
    assert main([model]) == 0


def test_the_last_day_of_a_suppression_is_in_force() -> None:
    entry = Suppression(fingerprint="dl1:0123456789abcdef", sha256=OTHER, reason="x", expires="2026-11-26")
    told: list[str] = []
    assert len(in_force([entry], today="2026-11-26", tell=refuse)) == 1
    assert in_force([entry], today="2026-11-27", tell=told.append) == []
    assert len(told) == 1


def test_what_was_not_judged_to_its_end_stays_inconclusive(cwd: Path, capsys: Capture) -> None:
    model = put(cwd, "cut.pkl", CUT_UNLISTED)
    found = {finding.verdict for finding in scan(CUT_UNLISTED).findings}
    assert found == {Verdict.UNKNOWN, Verdict.INCONCLUSIVE}
    suppress(cwd, CUT_UNLISTED, "malicious = true")
    assert main([model]) == 3
    assert "was not judged to its end" in capsys.readouterr().err


def test_findings_that_were_not_kept_cannot_be_answered_for(cwd: Path) -> None:
    """Unknown names beyond the limit are counted and not kept: the last one is on no list."""
    names = b"".join(b"cmycorp.m%d\nName\n0" % index for index in range(30))
    model = put(cwd, "many.pkl", b"\x80\x02" + names + b"N.")
    policy = Policy.default().with_limits(max_observations=20)
    (report,) = scan_many([model], policy=policy)
    assert sum(part.dropped for part in report.parts) > 0
    assert report.coverage.complete
    hidden = Hiding(listed(report), tell=refuse)(report)
    assert all(finding.suppressed for finding in hidden.findings)
    assert hidden.verdict is Verdict.INCONCLUSIVE


def test_a_policy_cannot_silence_findings_that_were_not_kept(tmp_path: Path) -> None:
    """A thousand silenced findings hid one of another rule that found no room."""
    (tmp_path / "off.toml").write_text('extends = "default"\n[rules]\n"pickle-unknown-name" = "off"\n')
    policy = Policy.load(tmp_path / "off.toml")
    few = b"\x80\x02" + b"cmycorp.m\nName\n0" * 10 + b"N."
    assert scan(few, policy=policy).verdict is Verdict.INERT
    names = b"".join(b"cmycorp.m%d\nName\n0" % index for index in range(30))
    crowded = scan(b"\x80\x02" + names + b"N.", policy=policy.with_limits(max_observations=20))
    assert crowded.verdict is Verdict.INCONCLUSIVE


def test_one_entry_hides_one_finding(cwd: Path) -> None:
    model = put(cwd, "two.pkl", b"\x80\x02cmycorp.a\nA\n0cmycorp.b\nB\n0N.")
    (report,) = scan_many([model])
    first, second = report.findings
    hidden = Hiding(listed(report)[:1], tell=refuse)(report)
    assert [finding.suppressed for finding in hidden.findings] == [True, False]
    assert hidden.verdict is Verdict.UNKNOWN
    assert (first.suppressed, second.suppressed, report.verdict) == (False, False, Verdict.UNKNOWN)


def test_only_files_with_a_listed_finding_are_hashed(
    cwd: Path, plain: bytes, unlisted: bytes, evil: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in (("a.pkl", plain), ("b.pkl", unlisted), ("c.pkl", evil)):
        put(cwd, name, content)
    suppress(cwd, unlisted)
    hashed: list[str] = []

    def spied(report: Report) -> str | None:
        hashed.append(os.path.basename(report.path))
        return content_hash(report)

    monkeypatch.setattr(hiding, "content_hash", spied)
    assert main(["scan", os.path.join("..", "zoo")]) == 1
    assert hashed == ["b.pkl"]


def rewritten(path: str) -> None:
    content = Path(path).read_bytes()
    Path(path).write_bytes(content)


def replaced(path: str) -> None:
    content = Path(path).read_bytes()
    Path(path).rename(path + ".old")
    Path(path).write_bytes(content)


def removed(path: str) -> None:
    Path(path).unlink()


def a_pipe(path: str) -> None:
    Path(path).unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("change", [rewritten, replaced, removed, a_pipe])
def test_a_file_that_is_not_what_was_scanned_is_not_hashed(
    cwd: Path, unlisted: bytes, change: Callable[[str], None]
) -> None:
    model = put(cwd, "model.pkl", unlisted)
    os.utime(model, ns=(0, 0))
    (report,) = scan_many([model])
    entries = listed(report)
    assert Hiding(entries, tell=refuse)(report).verdict is Verdict.INERT
    change(model)
    told: list[str] = []
    assert Hiding(entries, tell=told.append)(report) is report
    assert len(told) == 1


def test_what_stands_at_the_path_by_now_is_not_read(
    cwd: Path, unlisted: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link to /dev/zero would be read without end."""
    model = put(cwd, "model.pkl", unlisted)
    (report,) = scan_many([model])
    replaced(model)

    def read(*_: object) -> object:
        raise AssertionError

    monkeypatch.setattr(hashlib, "file_digest", read)
    assert content_hash(report) is None


def test_a_file_that_changes_while_it_is_hashed_is_not_hidden(
    cwd: Path, unlisted: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = put(cwd, "model.pkl", unlisted)
    os.utime(model, ns=(0, 0))
    (report,) = scan_many([model])
    entries = listed(report)
    real = hashlib.file_digest

    def slow(file: object, name: str) -> object:
        digest = real(file, name)  # type: ignore[arg-type]
        os.utime(model, ns=(1, 1))
        return digest

    monkeypatch.setattr(hashlib, "file_digest", slow)
    told: list[str] = []
    assert Hiding(entries, tell=told.append)(report) is report
    assert len(told) == 1


def test_a_report_of_the_cache_is_hidden_as_well(cwd: Path, unlisted: bytes, capsys: Capture) -> None:
    model = put(cwd, "model.pkl", unlisted)
    os.utime(model, ns=(0, 0))
    suppress(cwd, unlisted)
    words = [model, "--cache-dir", os.path.join("..", "cache")]
    assert [main(words), main(words)] == [0, 0]
    assert capsys.readouterr().out.count("1 finding suppressed") == 2


def test_bytes_without_a_file_are_not_hidden(cwd: Path, unlisted: bytes) -> None:
    report = scan(unlisted)
    entry = Entry(
        fingerprint=report.findings[0].fingerprint,
        sha256=hashlib.sha256(unlisted).hexdigest(),
        by="configuration",
    )
    told: list[str] = []
    assert Hiding([entry], tell=told.append)(report) is report
    assert len(told) == 1


def test_a_zoo_of_one_finding_is_told_once(cwd: Path, unlisted: bytes, capsys: Capture) -> None:
    suppress(cwd, unlisted, sha256=OTHER)
    for index in range(5):
        put(cwd, f"{index}.pkl", unlisted)
    assert main(["scan", os.path.join("..", "zoo")]) == 1
    assert capsys.readouterr().err.count("is not hidden") == 1


def test_a_suppression_in_a_scanned_tree_hides_nothing(
    cwd: Path, evil: bytes, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    put(cwd, "model.pkl", evil)
    suppress(cwd, evil, "malicious = true")
    (cwd / "dryload.toml").rename(cwd.parent / "zoo" / "dryload.toml")
    monkeypatch.chdir(cwd.parent / "zoo")
    assert main(["scan", "."]) == 1
    assert main(["scan", os.path.join("..", "zoo")]) == 1
    assert main([os.path.join("..", "zoo", "model.pkl"), "--isolated"]) == 1
    monkeypatch.chdir(cwd)
    assert main(["scan", os.path.join("..", "zoo")]) == 1
    assert "suppressed" not in capsys.readouterr().out


class TestBaseline:
    def test_known_findings_are_hidden_and_counted_and_new_ones_told(
        self, cwd: Path, unlisted: bytes, capsys: Capture
    ) -> None:
        put(cwd, "old.pkl", unlisted)
        zoo = os.path.join("..", "zoo")
        assert main(["scan", zoo, "--write-baseline", "known.json"]) == 1
        assert "baseline: 1 finding in known.json" in capsys.readouterr().err
        assert main(["scan", zoo, "--baseline", "known.json"]) == 0
        assert "1 known finding hidden by baseline" in capsys.readouterr().out
        put(cwd, "new.pkl", unlisted.replace(b"Scaler", b"Others"))
        assert main(["scan", zoo, "--baseline", "known.json", "--format", "json"]) == 1
        told = json.loads(capsys.readouterr().out)
        by_name = {os.path.basename(file["path"]): file for file in told["files"]}
        assert by_name["old.pkl"]["findings"][0]["suppressed_by"] == "baseline"
        assert by_name["new.pkl"]["findings"][0]["suppressed"] is False
        assert (told["summary"]["suppressed"], told["summary"]["baselined"]) == (0, 1)

    def test_the_file_names_path_content_fingerprint_and_rule(self, cwd: Path, unlisted: bytes) -> None:
        model = put(cwd, "model.pkl", unlisted)
        assert main([model, "--write-baseline", "known.json"]) == 1
        document = json.loads(Path("known.json").read_text())
        assert document["schema"] == "dryload.baseline/1"
        (finding,) = scan(unlisted).findings
        assert document["findings"] == [
            {
                "path": model,
                "sha256": hashlib.sha256(unlisted).hexdigest(),
                "fingerprint": finding.fingerprint,
                "rule": finding.rule,
            }
        ]
        assert sorted(os.listdir(".")) == ["known.json"]

    def test_a_file_that_changed_is_not_covered_and_one_that_moved_is(
        self, cwd: Path, unlisted: bytes
    ) -> None:
        model = put(cwd, "model.pkl", unlisted)
        assert main([model, "--write-baseline", "known.json"]) == 1
        moved = put(cwd, "moved.pkl", unlisted)
        assert main([moved, "--baseline", "known.json"]) == 0
        put(cwd, "model.pkl", b"\x80\x02cmycorp.features\nScaler\n)\x81}b.")
        assert main([model, "--baseline", "known.json"]) == 1

    def test_malicious_findings_get_in_by_force_alone(self, cwd: Path, evil: bytes, capsys: Capture) -> None:
        model = put(cwd, "model.pkl", evil)
        assert main([model, "--write-baseline", "known.json"]) == 1
        assert "1 finding left out: malicious, and --force was not given" in capsys.readouterr().err
        assert json.loads(Path("known.json").read_text())["findings"] == []
        assert main([model, "--baseline", "known.json"]) == 1
        assert main([model, "--write-baseline", "known.json", "--force"]) == 1
        assert main([model, "--baseline", "known.json"]) == 0

    def test_an_entry_from_before_a_finding_was_malicious_does_not_hide_it(
        self, cwd: Path, evil: bytes
    ) -> None:
        model = put(cwd, "model.pkl", evil)
        assert main([model, "--write-baseline", "known.json", "--force"]) == 1
        document = json.loads(Path("known.json").read_text())
        for row in document["findings"]:
            del row["malicious"]
        Path("known.json").write_text(json.dumps(document))
        assert main([model, "--baseline", "known.json"]) == 1

    def test_inconclusive_findings_never_get_in(self, cwd: Path, capsys: Capture) -> None:
        model = put(cwd, "cut.pkl", CUT_UNLISTED)
        assert main([model, "--write-baseline", "known.json", "--force"]) == 1
        assert "left out: inconclusive" in capsys.readouterr().err
        assert main([model, "--baseline", "known.json"]) == 3

    def test_a_new_baseline_keeps_what_the_old_one_hides(self, cwd: Path, unlisted: bytes) -> None:
        model = put(cwd, "model.pkl", unlisted)
        assert main([model, "--write-baseline", "known.json"]) == 1
        before = Path("known.json").read_text()
        assert main([model, "--baseline", "known.json", "--write-baseline", "known.json"]) == 0
        assert Path("known.json").read_text() == before

    def test_the_configuration_may_name_one_that_is_not_in_the_scanned_tree(
        self, cwd: Path, unlisted: bytes, capsys: Capture
    ) -> None:
        model = put(cwd, "model.pkl", unlisted)
        assert main([model, "--write-baseline", "known.json"]) == 1
        Path("dryload.toml").write_text('baseline = "known.json"\n')
        assert main([model]) == 0
        Path("known.json").rename(os.path.join("..", "zoo", "known.json"))
        Path("dryload.toml").write_text('baseline = "../zoo/known.json"\n')
        capsys.readouterr()
        assert main(["scan", os.path.join("..", "zoo")]) == 1
        assert "lies in the scanned tree and is not used" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("{", "no JSON"),
            ("[" * 100_000, "no JSON"),
            ("[]", "schema"),
            ('{"schema": "dryload.baseline/2", "findings": []}', "schema"),
            ('{"schema": "dryload.baseline/1"}', "list"),
            ('{"schema": "dryload.baseline/1", "findings": [3]}', "finding 1"),
            ('{"schema": "dryload.baseline/1", "findings": [{"fingerprint": "x"}]}', "'fingerprint'"),
        ],
    )
    def test_what_is_no_baseline_is_a_usage_error(
        self, cwd: Path, plain: bytes, capsys: Capture, text: str, told: str
    ) -> None:
        model = put(cwd, "model.pkl", plain)
        Path("known.json").write_text(text)
        assert main([model, "--baseline", "known.json"]) == 2
        captured = capsys.readouterr()
        assert told in captured.err
        assert captured.out == ""

    @pytest.mark.parametrize(
        "words",
        [
            ["--baseline", "gone.json"],
            ["--write-baseline", "no/such/folder.json"],
            ["--write-baseline", "known.json", "--resume", "run.jsonl"],
            ["--force"],
        ],
    )
    def test_options_that_cannot_be_met_are_a_usage_error(
        self, cwd: Path, plain: bytes, capsys: Capture, words: list[str]
    ) -> None:
        assert main([put(cwd, "model.pkl", plain), *words]) == 2
        assert capsys.readouterr().out == ""

    def test_a_link_that_waits_is_not_written_through(self, cwd: Path, unlisted: bytes) -> None:
        model = put(cwd, "model.pkl", unlisted)
        Path("precious").write_text("kept")
        Path(f"known.json.{os.getpid()}.new").symlink_to("precious")
        assert main([model, "--write-baseline", "known.json"]) == 2
        assert Path("precious").read_text() == "kept"

    def test_it_may_lie_in_the_scanned_folder(
        self, cwd: Path, unlisted: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(cwd, "model.pkl", unlisted)
        monkeypatch.chdir(cwd.parent / "zoo")
        assert main(["scan", ".", "--write-baseline", "known.json"]) == 1
        assert main(["scan", ".", "--baseline", "known.json"]) == 0

    def test_an_interrupted_run_writes_none(
        self, cwd: Path, unlisted: bytes, monkeypatch: pytest.MonkeyPatch, capsys: Capture
    ) -> None:
        put(cwd, "a.pkl", unlisted)
        put(cwd, "b.pkl", unlisted)
        seen: list[str] = []
        real = Hiding.__call__

        def interrupted(self: Hiding, report: Report) -> Report:
            seen.append(report.path)
            if len(seen) == 2:
                raise KeyboardInterrupt
            return real(self, report)

        monkeypatch.setattr(Hiding, "__call__", interrupted)
        assert main(["scan", os.path.join("..", "zoo"), "--write-baseline", "known.json"]) == 130
        assert "not written" in capsys.readouterr().err
        assert os.listdir(".") == []

    def test_a_hostile_path_is_made_visible(self, cwd: Path, unlisted: bytes) -> None:
        model = put(cwd, "a\x1b[2K\n::error::x.pkl", unlisted)
        assert main([model, "--write-baseline", "known.json"]) == 1
        text = Path("known.json").read_text()
        assert all(line.isprintable() for line in text.split("\n"))
        assert "\\\\x1b" in text


def test_what_is_hidden_is_hidden_for_outputs_alone(unlisted: bytes, tmp_path: Path, cwd: Path) -> None:
    """The library and its guards know no suppressions."""
    model = put(cwd, "model.pkl", unlisted)
    suppress(cwd, unlisted)
    assert main([model]) == 0
    assert scan(model).verdict is Verdict.UNKNOWN


def test_a_policy_says_that_it_was_the_policy(unlisted: bytes, tmp_path: Path) -> None:
    (tmp_path / "off.toml").write_text('extends = "default"\n[rules]\n"pickle-unknown-name" = "off"\n')
    (finding,) = scan(unlisted, policy=Policy.load(tmp_path / "off.toml")).findings
    assert isinstance(finding, Finding)
    assert finding.suppressed_by == "policy"
