"""The fifteen points that other scanners fail, each as one test named for it.

Everything runs as a user would: the command in a process of its own, its output and its exit code.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft7Validator

import dryload
from dryload.outputs import OUTPUTS
from tests.build import safetensors

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
REAL = DATA / "real"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
UNFRAMED = b"cposix\nsystem\n(S'true'\ntR"

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs dryload with these words in an empty folder, with an empty home."""
    for name in ("cwd", "home"):
        (tmp_path / name).mkdir()
    environ = {**os.environ, "HOME": str(tmp_path / "home"), "PYTHONIOENCODING": "utf-8"}
    environ.pop("XDG_CACHE_HOME", None)

    def scan(*words: str | Path, python: tuple[str, ...] = ("-m", "dryload")) -> Done:
        return subprocess.run(
            [sys.executable, *python, *map(str, words)],
            cwd=tmp_path / "cwd",
            env=environ,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    return scan


def verdicts(done: Done) -> dict[str, str]:
    """Gives the verdict of each file by its name, from the JSON document that is all of stdout."""
    assert "Traceback" not in done.stderr
    return {Path(file["path"]).name: file["verdict"] for file in json.loads(done.stdout)["files"]}


def torch_zip(data: bytes) -> bytes:
    """Makes a checkpoint as torch.save lays it out."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in {"data.pkl": data, "byteorder": b"little", "version": b"3\n"}.items():
            archive.writestr(zipfile.ZipInfo(f"evil/{name}"), content)
    return stream.getvalue()


def broken(folder: Path, plain: bytes) -> None:
    """Fills a folder with files that cannot be judged."""
    folder.mkdir()
    (folder / "empty.pkl").write_bytes(b"")
    (folder / "random.pkl").write_bytes(random.Random(4).randbytes(300))
    (folder / "truncated.pkl").write_bytes(plain[:-5])
    (folder / "pointer.safetensors").write_bytes(LFS)
    (folder / "broken.pt").write_bytes(torch_zip(plain)[:-30])


def test_01_what_savers_write_is_inert_without_a_warning(run: Run) -> None:
    files = [
        REAL / "torch" / "state_dict.pt",
        REAL / "torch" / "state_dict_legacy.pt",
        REAL / "numpy" / "plain.npy",
        REAL / "numpy" / "several.npz",
        REAL / "safetensors" / "small.safetensors",
    ]
    done = run("scan", *files)
    assert done.returncode == 0
    *_, last = done.stdout.splitlines()
    assert last.startswith("5 files: 5 inert. ")
    assert "warning" not in done.stdout + done.stderr
    document = json.loads(run("scan", "--format", "json", *files).stdout)
    assert [(file["verdict"], file["findings"]) for file in document["files"]] == [("inert", [])] * 5


def test_02_estimators_with_arrays_between_the_opcodes_are_parsed_to_the_end(run: Run) -> None:
    files = sorted((REAL / "sklearn").glob("*.joblib")) + sorted((REAL / "sklearn").glob("*.pkl"))
    assert len(files) > 10
    done = run("scan", "--format", "json", *files)
    for file in json.loads(done.stdout)["files"]:
        assert file["coverage"]["complete"], file["path"]
        assert file["verdict"] in ("inert", "unknown")


@pytest.mark.parametrize("framed", [False, True])
def test_03_a_call_before_a_missing_stop_is_malicious(
    run: Run, tmp_path: Path, evil: bytes, framed: bool
) -> None:
    path = tmp_path / "evil.pkl"
    path.write_bytes(evil[:-1] if framed else UNFRAMED)
    done = run("scan", "--format", "json", path)
    assert verdicts(done) == {"evil.pkl": "malicious"}
    assert done.returncode == 1


def test_04_what_cannot_be_judged_is_inconclusive_and_stops_nothing(
    run: Run, tmp_path: Path, plain: bytes, evil: bytes
) -> None:
    folder = tmp_path / "mixed"
    broken(folder, plain)
    done = run("scan", "--format", "json", folder)
    assert verdicts(done) == dict.fromkeys(
        ["broken.pt", "empty.pkl", "pointer.safetensors", "random.pkl", "truncated.pkl"], "inconclusive"
    )
    assert done.returncode == 3
    (folder / "z_evil.pkl").write_bytes(evil)
    (folder / "a_plain.pkl").write_bytes(plain)
    done = run("scan", "--format", "json", folder)
    assert verdicts(done)["z_evil.pkl"] == "malicious"
    assert verdicts(done)["a_plain.pkl"] == "inert"
    assert done.returncode == 1
    text = run("scan", folder)
    assert "git lfs pull" in text.stdout
    assert "Traceback" not in text.stdout + text.stderr


def test_05_a_pickle_is_found_whatever_it_is_called_and_wherever_it_lies(
    run: Run, tmp_path: Path, evil: bytes
) -> None:
    folder = tmp_path / "repository"
    for name in ("model.bin", ".hidden/weights", "blobs/5feceb66ffc86f38d952786c6d696c79"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(evil)
    snapshot = folder / "snapshots" / "main"
    snapshot.mkdir(parents=True)
    (snapshot / "pytorch_model.bin").symlink_to("../../blobs/5feceb66ffc86f38d952786c6d696c79")
    for target in (folder, snapshot, snapshot / "pytorch_model.bin"):
        done = run("scan", "--format", "json", "--no-repository", target)
        found = verdicts(done)
        assert found.pop("pytorch_model.bin") == "malicious"
        assert set(found.values()) <= {"malicious"}
        assert done.returncode == 1
    assert {"model.bin", "weights"} <= set(verdicts(run("scan", "--format", "json", folder)))


def test_06_an_array_of_objects_is_judged_without_numpy(run: Run, tmp_path: Path) -> None:
    class Runs:
        def __reduce__(self) -> tuple[object, ...]:
            return os.system, ("true",)

    assert int(np.__version__.partition(".")[0]) >= 2
    path = tmp_path / "evil.npy"
    np.save(path, np.array([Runs()], dtype=object))
    assert verdicts(run("scan", "--format", "json", path)) == {"evil.npy": "malicious"}
    package = str(Path(dryload.__file__).parents[1])
    without = (
        f"import sys; sys.path.insert(0, {package!r}); sys.modules['numpy'] = None\n"
        "from dryload.cli.main import main; sys.exit(main())"
    )
    done = run("scan", "--format", "json", path, python=("-S", "-c", without))
    assert verdicts(done) == {"evil.npy": "malicious"}
    assert done.returncode == 1


@pytest.mark.parametrize("format", OUTPUTS)
def test_07_hostile_names_reach_no_output_raw(run: Run, tmp_path: Path, evil: bytes, format: str) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    name = "a\x1b[2K\x1b[1A\u202e\n::error::forged\r<script>x.pkl"
    (folder / name).write_bytes(evil)
    (folder / "b.pkl").write_bytes(b"cmy\x1b[32mOK clean\nSca\xe2\x80\xaeler::error::forged\n)R.")
    (folder / "c.safetensors").write_bytes(safetensors({name: {"dtype": "\x1b[2K\u202e"}}, b""))
    done = run("scan", "--format", format, folder)
    assert done.returncode == 1
    for raw in ("\x1b", "\u202e", "\r", "\n::error::forged"):
        assert raw not in done.stdout + done.stderr, raw
    assert all(line.isprintable() for line in done.stdout.replace("\t", " ").split("\n"))


def test_08_json_is_all_that_stdout_holds(run: Run, tmp_path: Path, plain: bytes, evil: bytes) -> None:
    broken(tmp_path / "mixed", plain)
    (tmp_path / "mixed" / "evil.pkl").write_bytes(evil)
    document = json.loads(run("scan", "--format", "json", tmp_path / "mixed").stdout)
    assert document["schema"] == "dryload.report/1"
    assert document["summary"]["malicious"] == 1
    lines = run("scan", "--format", "jsonl", tmp_path / "mixed").stdout.splitlines()
    assert len([json.loads(line) for line in lines]) == document["summary"]["files"] + 1
    log = json.loads(run("scan", "--format", "sarif", tmp_path / "mixed").stdout)
    schema = json.loads((DATA / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
    assert not list(Draft7Validator(schema).iter_errors(log))
    places = [result["locations"][0]["physicalLocation"]["region"] for result in log["runs"][0]["results"]]
    assert places
    assert all(place["startLine"] == 1 for place in places)


def test_09_options_stand_before_or_after_paths(run: Run, tmp_path: Path, evil: bytes) -> None:
    path = tmp_path / "evil.pkl"
    path.write_bytes(evil)
    orders = [
        ("scan", "-q", "--format", "json", path),
        ("scan", path, "-q", "--format", "json"),
        ("scan", "--format", "json", path, "-q"),
        (path, "--format", "json", "-q"),
    ]
    files = [json.loads(run(*words).stdout)["files"] for words in orders]
    assert all(each == files[0] for each in files)
    assert len(files[0]) == 1


def test_10_nothing_is_written_and_no_network_is_used(
    run: Run, tmp_path: Path, plain: bytes, evil: bytes
) -> None:
    broken(tmp_path / "mixed", plain)
    (tmp_path / "mixed" / "evil.pkl").write_bytes(evil)
    watched = """
import os, sys
def hook(event, arguments):
    if event.startswith(("socket.", "urllib", "http", "subprocess", "os.system", "os.exec", "os.posix_spawn",
                         "pickle.find_class", "marshal.loads_foreign", "os.mkdir", "os.rename", "os.remove")):
        raise SystemExit(f"audit: {event} {arguments}")
    if event == "open" and isinstance(arguments[2], int):
        if arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and arguments[0] != os.devnull:
            raise SystemExit(f"audit: {event} {arguments}")
sys.dont_write_bytecode = True
sys.addaudithook(hook)
from dryload.cli.main import main
sys.exit(main())
"""
    for words in (["scan"], ["scan", "-v"], ["scan", "--format", "json"]):
        done = run(*words, tmp_path / "mixed", python=("-c", watched))
        assert done.returncode == 1, done.stderr
        assert "audit" not in done.stderr
    assert list((tmp_path / "cwd").iterdir()) == []
    assert list((tmp_path / "home").iterdir()) == []


def test_11_a_call_is_one_finding(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "evil.pt"
    path.write_bytes(torch_zip(b"\x80\x02}X\x01\x00\x00\x00xcposix\nsystem\nX\x04\x00\x00\x00true\x85Rs."))
    (file,) = json.loads(run("scan", "--format", "json", path).stdout)["files"]
    assert file["verdict"] == "malicious"
    assert [(each["rule"], each["member"]) for each in file["findings"]] == [
        ("pickle-dangerous-call", "evil/data.pkl")
    ]


def test_12_a_scan_imports_neither_numpy_nor_rich_nor_asyncio(run: Run, tmp_path: Path, plain: bytes) -> None:
    # The times and the memory stand in benches/startup.py: a test has no clock.
    path = tmp_path / "small.pkl"
    path.write_bytes(plain)
    timed = ("-X", "importtime")
    scanned, imported, bare = (
        {
            line.rpartition("|")[2].strip()
            for line in done.stderr.splitlines()
            if line.startswith("import time:")
        }
        for done in (
            run("scan", path, python=(*timed, "-m", "dryload")),
            run(python=(*timed, "-c", "import dryload")),
            run(python=(*timed, "-c", "pass")),
        )
    )
    assert "dryload.scanner" in scanned
    for heavy in ("numpy", "rich", "asyncio", "click", "typer", "importlib.metadata", "typing", "re"):
        assert heavy not in scanned - bare
        assert heavy not in imported - bare
    assert len(scanned - bare) < 60
    assert {name for name in imported - bare if not name.startswith("dryload")} <= {"__future__"}


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Presses Ctrl-C, and again where the first came just before a system call that waits: CPython sees it
    only behind that."""
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2)


