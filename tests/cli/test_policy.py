"""`dryload policy` as a user runs it: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from dryload import Policy
from dryload.cli.main import main
from dryload.policy_table import built_in
from tests.build import pkasm, zipped

REAL = Path(__file__).parents[1] / "data" / "real"
HOSTILE = 'a"\n\x1b[2K\u202eb'


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration is in force but one that a test writes."""
    monkeypatch.chdir(tmp_path)


def test_without_a_command_the_usage_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy"]) == 2
    assert "dryload policy learn" in capsys.readouterr().err
    assert main(["policy", "--help"]) == 0
    assert "dryload policy check" in capsys.readouterr().out
    assert main(["policy", "chek"]) == 2
    assert "did you mean 'check'" in capsys.readouterr().err
    assert main(["--help"]) == 0
    assert "dryload policy" in capsys.readouterr().out


# show


def test_the_policy_in_force_is_told_at_the_width_of_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "show"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("default\n")
    assert f"{len(Policy.default().allowed)} names" in out
    assert Policy.default().digest in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_configuration_and_options_count_as_for_a_scan(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.toml").write_text(
        'extends = "strict"\n[limits]\nmax_depth = 2\n[rules]\nzip-odd-flags = "off"\n'
    )
    Path("dryload.toml").write_text(
        'policy = "mine.toml"\n'
        'allow = ["mycorp:A"]\nfail-on = ["malicious"]\n[deny]\n"mycorp.old.*" = "gone"\n'
    )
    assert main(["policy", "show", "--allow", "mycorp:B"]) == 0
    out, err = capsys.readouterr()
    assert err == "config: dryload.toml\n"
    for told in (
        "12 names: 10 from strict, 2 from an option",
        "max_depth = 2 (default 8)",
        "zip-odd-flags = off",
    ):
        assert told in out
    assert "fails on  malicious\n" in out
    assert "mycorp.old:*: gone" in out
    assert main(["policy", "show", "default", "--name", "mycorp.old.sub:X"]) == 0
    assert "is denied by default, amended" in capsys.readouterr().out


def test_every_name_is_listed_under_the_policy_that_brought_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "show", "--names"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines if line.startswith("  ")]
    assert {row[0] for row in rows} == {":".join(name) for name in Policy.default().allowed}
    assert "stdlib: 62 names" in lines


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "_codecs:encode",
            ["is allowed by default", "from      stdlib", "may be called with (str, 'latin1')"],
        ),
        (
            "uuid:_get_command_stdout",
            ["is denied by default", "class     process", "runs a command", "GHSA-g38g-8gr9-h9xp"],
        ),
        ("os.path:join", ["is denied by default", "entry     os:*"]),
        (
            "decimal:Context",
            ["is on neither side of default", "left out  stdlib: signals and traps"],
        ),
        ("mycorp:X", ["is on neither side of default", "`dryload policy learn FILE`"]),
    ],
)
def test_one_name_is_answered_with_its_reason(
    name: str, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", "show", "--name", name]) == 0
    out = capsys.readouterr().out
    assert all(words in out for words in told)


def test_a_lower_policy_says_which_other_allows_the_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "show", "strict", "--name", "collections:deque"]) == 0
    assert 'but       stdlib allows it: "type call(tuple|list?' in capsys.readouterr().out


def test_the_built_in_policies_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "show", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == list(built_in().layers)
    assert all(len(line) <= 80 for line in lines)


def test_json_holds_what_the_text_tells(capsys: pytest.CaptureFixture[str]) -> None:
    def shown(*words: str) -> dict[str, object]:
        assert main(["policy", "show", "--format", "json", *words]) == 0
        document: dict[str, object] = json.loads(capsys.readouterr().out)
        assert document["schema"] == "dryload.policy/1"
        return document

    whole = shown("weights-only")
    assert whole["digest"] == Policy.weights_only().digest
    assert isinstance(whole["allow"], list)
    assert len(whole["allow"]) == len(Policy.weights_only().allowed)
    assert shown("--name", "os:system")["side"] == "deny"
    assert shown("--list")["policies"]


def test_toml_is_a_file_with_the_same_digest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "show", "--format", "toml", "--allow", f"m:{HOSTILE}"]) == 0
    Path("flat.toml").write_text(capsys.readouterr().out, encoding="utf-8")
    assert Policy.load("flat.toml") == Policy.default().allow(f"m:{HOSTILE}")
    assert main(["policy", "show", "--format", "toml", "--names"]) == 2


def test_a_hostile_name_reaches_the_terminal_in_visible_form(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--names"], ["--name", f"m:{HOSTILE}"]):
        assert main(["policy", "show", "--allow", f"m:{HOSTILE}", *words]) == 0
        out = capsys.readouterr().out
        assert 'a"\\n\\x1b[2K\\u{202e}b' in out
        assert all(line.isprintable() for line in out.splitlines())


def test_a_policy_that_is_not_there_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "show", "defualt"]) == 2
    assert "no built-in policy" in capsys.readouterr().err


# check


