"""The script of the GitHub action, run as its steps run it: variables in, reports and a code out."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from dryload.cli.scan import Options, _parser
from dryload.outputs import OUTPUTS

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "integrations" / "action.sh"
POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)


class Runner:
    """A machine of GitHub as far as the script sees it: a workspace and files to write to."""

    def __init__(self, folder: Path) -> None:
        self.workspace = folder / "work space"
        self.temp = folder / "temp"
        self.output, self.summary = folder / "output", folder / "summary"
        (self.temp / "dryload" / "venv" / "bin").mkdir(parents=True)
        self.workspace.mkdir()
        self.command("dryload", f'exec {shlex.quote(sys.executable)} -m dryload "$@"')
        self.command("python", f'exec {shlex.quote(sys.executable)} "$@"')

    def command(self, name: str, script: str) -> None:
        """Puts a command where `action.sh install` puts it."""
        path = self.temp / "dryload" / "venv" / "bin" / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def put(self, name: str, content: bytes) -> None:
        path = self.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def run(self, step: str = "scan", **inputs: str) -> subprocess.CompletedProcess[str]:
        for path in (self.output, self.summary):
            path.write_text("")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DRYLOAD_")},
            **{f"DRYLOAD_{name.upper()}": value for name, value in inputs.items()},
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }
        return subprocess.run(
            ["bash", "--noprofile", "--norc", str(SCRIPT), step],
            cwd=self.workspace,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def outputs(self) -> Mapping[str, str]:
        return dict(line.split("=", 1) for line in self.output.read_text().splitlines())


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_inert_models_pass_with_reports_and_a_summary(runner: Runner, plain: bytes) -> None:
    runner.put("models/a.pkl", plain)
    done = runner.run(paths="models")
    assert (done.returncode, done.stderr) == (0, "")
    assert "::error" not in done.stdout
    outputs = runner.outputs()
    assert outputs["exit-code"] == "0"
    assert json.loads(Path(outputs["sarif"]).read_text())["version"] == "2.1.0"
    assert json.loads(Path(outputs["json"]).read_text())["summary"]["inert"] == 1
    assert runner.summary.read_text().strip()


def test_a_finding_fails_the_job_and_annotates_it(runner: Runner, plain: bytes, evil: bytes) -> None:
    runner.put("models/a.pkl", plain)
    runner.put("models/b.pkl", evil)
    done = runner.run(paths="models")
    assert done.returncode == 1
    assert re.search(r"^::error .*file=models/b\.pkl", done.stdout, re.MULTILINE)
    assert "pickle-dangerous-call" in runner.summary.read_text()
    (result,) = json.loads(Path(runner.outputs()["sarif"]).read_text())["runs"][0]["results"]
    assert result["ruleId"] == "pickle-dangerous-call"


@pytest.mark.parametrize("allowed", ["", "true"])
def test_a_pointer_fails_whatever_is_allowed(runner: Runner, plain: bytes, allowed: str) -> None:
    runner.put("models/a.pkl", plain)
    runner.put("models/b.pt", POINTER)
    done = runner.run(paths="models", allow_inconclusive=allowed)
    assert done.returncode == 3
    assert "1 Git LFS pointers instead of models: give actions/checkout lfs: true" in done.stdout


def test_an_inconclusive_file_fails_unless_it_is_allowed(runner: Runner, plain: bytes) -> None:
    runner.put("models/cut.pkl", plain[:-4])
    assert runner.run(paths="models").returncode == 3
    assert runner.run(paths="models", allow_inconclusive="true").returncode == 0
    assert runner.run(paths="models", allow_inconclusive="false").returncode == 3


def test_a_run_without_models_fails_whatever_is_allowed(runner: Runner) -> None:
    runner.put("models/README.md", b"# nothing\n")
    done = runner.run(paths="models", allow_inconclusive="true")
    assert done.returncode == 3
    assert "there is no model file to scan" in done.stdout


def test_inputs_are_lines_and_options(runner: Runner, evil: bytes, unlisted: bytes) -> None:
    runner.put("one dir/a.pkl", unlisted)
    runner.put("two/b.old", evil)
    runner.put("policy.toml", b'extends = "default"\n[allow]\n"mycorp.features:Scaler" = true\n')
    done = runner.run(paths="one dir\r\n\ntwo\n", exclude="*.old\n*.older", policy="policy.toml")
    assert done.returncode == 0, done.stdout
    assert runner.run(paths="one dir", fail_on="malicious").returncode == 0
    assert runner.run(paths="one dir").returncode == 1


def test_the_configuration_beside_the_models_is_in_force(runner: Runner, unlisted: bytes) -> None:
    runner.put("models/a.pkl", unlisted)
    runner.put("dryload.toml", b'allow = ["mycorp.features:Scaler"]\n')
    assert runner.run(paths="models").returncode == 0
    assert runner.run(paths=".").returncode == 1
    assert runner.run(paths=".", config="dryload.toml").returncode == 0


@pytest.mark.parametrize("name", ["$(touch pwned)", "`touch pwned`", "a; touch pwned", "*", "~", "a' b"])
def test_no_input_is_run_or_expanded(runner: Runner, plain: bytes, name: str) -> None:
    runner.put("other.pkl", plain)
    done = runner.run(paths=name)
    assert done.returncode == 2
    assert "no such file or folder" in done.stderr
    assert sorted(os.listdir(runner.workspace)) == ["other.pkl"]
    assert runner.outputs() == {"exit-code": "2"}


@pytest.mark.parametrize("name", ["paths", "exclude", "policy", "config", "baseline", "fail_on"])
def test_no_input_becomes_an_option(runner: Runner, plain: bytes, name: str) -> None:
    runner.put("a.pkl", plain)
    done = runner.run(**{"paths": "a.pkl", name: "--exit-zero"})
    assert done.returncode == 2
    assert "looks like an option" in done.stdout


def test_what_a_file_is_called_writes_no_command_of_the_runner(runner: Runner, evil: bytes) -> None:
    runner.put("models/a\n::set-output name=x::y\n::error::forged.pkl", evil)
    done = runner.run(paths="models")
    assert done.returncode == 1
    commands = [line for line in done.stdout.splitlines() if line.startswith("::")]
    assert len(commands) == 1
    assert "forged" not in commands[0].partition(" ")[0]
    assert "::set-output" not in done.stdout.replace(commands[0], "")


def test_a_fault_of_the_scan_leaves_no_reports_to_upload(runner: Runner, plain: bytes) -> None:
    runner.put("a.pkl", plain)
    runner.command("dryload", "exit 2")
    assert runner.run(paths="a.pkl").returncode == 2
    assert runner.outputs() == {"exit-code": "2"}


def test_a_summary_that_github_would_refuse_is_cut_at_a_line(runner: Runner) -> None:
    report = json.dumps({"summary": {"files": 1}, "files": [{"findings": []}]})
    work = shlex.quote(str(runner.temp / "dryload"))
    runner.command(
        "dryload",
        f"printf %s {shlex.quote(report)} > {work}/report.json\n"
        f"yes 'one row' | head -n 200000 > {work}/summary.md",
    )
    assert runner.run(paths=".").returncode == 0
    *rows, blank, last = runner.summary.read_text().splitlines()
    assert 1_000_000 - 100 < runner.summary.stat().st_size < 1_048_576
    assert set(rows) == {"one row"}
    assert blank == ""
    assert "in the reports" in last


def test_install_makes_an_environment_and_takes_the_sources_of_the_action(
    runner: Runner, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    bin = runner.temp / "dryload" / "venv" / "bin"
    runner.command("python", f'echo "python $*" >> {shlex.quote(str(log))}')
    fake = tmp_path / "python9"
    fake.write_text(f'#!/bin/bash\necho "outer $*" >> {shlex.quote(str(log))}\n')
    fake.chmod(0o755)
    assert runner.run("install", python=str(fake)).returncode == 0
    made, installed = log.read_text().splitlines()
    assert made == f"outer -m venv {bin.parent}"
    assert installed == f"python -m pip install --quiet --disable-pip-version-check {ROOT}"
    assert runner.run("install", python=str(fake), package="a wheel.whl").returncode == 0
    assert log.read_text().splitlines()[-1].endswith(" a wheel.whl")


def test_another_word_is_a_usage_error(runner: Runner) -> None:
    assert runner.run("upload").returncode == 2


def test_every_command_of_the_page_is_one_that_dryload_understands() -> None:
    page = (ROOT / "docs" / "integrations.md").read_text("utf-8")
    lines = re.findall(r"(?:run: |sh '|- |entry: |dryload )(dryload scan [^'\n]*|scan /models)", page)
    assert len(lines) >= 5
    for line in lines:
        words = [word for word in shlex.split(line.replace("dryload ", "", 1))[1:] if word != "--"]
        options = _parser().parse_intermixed_args(words, namespace=Options())
        assert all(each.partition("=")[0] in OUTPUTS for each in options.output)
