"""A repository whose files agree has no finding; with any one fault planted, that fault is named."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dryload import Report, Verdict, check_repository
from dryload.cli.main import main
from dryload.repository import templates

SHARDED = Path(__file__).parent.parent / "data" / "repository" / "gpt2_sharded"
INDEX = "model.safetensors.index.json"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHARDED, tmp_path / "gpt2"))


def edit(path: Path, change: Callable[[Any], object]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def rules(report: Report) -> list[str]:
    return [finding.rule for finding in report.findings]


def told(report: Report) -> str:
    return "\n".join(finding.message for finding in report.findings)


def test_an_untouched_repository_is_quiet(repository: Path) -> None:
    report = check_repository(repository)
    assert rules(report) == []
    assert report.verdict is Verdict.INERT
    assert report.format == "repository"


def shards(repository: Path) -> list[Path]:
    return sorted(repository.glob("model-*.safetensors"))


def twice_in_two_shards(repository: Path) -> None:
    # The second shard becomes a copy of the first: its tensors stand twice, its own nowhere.
    first, second, *_ = shards(repository)
    second.write_bytes(first.read_bytes())


def link_out(repository: Path) -> None:
    first = shards(repository)[0]
    shutil.copy(first, repository.parent / "outside.safetensors")
    first.unlink()
    first.symlink_to(repository.parent / "outside.safetensors")


def hidden(repository: Path) -> None:
    edit(repository / INDEX, lambda v: v["weight_map"].pop(next(iter(v["weight_map"]))))


def named(name: str) -> Callable[[Path], None]:
    def plant(repository: Path) -> None:
        edit(repository / INDEX, lambda v: v["weight_map"].update({next(iter(v["weight_map"])): name}))

    return plant


def config(**keys: object) -> Callable[[Path], None]:
    return lambda repository: edit(repository / "config.json", lambda v: v.update(keys))


def template(text: str) -> Callable[[Path], None]:
    return lambda repository: (repository / "chat_template.jinja").write_text(text) and None


FAULTS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a shard that is missing": (lambda r: shards(r)[2].unlink(), "repository-index", "is not there"),
    "a shard that the index does not have": (
        lambda r: shutil.copy(shards(r)[0], r / "model-00008-of-00007.safetensors"),
        "repository-index",
        "not in the index",
    ),
    "a tensor in two shards": (twice_in_two_shards, "repository-index", "the order of loading decides"),
    "a tensor that its shard lacks": (twice_in_two_shards, "repository-index", "is not in 'model-00002"),
    "a hidden tensor": (hidden, "repository-index", "is not in the index"),
    "a wrong total": (
        lambda r: edit(r / INDEX, lambda v: v["metadata"].update(total_size=1)),
        "repository-index",
        "1 bytes, and the shards hold",
    ),
    "a path out": (named("../outside.safetensors"), "repository-outside-path", "outside"),
    "an absolute path": (named("/etc/passwd"), "repository-outside-path", "/etc/passwd"),
    "a path in disguise": (named("%2e%2e%2fx.safetensors"), "repository-outside-path", "%2e"),
    "a folder": (named("sub/x.safetensors"), "repository-outside-path", "plain file name"),
    "a pickle": (named("x.bin"), "repository-index", "another loader"),
    "a link out": (link_out, "repository-outside-path", "a link out of the folder"),
    "two indexes": (
        lambda r: shutil.copy(r / INDEX, r / f"other.{INDEX}"),
        "repository-index",
        "another index",
    ),
    "a key twice in the index": (
        lambda r: (r / INDEX).write_text((r / INDEX).read_text().replace("{", '{"metadata":{},', 1)),
        "repository-index",
        "twice",
    ),
    "pickled weights": (
        lambda r: (r / "pytorch_model.bin").write_bytes(b"N."),
        "repository-pickled-weights",
        "pytorch_model.bin",
    ),
    "a broken shard": (
        lambda r: shards(r)[1].write_bytes(b"1234"),
        "repository-unread",
        "not held against it",
    ),
    "an auto_map": (
        config(auto_map={"AutoModel": "other/repo--m.M"}),
        "repository-custom-code",
        "other/repo--m.M",
    ),
    "custom pipelines": (config(custom_pipelines={"x": {"impl": "p.P"}}), "repository-custom-code", "p.P"),
    "code that is trusted": (config(trust_remote_code=True), "repository-remote-code", "true"),
    "an implementation of elsewhere": (
        config(_attn_implementation_internal="evil/kernels"),
        "repository-remote-code",
        "evil/kernels",
    ),
    "a target": (config(x=[{"_target_": "os.system"}]), "repository-custom-code", "os.system"),
    "a target in YAML": (
        lambda r: (r / "hydra.yaml").write_text("a:\n  - _target_: os.system\n"),
        "repository-custom-code",
        "os.system",
    ),
    "settings that are too long": (
        lambda r: (r / "config.json").write_text('{"x": "' + "a" * 4_000_000 + '"}'),
        "repository-unread",
        "more than 4000000 bytes",
    ),
    "a Python file": (lambda r: (r / "modeling.py").write_text("pass"), "repository-custom-code", "Python"),
    "a class outside the library": (
        lambda r: (r / "modules.json").write_text('[{"type": "evil.Module"}]'),
        "repository-custom-code",
        "evil.Module",
    ),
    "a pipeline outside the libraries": (
        lambda r: (r / "model_index.json").write_text('{"unet": ["evil", "Net"], "_class_name": "X"}'),
        "repository-custom-code",
        "evil",
    ),
    "a template with a dunder": (template("{{ x.__class__ }}"), "repository-template", "__class__"),
    "a template with attr": (template("{{ x | attr('a') }}"), "repository-template", "attr"),
    "a template with an item": (template("{{ x['__init__'] }}"), "repository-template", "__init__"),
    "a template that includes": (template("{% include 'x' %}"), "repository-template", "include"),
    "a template that imports": (template("{% import 'x' as y %}"), "repository-template", "import"),
    "a long range": (
        template("{% for i in range(10000000) %}{% endfor %}"),
        "repository-template",
        "10000000",
    ),
    "a long template": (template("x" * 70_000), "repository-unread", "more than"),
    "a broken template": (template("{% if %}"), "repository-unread", "no template"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named(repository: Path, fault: str) -> None:
    plant, rule, words = FAULTS[fault]
    plant(repository)
    report = check_repository(repository)
    assert rule in rules(report), told(report)
    assert words in told(report)


def test_settings_of_the_longest_kind_are_read(repository: Path) -> None:
    text = '{"trust_remote_code": true, "x": ""}'
    (repository / "config.json").write_text(text.replace('""', f'"{"a" * (4_000_000 - len(text))}"'))
    assert rules(check_repository(repository)) == ["repository-remote-code"]


@pytest.mark.parametrize(
    "text",
    [
        "{% for m in messages %}{{ m['role'] + ': ' + m.content | trim }}{% endfor %}",
        "{% generation %}{{ x }}{% endgeneration %}{% if loop.first %}{% break %}{% endif %}",
        "{% set ns = namespace(found=false) %}{% for i in range(10) %}{% set ns.found = true %}{% endfor %}",
    ],
)
def test_an_ordinary_template_is_quiet(repository: Path, text: str) -> None:
    template(text)(repository)
    assert rules(check_repository(repository)) == []


def test_links_of_the_hubs_cache_are_inside(repository: Path, tmp_path: Path) -> None:
    cache = tmp_path / "models--a--b"
    (cache / "blobs").mkdir(parents=True)
    snapshot = cache / "snapshots" / "0123"
    snapshot.mkdir(parents=True)
    for i, file in enumerate(sorted(repository.iterdir())):
        shutil.copy(file, cache / "blobs" / str(i))
        (snapshot / file.name).symlink_to(f"../../blobs/{i}")
    assert rules(check_repository(snapshot)) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)
KEYS = ["weight_map", "metadata", "auto_map", "chat_template", "_target_", "trust_remote_code", "total_size"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.dictionaries(st.sampled_from(KEYS), JSON) | JSON, raw=st.binary(max_size=40))
def test_any_text_has_an_answer(tmp_path: Path, value: object, raw: bytes) -> None:
    text = json.dumps(value)
    for name in (INDEX, "pytorch_model.bin.index.json", "config.json", "modules.json", "model_index.json"):
        (tmp_path / name).write_text(text)
    (tmp_path / "tokenizer_config.json").write_text(text)
    (tmp_path / "generation_config.json").write_bytes(raw)
    (tmp_path / "x.jinja").write_bytes(raw)
    (tmp_path / "x.yaml").write_bytes(raw)
    assert check_repository(tmp_path).format == "repository"


def test_the_command_tells_and_gives_the_exit_code(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["repository", str(repository)]) == 0
    assert "inert" in capsys.readouterr().out
    config(trust_remote_code=True)(repository)
    assert main(["repository", "--format", "concise", str(repository)]) == 1
    assert "repository-remote-code" in capsys.readouterr().out
    assert main(["repository", str(repository / "missing")]) == 2


def scanned(
    folder: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> tuple[int, list[dict[str, Any]]]:
    capsys.readouterr()
    code = main(["scan", "--format", "json", *options, str(folder)])
    return code, json.loads(capsys.readouterr().out)["files"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_scan_of_the_folder_above_tells_it_too(
    repository: Path, tmp_path: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    FAULTS[fault][0](repository)
    report = check_repository(repository)
    without, files = scanned(tmp_path, capsys, "--no-repository")
    code, found = scanned(tmp_path, capsys)
    if any(finding.verdict is not Verdict.INERT for finding in report.findings):
        assert found == [*files, report.to_dict()]
        assert code == {Verdict.INCONCLUSIVE: without or 3}.get(report.verdict, 1)
    else:
        assert (code, found) == (without, files)
    for form in ("text", "concise", "jsonl"):
        assert main(["scan", "--format", form, str(tmp_path)]) == code
        told = capsys.readouterr().out
        assert (FAULTS[fault][1] in told) == (len(found) > len(files)), told


def test_an_untouched_repository_is_scanned_as_before(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scanned(repository, capsys) == scanned(repository, capsys, "--no-repository")
    assert scanned(repository, capsys)[0] == 0


def test_weights_beside_settings_make_a_repository_and_neither_alone(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / INDEX).unlink()
    (repository / "modeling.py").write_text("pass")
    assert scanned(repository, capsys)[0] == 1
    for path in shards(repository):
        path.rename(tmp_path / path.name)
    # A program with settings, code and templates of its own.
    template("{% extends 'page.html' %}")(repository)
    assert scanned(tmp_path, capsys)[0] == 0


def test_a_file_that_is_named_is_no_folder(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "modeling.py").write_text("pass")
    assert scanned(shards(repository)[0], capsys)[0] == 0


ORDINARY = "{% for m in messages %}{{ '<|' + m['role'] + '|>\\n' + m.content | trim }}{% endfor %}"


def test_an_ordinary_template_needs_no_jinja(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    template(ORDINARY)(repository)
    assert scanned(repository, capsys)[0] == 0
    template("{{ x.__class__ }}")(repository)
    assert scanned(repository, capsys)[0] == 3


WORDS = [
    "{{", "}}", "{%", "%}", "{%-", "+", "(", ")", "[", "]", ".", "|", "attr", "'", '"', "_", "__class__", "x",
    " ", "\n", "range", "100001", "1_00_001", "0xFFFFFF", "9", "include", "import", "from", "extends", "as y",
    "if x", "set z =", "endif", "\\x5f", "\\137", "\\u005f", "{#", "#}", "for i in", "endfor", "raw",
    "endraw",
]  # fmt: skip
WHOLE = [
    "{{ x.__class__ }}", "{{ x|attr('a') }}", "{{ x['_a'] }}", "{{ x['\\x5fa'] }}", "{% include 'a' %}",
    "{%- import 'a' as b -%}", "{% from 'a' import b %}", "{%+ extends 'a' %}", "{{ range(1000000) }}",
    "{{ range(0xfffffff) }}", "{{ x . _a }}", "{{ x[ \"_a\"] }}", "{% if x\n._y %}{% endif %}", ORDINARY,
]  # fmt: skip


@settings(max_examples=400)
@given(st.lists(st.sampled_from([*WORDS, *WHOLE]), max_size=9))
def test_what_may_reach_nothing_reaches_nothing(pieces: list[str]) -> None:
    jinja2 = pytest.importorskip("jinja2")
    text = "".join(pieces)
    try:
        tree = jinja2.Environment(extensions=["jinja2.ext.loopcontrols"]).parse(text)
    except (jinja2.TemplateError, RecursionError):
        return
    if next(templates._reaches(tree, jinja2.nodes), None) is not None:
        assert templates.may_reach(text)