def test_a_file_without_a_fault_gives_0_and_the_number_of_names(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.toml").write_text('extends = []\n[allow]\n"mycorp:X" = "call(str)"\n')
    assert main(["policy", "check", "--strict", "mine.toml"]) == 0
    assert capsys.readouterr() == ("mine.toml: 1 name allowed\n", "1 file: 0 errors, 0 warnings\n")


def test_warnings_give_1_only_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.toml").write_text('extends = []\n[allow]\n"mycorp:X" = true\n')
    assert main(["policy", "check", "mine.toml"]) == 0
    assert capsys.readouterr().out.startswith("mine.toml:3: warning[everything]: [allow] 'mycorp:X': ")
    assert main(["policy", "check", "mine.toml", "--strict"]) == 1


def test_each_fault_is_a_line_and_no_file_stops_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.toml").write_text('extends = "default"\n[limits]\nmax_dept = 1\n[fail]\non = ["inert"]\n')
    Path("b.toml").write_text("extends =\n")
    assert main(["policy", "check", "a.toml", "b.toml", "gone.toml"]) == 2
    out, err = capsys.readouterr()
    assert [line.partition(": error: ")[0] for line in out.splitlines()] == [
        "a.toml:3",
        "a.toml:5",
        "b.toml",
        "gone.toml",
    ]
    assert err == "3 files: 4 errors, 0 warnings\n"


def test_a_hostile_policy_cannot_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.toml").write_text('extends = []\n[allow]\n"m:a\\n\\u001b[2K" = true\n"b\\n" = 1\n')
    assert main(["policy", "check", "mine.toml"]) == 2
    assert all(line.isprintable() for line in capsys.readouterr().out.splitlines())


# learn


@pytest.mark.parametrize("file", ["pandas/frame.pkl", "sklearn/forest.pkl", "torch/whole_module.pt"])
def test_a_real_file_is_inert_with_the_policy_that_was_learned(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(REAL / file)
    assert main(["scan", "--policy", "strict", model]) == 1
    assert main(["policy", "learn", model, "--base", "strict", "-o", "mine.toml"]) == 0
    assert "written to mine.toml; nothing was loaded." in capsys.readouterr().err
    assert main(["scan", "--policy", "mine.toml", model]) == 0
    capsys.readouterr()
    assert main(["policy", "check", "--strict", "mine.toml"]) == 0, capsys.readouterr().out


def test_the_policy_goes_to_stdout_and_the_rest_to_stderr(
    unlisted: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("model.pkl").write_bytes(unlisted)
    assert main(["policy", "learn", "model.pkl"]) == 0
    out, err = capsys.readouterr()
    assert tomllib.loads(out) == {"extends": "default", "allow": {"mycorp.features:Scaler": "call()"}}
    assert err == "1 name learned from 1 file; nothing was loaded.\n"


def test_a_malicious_file_is_told_and_adds_nothing(
    unlisted: bytes, evil: bytes, plain: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("models").mkdir()
    for name, data in (("a.pkl", unlisted), ("b.pkl", evil), ("c.pkl", plain)):
        Path("models", name).write_bytes(data)
    assert main(["policy", "learn", "models"]) == 1
    out, err = capsys.readouterr()
    assert list(tomllib.loads(out)["allow"]) == ["mycorp.features:Scaler"]
    assert "system" not in out
    assert "not learned: models/b.pkl is malicious\n  - pickle-dangerous-call @ 0x" in err
    assert "1 name learned from 1 file, 1 inert before, 1 not learned; nothing was loaded." in err


def test_what_was_there_is_never_written_over(unlisted: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    Path("model.pkl").write_bytes(unlisted)
    Path("mine.toml").write_text("mine")
    assert main(["policy", "learn", "model.pkl", "-o", "mine.toml"]) == 2
    assert Path("mine.toml").read_text() == "mine"
    assert "never writes over" in capsys.readouterr().err
    assert main(["policy", "learn", "model.pkl", "-o", "gone/mine.toml"]) == 2


def test_nothing_to_learn_from_gives_3_and_nothing_new_gives_0(
    plain: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty").mkdir()
    assert main(["policy", "learn", "empty"]) == 3
    Path("plain.pkl").write_bytes(plain)
    capsys.readouterr()
    assert main(["policy", "learn", "plain.pkl"]) == 0
    assert tomllib.loads(capsys.readouterr().out) == {"extends": "default"}
    assert main(["policy", "learn", "gone.pkl"]) == 2
    assert main(["policy", "learn"]) == 2


def test_names_can_be_chosen(unlisted: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    Path("model.pkl").write_bytes(unlisted)
    assert main(["policy", "learn", "model.pkl", "--name", "mycorp.features.Other"]) == 1
    assert "mycorp.features:Scaler is not among the names to learn" in capsys.readouterr().err
    assert main(["policy", "learn", "--name", "mycorp.features.Scaler", "model.pkl"]) == 0


def test_a_policy_upon_a_file_names_it_from_where_it_is_written(
    unlisted: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("model.pkl").write_bytes(unlisted)
    Path("base.toml").write_text('extends = "strict"\n')
    Path("out").mkdir()
    assert main(["policy", "learn", "model.pkl", "--base", "base.toml", "-o", "out/mine.toml"]) == 0
    assert tomllib.loads(Path("out/mine.toml").read_text())["extends"] == "../base.toml"
    assert main(["scan", "--policy", "out/mine.toml", "model.pkl"]) == 0


def test_strings_of_a_file_are_made_visible_in_both_streams(capsys: pytest.CaptureFixture[str]) -> None:
    rows = f"GLOBAL mycorp.features Scaler\nBINUNICODE {HOSTILE!r}\nTUPLE1\nREDUCE"
    bad = f"BINUNICODE 'os'\nBINUNICODE {HOSTILE!r}\nSTACK_GLOBAL"
    Path("m.zip").write_bytes(zipped({f"{HOSTILE}.pkl": pkasm(f"PROTO 4\n{rows}\nSTOP").data}))
    Path("bad.pkl").write_bytes(pkasm(f"PROTO 4\n{bad}\nSTOP").data)
    assert main(["policy", "learn", "m.zip", "bad.pkl"]) == 1
    out, err = capsys.readouterr()
    assert tomllib.loads(out)["allow"] == {"mycorp.features:Scaler": "call(str)"}
    assert all(line.isprintable() for line in (out + err).splitlines())
