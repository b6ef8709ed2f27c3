"""Who may use whom: the layers of the core, of the crates and of the package, and the size of a file.

The Rust side is read, not compiled: `use_paths` finds what a source names after `crate::` and `super::`. It
knows no macro expansion and no re-export, so a module that hides behind one is not seen; the planted faults
at the end show what is.
"""

from __future__ import annotations

import ast
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]
CORE = ROOT / "rust" / "core" / "src"
PACKAGE = ROOT / "python" / "dryload"

Module = tuple[str, ...]

# Each module uses only those to its right. `error` says where an error is, so it stands before `bytes`.
LAYERS = (
    "scan",
    "formats",
    "decode",
    "observe",
    "trace",
    "names",
    "spec",
    "json",
    "limits",
    "path",
    "error",
    "bytes",
    "defect",
)
# Macros stand at the root of the crate, wherever they are written.
MACROS = {"defects": "defect"}

# The crates that each crate of the workspace may use; fuzz targets and benches use all but the extension.
CRATES = {
    "dryload-core": set(),
    "dryload-io": {"dryload-core"},
    "dryload-gen": {"dryload-core"},
    "dryload-py": {"dryload-core", "dryload-gen", "dryload-io"},
}

# Past this a file has a second idea in it: house style 1.
MAX_LINES = 600
# Folders that hold what was built or fetched.
NOT_OURS = {"target", "build", "dist", "node_modules", "__pycache__"}

# Comments and literals, in which a path is no path; a lifetime such as 'a is no literal.
NO_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|b?r(?P<hashes>\#*)".*?"(?P=hashes)|b?"(?:\\.|[^"\\])*"|b?'(?:\\.[^']*|[^'\\])'""",
    re.DOTALL,
)
PATH_START = re.compile(r"(?<![\w:])(?=(?:crate|super)\s*::)")
WORD = re.compile(r"\s*(\w+|\*)\s*")


def use_paths(source: str, module: Module) -> Iterator[Module]:
    """Yields the paths from the root of the crate that a source names, its tests at the bottom left out."""
    code = NO_CODE.sub(" ", source).partition("#[cfg(test)]\nmod ")[0]
    for start in PATH_START.finditer(code):
        for path in _tree(code, start.end())[0]:
            up = len([word for word in path if word == "super"])
            yield path[1:] if up == 0 else module[: max(len(module) - up, 0)] + path[up:]


def _tree(code: str, at: int) -> tuple[list[Module], int]:
    """Reads one path, or the paths of a group: `a::{b, c::d}` is a::b and a::c::d."""
    if code[at : at + 1] == "{":
        paths: list[Module] = []
        while code[at] != "}":
            found, at = _tree(code, at + 1)
            paths += found
            at = _skip(code, at)
        return paths, at + 1
    word = WORD.match(code, at)
    if word is None:  # The end of a list that ends with a comma.
        return [], _skip(code, at)
    at = word.end()
    if code[at : at + 2] == "::" and re.match(r"\s*(\w|\*|\{)", code[at + 2 :]):
        at = _skip(code, at + 2)
        rest, at = _tree(code, at)
        return [(word[1], *path) for path in rest], at
    alias = re.compile(r"as\s+\w+\s*").match(code, at)
    return [(word[1],)], alias.end() if alias else at


def _skip(code: str, at: int) -> int:
    while code[at : at + 1].isspace():
        at += 1
    return at


def violations(sources: Mapping[Module, str]) -> list[str]:
    """Lists what uses a layer to its left, one that has no place, or another format."""
    formats = {module[1] for module in sources if module[0] == "formats" and len(module) > 1}
    faults = []
    for module, source in sorted(sources.items()):
        if module[0] not in LAYERS:
            faults.append(f"{module[0]} has no place among the layers")
            continue
        for path in use_paths(source, module):
            target = MACROS.get(path[0], path[0]) if path else "the root of the crate"
            fault = f"{'::'.join(module)} uses {'::'.join(path) or target}"
            if target == module[0]:
                meets = len(module) > 1 and len(path) > 1 and path[1] in formats and path[1] != module[1]
                if target == "formats" and meets:
                    faults.append(fault)
            elif target not in LAYERS or LAYERS.index(target) < LAYERS.index(module[0]):
                faults.append(fault)
    return faults


def core_sources() -> dict[Module, str]:
    """Reads the core by module; the root of the crate only lists them."""
    sources = {}
    for path in CORE.rglob("*.rs"):
        parts = path.relative_to(CORE).with_suffix("").parts
        module = parts[:-1] if parts[-1] == "mod" else parts
        if module != ("lib",):
            sources[module] = path.read_text(encoding="utf-8")
    return sources


def manifests() -> dict[str, dict[str, object]]:
    """Reads the manifest of every crate of the workspace, by its name."""
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]
    read = [
        tomllib.loads((ROOT / m / "Cargo.toml").read_text(encoding="utf-8")) for m in workspace["members"]
    ]
    return {manifest["package"]["name"]: manifest for manifest in read}


def dependencies(manifest: object) -> set[str]:
    """Gathers the names of all dependencies, also those of tests, builds and single platforms."""
    names: set[str] = set()
    if isinstance(manifest, dict):
        for key, value in manifest.items():
            if key.endswith("dependencies"):
                names |= {
                    entry.get("package", name) if isinstance(entry, dict) else name
                    for name, entry in value.items()
                }
            else:
                names |= dependencies(value)
    return names


# Crates with the C interface of libFuzzer, which is unsafe code: the ends of fuzzing that nothing depends on.
SHIMS = {"dryload-libfuzzer", "dryload-mutator"}