def test_13_an_interrupt_and_a_reader_that_leaves_end_it_at_once_and_quietly(
    tmp_path: Path, plain: bytes
) -> None:
    for index in range(2000):
        (tmp_path / f"{index}.pkl").write_bytes(plain)
    words = [sys.executable, "-m", "dryload", "scan", "--format", "jsonl"]
    pipe = subprocess.PIPE
    # It has written of the first file and waits for the second, which is its open stdin.
    with subprocess.Popen([*words, tmp_path / "0.pkl", "-"], stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        interrupt(process)
        told = process.stdout.read()
        assert process.wait() == 130
        assert json.loads(told.splitlines()[-1])["summary"]["interrupted"] is True
        assert process.stderr.read() == b""
    with subprocess.Popen([*words, str(tmp_path)], stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_14_a_configuration_inside_what_is_scanned_is_ignored(run: Run, tmp_path: Path, evil: bytes) -> None:
    foreign = tmp_path / "foreign"
    (foreign / "sub").mkdir(parents=True)
    (name,) = (each for each in dryload.scan(evil).names)
    allowed = f'[allow]\n"{name[0]}:{name[1]}" = true\n'
    for folder in (foreign, foreign / "sub"):
        (folder / "evil.pkl").write_bytes(evil)
        (folder / "allow.toml").write_text(allowed)
        table = 'policy = "allow.toml"\nfail-on = ["invalid"]\nexclude = ["*.pkl"]\n'
        (folder / "dryload.toml").write_text(table)
        (folder / "pyproject.toml").write_text(f"[tool.dryload]\n{table}")
        (folder / ".gitignore").write_text("*.pkl\n")
    for target in (foreign, foreign / "sub", foreign / "sub" / "evil.pkl"):
        done = run("scan", "--format", "json", target)
        assert set(verdicts(done).values()) == {"malicious"}
        assert done.returncode == 1
        assert "config" not in done.stderr


# Point 15, the page that makes no request and runs no string of a file, stands in the test of that output.


def test_15_the_page_asks_for_nothing_and_shows_no_markup_of_a_file(run: Run, tmp_path: Path) -> None:
    """What a browser does with it is in `tests/browser`; here, what stands in it."""
    markup = "<img src=x onerror=alert(1)>"
    data = b"c" + markup.encode() + b"\nScaler\n)R."
    (tmp_path / "a b.pkl").write_bytes(data)
    page = run("scan", "--format", "html", tmp_path).stdout
    assert markup not in page
    assert "onerror=alert(1)" in page  # as text, in the data
    assert "default-src 'none'" in page
    links = re.findall(
        r"""(?:src|href|action|url)\s*[=(]\s*["']?(?!#|data:)[^"'>\s)]+""", page.partition("<script")[0]
    )
    assert links == []
