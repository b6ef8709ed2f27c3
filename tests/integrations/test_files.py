"""The files that other programs read: the hook, the action, the image and the pages about them.

No reader of YAML is needed: what is checked are the few forms that these files use.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dryload.cli.config_keys import KEYS

ROOT = Path(__file__).parents[2]
ACTION = (ROOT / "action.yml").read_text("utf-8")
SCRIPT = (ROOT / "integrations" / "action.sh").read_text("utf-8")
HOOK = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
IMAGE = (ROOT / "Dockerfile").read_text("utf-8")


def test_every_input_of_the_action_is_declared_and_used_and_documented() -> None:
    block = ACTION.partition("\ninputs:\n")[2].partition("\noutputs:\n")[0]
    declared = set(re.findall(r"^  ([a-z-]+):$", block, re.MULTILINE))
    assert set(re.findall(r"inputs\.([a-z-]+)", ACTION)) == declared
    page = (ROOT / "docs" / "integrations.md").read_text("utf-8")
    table = page.partition("| input | meaning |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\|([^|]*)\|", table, re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`([a-z-]+)`", cell)}
    assert named == declared


def test_no_input_is_part_of_a_script() -> None:
    """An expression in `run` is pasted into the script before bash reads it: anybody's text would be code."""
    runs = re.findall(r"^ +run: (.*)$", ACTION, re.MULTILINE)
    assert len(runs) == 2
    assert not any("${{" in run for run in runs)


def test_what_the_action_hands_over_is_what_the_script_asks_for() -> None:
    handed = set(re.findall(r"^ +(DRYLOAD_[A-Z_]+): \$\{\{ inputs\.", ACTION, re.MULTILINE))
    assert handed == set(re.findall(r"\bDRYLOAD_[A-Z_]+\b", SCRIPT))
    outputs = set(re.findall(r"steps\.scan\.outputs\.([a-z-]+)", ACTION))
    assert outputs == {"exit-code", "sarif", "json"}
    assert all(f"{name}=%s" in SCRIPT or f"{name}=$" in SCRIPT for name in outputs)


def test_the_script_is_bash() -> None:
    assert subprocess.run(["bash", "-n"], input=SCRIPT, text=True, check=False).returncode == 0
    assert (ROOT / "integrations" / "action.sh").stat().st_mode & 0o111


@pytest.mark.parametrize(
    ("name", "hooked"),
    [
        ("models/a.pt", True),
        ("a.PKL", True),
        ("pytorch_model.bin", True),
        ("x.tar.gz", True),
        ("a.safetensors", True),
        ("README.md", False),
        ("pkl", False),
        ("pt.py", False),
    ],
)
def test_the_hook_looks_at_names_of_models(name: str, hooked: bool) -> None:
    (pattern,) = re.findall(r"^  files: '(.*)'$", HOOK, re.MULTILINE)
    assert bool(re.search(pattern, name)) is hooked


@pytest.mark.parametrize(("name", "code"), [("state_dict.pt", 0), ("calls_print.pkl", 1)])
def test_the_hook_is_silent_about_inert_files_and_fails_for_others(name: str, code: int) -> None:
    (entry,) = re.findall(r"^  entry: (.*)$", HOOK, re.MULTILINE)
    command, *words = entry.split()
    assert command == "dryload"
    done = subprocess.run(
        [sys.executable, "-m", "dryload", *words, str(ROOT / "samples" / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert bool(done.stdout) is bool(code)


def test_a_staged_name_cannot_be_an_option() -> None:
    entries = re.findall(r"^ +entry: (.*)$", HOOK, re.MULTILINE)
    entries += re.findall(r"^ +entry: (.*)$", (ROOT / "docs" / "integrations.md").read_text(), re.MULTILINE)
    assert len(entries) == 2
    assert all(entry.endswith(" --") for entry in entries)


def test_the_image_runs_without_rights_and_installs_without_network() -> None:
    runtime = IMAGE.rpartition("\nFROM ")[2]
    (user,) = re.findall(r"^USER (\d+)", runtime, re.MULTILINE)
    assert int(user) > 0
    assert 'ENTRYPOINT ["dryload"]' in runtime
    installs = re.findall(r"pip install .*", runtime)
    assert len(installs) == 1
    assert "--no-index" in installs[0]


def test_the_image_gets_every_source_that_a_build_needs() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    workspace = (ROOT / "Cargo.toml").read_text().partition("members")[2].partition("]")[0]
    members = re.findall(r'"([a-z]+)(?:/[a-z]+)?"', workspace)
    manifest = (ROOT / "pyproject.toml").read_text("utf-8")
    (readme,) = re.findall(r'^readme = "(.*)"', manifest, re.MULTILINE)
    (source,) = re.findall(r'^python-source = "(.*)"', manifest, re.MULTILINE)
    (data,) = re.findall(r'^data = "(\w+)', manifest, re.MULTILINE)
    assert {*members, readme, source, data, "LICENSE", "Cargo.toml", "Cargo.lock", "pyproject.toml"} <= kept
    assert all((ROOT / name).exists() for name in kept if "*" not in name)


def test_every_key_of_the_configuration_is_documented() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    table = page.partition("| key | value | option |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == set(KEYS)


def test_the_example_of_the_configuration_is_understood(tmp_path: Path) -> None:
    from dryload.cli.config import load_config

    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    (example,) = re.findall(r"^```toml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "pyproject.toml").write_text(example)
    config, told = load_config(str(tmp_path / "pyproject.toml"), scanned=())
    assert told
    assert len(config.suppress) == 1
    assert config.limits == {"max_total_inflated_bytes": 4_000_000_000}