def test_each_module_of_the_core_uses_only_the_layers_below_it() -> None:
    sources = core_sources()
    assert {module[0] for module in sources} == set(LAYERS)
    assert violations(sources) == []


def test_the_reader_sees_what_the_core_uses() -> None:
    used = {
        path[0] for module, source in core_sources().items() for path in use_paths(source, module) if path
    }
    assert set(LAYERS) - used <= {"scan"}


def test_crates_use_only_the_crates_below_them() -> None:
    crates = manifests()
    assert CRATES.keys() <= crates.keys()
    for name, manifest in crates.items():
        ours = {each for each in dependencies(manifest) if each.startswith("dryload-")}
        assert ours <= CRATES.get(name, crates.keys() - {"dryload-py"}), name


def test_only_the_extension_knows_python() -> None:
    using = {name for name, manifest in manifests().items() if "pyo3" in dependencies(manifest)}
    assert using == {"dryload-py"}


def test_unsafe_code_is_forbidden_in_every_crate() -> None:
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]
    assert workspace["lints"]["rust"]["unsafe_code"] == "forbid"
    crates = manifests()
    for name, manifest in crates.items():
        assert manifest.get("lints") == (None if name in SHIMS else {"workspace": True}), name
        assert not dependencies(manifest) & SHIMS, name
    assert crates.keys() >= SHIMS


def test_each_module_of_the_package_imports_only_the_layers_below_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert code == 0, capsys.readouterr().out


def imported_modules(source: str) -> set[str]:
    """Gathers what a Python source imports when it runs: not for types alone."""
    tree = ast.parse(source)
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_only_one_module_imports_the_extension() -> None:
    using = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "dryload._core" in imported_modules(path.read_text(encoding="utf-8"))
    }
    assert using == {"_native.py"}


def sources_of_ours() -> Iterator[Path]:
    """Yields the Rust and Python files of the repository."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS and not name.startswith(".")]
        yield from (Path(folder, name) for name in files if name.endswith((".rs", ".py")))


def test_no_file_is_longer_than_one_idea() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources_of_ours()}
    assert len(lengths) > 100
    assert {str(path): lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


ZIP = ("formats", "zip", "end")
EMPTY_FORMATS: dict[Module, str] = {("formats", name): "" for name in ("npy", "pickle", "safetensors", "zip")}
PLANTED = {
    "a lower layer that uses a higher one": (("bytes",), "use crate::error::Error;"),
    "in a group": (
        ("json",),
        "use crate::{\n    bytes::Span,\n    limits::{Budget, Limits},\n    names::Names,\n};",
    ),
    "behind an alias": (("error",), "use crate::{bytes::Span as S, formats as f};"),
    "in an expression": (("limits",), "fn f() -> u64 { crate::observe::LIMIT }"),
    "by super": (("limits",), "use super::observe::Outbox;"),
    "in a public use": (("trace",), "pub use crate::scan::Session;"),
    "in a macro": (("bytes",), "crate::formats! { A }"),
    "split over lines": (("limits",), "use crate\n    ::observe\n    ::Outbox;"),
    "after a lifetime and a quoted quote": (
        ("bytes",),
        "fn f<'a>(x: &'a u8) { g('\"', \"\\\"\"); crate::json::h() }",
    ),
    "a format that meets another": (ZIP, "use crate::formats::pickle::FORMAT;"),
    "a format that meets another in a group": (ZIP, "use crate::formats::{Part, npy};"),
    "a format that meets another by super": (ZIP, "use super::super::npy::FORMAT;"),
    "the face of a format that meets another": (("formats", "zip"), "use super::npy::FORMAT;"),
    "a module without a place": (("util",), ""),
    "a use of a module without a place": (("scan", "session"), "use crate::util::help;"),
    "a glob of the whole crate": (("bytes",), "use crate::*;"),
}


@pytest.mark.parametrize(("module", "source"), PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_seen(module: Module, source: str) -> None:
    assert len(violations({**EMPTY_FORMATS, module: source})) == 1


PERMITTED = {
    "what lies below": (
        ("observe",),
        "use crate::{bytes::Span, limits::{self, LIMIT}};\nuse crate::error::Error;",
    ),
    "a neighbour of the same format": (ZIP, "use super::entries::Entry;\nuse super::super::Format;"),
    "the contract of the formats": (ZIP, "use crate::formats::{Part, Probe, Scanner, Want};"),
    "a comment": (("bytes",), "// crate::scan::Session\n/* use crate::formats; */\n//! `super::scan`"),
    "a text": (("bytes",), 'const A: &str = "use crate::scan";\nconst B: &str = r#"crate::"scan""#;'),
    "tests at the bottom": (
        ("bytes",),
        "#[cfg(test)]\nmod tests {\n    use super::*;\n    use crate::scan::Session;\n}",
    ),
    "the list of the formats": (("formats",), "use crate::formats::zip;\nuse super::formats::npy;"),
    "the macro of the defects": (("limits",), 'crate::defects! {\n    A Invalid "a" "b";\n}'),
}


@pytest.mark.parametrize(("module", "source"), PERMITTED.values(), ids=PERMITTED)
def test_what_is_permitted_is_not_called_a_fault(module: Module, source: str) -> None:
    assert violations({**EMPTY_FORMATS, module: source}) == []


def test_an_import_for_types_is_told_from_one_at_run_time() -> None:
    source = "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from a import b\ndef f():\n    import c.d\n"
    assert imported_modules(source) == {"c.d"}
