"""A folder of everything that can go wrong with a file: all is reported, nothing hangs or stops the rest.

The command runs in a forked child that has given up its privileges, because root may read a file without
read permission.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dryload.cli.main import main

NOBODY = 65534
EVIL = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R."
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d7a" * 16 + b"\nsize 12345\n"
STATE_DICT = Path(__file__).parents[2] / "samples" / "state_dict.pt"


@pytest.fixture
def broken() -> Iterator[Path]:
    """A folder that an unprivileged child may enter; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="dryload-broken-"))
    folder.chmod(0o755)
    whole = pickle.dumps({"a": list(range(50))}, protocol=4)
    (folder / "empty.pkl").write_bytes(b"")
    (folder / "random.bin").write_bytes(bytes((i * 167 + 13) % 256 for i in range(300)))
    (folder / "cut.pkl").write_bytes(whole[:-20])
    (folder / "cut.pt").write_bytes(STATE_DICT.read_bytes()[:3000])
    (folder / "pointer.safetensors").write_bytes(POINTER)
    (folder / "dangling.pt").symlink_to(folder / "nowhere")
    (folder / "closed.pkl").write_bytes(whole)
    (folder / "closed.pkl").chmod(0)
    os.mkfifo(folder / "pipe.pkl")
    yield folder
    shutil.rmtree(folder)


def scan_unprivileged(folder: Path) -> tuple[int, dict[str, tuple[str, str]]]:
    """Gives the exit code and, by file name, the verdict and the first rule."""
    out = folder.with_suffix(".json")
    # Everything the child imports is imported here: it may not reach the interpreter's own files.
    main(["scan", str(STATE_DICT.parent), "-o", f"json={out}", "-q"])
    out.chmod(0o666)
    child = os.fork()
    if child == 0:
        code = 99
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            code = main(["scan", str(folder), "-o", f"json={out}", "-q"])
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    files = json.loads(out.read_text())["files"]
    out.unlink()
    return code, {Path(f["path"]).name: (f["verdict"], f["findings"][0]["rule"]) for f in files}


INCONCLUSIVE = {
    "empty.pkl": "scan-empty-file",
    "random.bin": "scan-unrecognised-content",
    "cut.pkl": "pickle-truncated",
    "cut.pt": "zip-missing-end",
    "pointer.safetensors": "scan-lfs-pointer",
    "dangling.pt": "scan-unreadable",
    "closed.pkl": "scan-unreadable",
    "pipe.pkl": "scan-special-file",
}


def test_broken_files_alone_are_all_reported_and_exit_three(broken: Path) -> None:
    code, seen = scan_unprivileged(broken)
    assert seen == {name: ("inconclusive", rule) for name, rule in INCONCLUSIVE.items()}
    assert code == 3


def test_one_evil_file_among_them_is_found_and_exits_one(broken: Path) -> None:
    (broken / "evil.pkl").write_bytes(EVIL)
    code, seen = scan_unprivileged(broken)
    assert seen.pop("evil.pkl") == ("malicious", "pickle-dangerous-call")
    assert set(seen) == set(INCONCLUSIVE)
    assert code == 1
