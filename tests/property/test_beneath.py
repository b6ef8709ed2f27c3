"""Whatever links a tree holds, a path is opened below its folder or not at all, and the two engines agree.

The oracle is the file system itself: the trees are made, and the file that was opened is looked up by its
number among the files that really lie below the folder.
"""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dryload import beneath
from dryload.beneath import open_beneath
from dryload.paths import PathError, check_member_name, safe_join

NAMES = ["a", "b", "c"]
COMPONENTS = st.sampled_from([*NAMES, *NAMES, ".", ".."])


@st.composite
def paths(draw: st.DrawFn) -> str:
    """A relative path over few names, so that it often meets something; some end with a slash."""
    path = "/".join(draw(st.lists(COMPONENTS, min_size=1, max_size=6)))
    return path + draw(st.sampled_from(["", "", "", "/", "//"]))


@st.composite
def targets(draw: st.DrawFn) -> str:
    """What a link says; `BASE` and `OUT` stand for the absolute paths of the two folders."""
    return draw(st.sampled_from(["", "", "", "../", "../out/", "BASE/", "OUT/"])) + draw(paths())


PLACES = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
ENTRIES = st.one_of(
    st.tuples(PLACES, st.just("folder")), st.tuples(PLACES, st.just("file")), st.tuples(PLACES, targets())
)
TREES = st.lists(ENTRIES, max_size=10)

Tree = list[tuple[str, str]]


def make(root: Path, tree: Tree) -> set[int]:
    """Makes the tree in root/base, the same names outside, and gives the numbers of all that lies inside."""
    base, out = root / "base", root / "out"
    base.mkdir()
    for name in NAMES:
        (out / name).mkdir(parents=True)
        (out / name / "a").write_text("OUT")
        (root / name).write_text("OUT")
    for place, what in tree:
        path = base / place
        try:  # Where an earlier entry is in the way, this one is left out.
            path.parent.resolve(strict=True).relative_to(base.resolve())
            if what == "folder":
                path.mkdir()
            elif what == "file":
                path.touch(exist_ok=False)
            else:
                path.symlink_to(what.replace("BASE", str(base)).replace("OUT", str(out)))
        except (OSError, ValueError, RuntimeError):
            continue
    inside = {base.lstat().st_ino}
    for folder, folders, files in os.walk(base):
        inside |= {os.lstat(os.path.join(folder, name)).st_ino for name in folders + files}
    return inside


def outcome(base: Path, path: str, flags: int, *, walk: bool) -> tuple[str, int]:
    """What became of an opening: the number of the file, the rule, or the number of the error."""
    with pytest.MonkeyPatch.context() as patch:
        if walk:
            patch.setattr(beneath, "_syscall", lambda *_: (-1, errno.ENOSYS))
        try:
            opened = open_beneath(base, path, flags)
        except PathError as error:
            return error.rule, 0
        except OSError as error:
            return "error", error.errno or 0
    number = os.fstat(opened).st_ino
    os.close(opened)
    return "opened", number


FLAGS = st.sampled_from(
    [
        os.O_RDONLY,
        os.O_RDONLY | os.O_NOFOLLOW,
        os.O_RDONLY | os.O_DIRECTORY,
        os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW,
        os.O_WRONLY,
        getattr(os, "O_PATH", 0),
        getattr(os, "O_PATH", 0) | os.O_NOFOLLOW,
    ]
)
LINKED_OUT = [("a", "folder"), ("a/b", "../../out"), ("b", "a/../../out/a"), ("c", "a/.."), ("a/c", "OUT/a")]


@settings(max_examples=400, deadline=None)
@given(TREES, st.lists(paths(), min_size=1, max_size=8), FLAGS)
@example(LINKED_OUT, ["a/b/a", "b/a", "c/c/a/b", "c/a/c", "a/b/../a", "c/../a"], os.O_RDONLY)
def test_both_engines_open_the_same_file_inside_or_refuse_for_the_same_reason(
    tree: Tree, asked: list[str], flags: int
) -> None:
    with tempfile.TemporaryDirectory() as root:
        inside = make(Path(root), tree)
        for path in asked:
            by_system = outcome(Path(root, "base"), path, flags, walk=False)
            by_walk = outcome(Path(root, "base"), path, flags, walk=True)
            assert by_system == by_walk, path
            if by_walk[0] == "opened":
                assert by_walk[1] in inside, path


@settings(max_examples=200, deadline=None)
@given(TREES, paths(), st.sampled_from([os.O_CREAT, os.O_CREAT | os.O_EXCL]))
@example([("a", "../out/new")], "a", os.O_CREAT)
@example([("a", "folder"), ("b", "a/c")], "b", os.O_CREAT)
@example([("a", "missing/")], "a", os.O_CREAT)
@example([("a", "../out/")], "a/", os.O_CREAT)
def test_both_engines_make_the_same_file_inside_or_none(tree: Tree, path: str, flags: int) -> None:
    results = []
    for walk in (False, True):
        with tempfile.TemporaryDirectory() as root:
            make(Path(root), tree)
            before = everything(Path(root))
            kind, code = outcome(Path(root, "base"), path, os.O_WRONLY | flags, walk=walk)
            new = everything(Path(root)) - before
            assert all(made.startswith("base/") for made in new)
            results.append((kind, code if kind == "error" else 0, new))
    assert results[0] == results[1]


def everything(root: Path) -> set[str]:
    return {
        os.path.relpath(os.path.join(folder, name), root)
        for folder, folders, files in os.walk(root)
        for name in folders + files
    }


@settings(max_examples=400, deadline=None)
@given(TREES, st.lists(paths(), min_size=1, max_size=8))
@example(LINKED_OUT, ["a/b/a", "b/a", "c/b", "c/a/c"])
@example([("a", "folder"), ("b", "a")], ["b/c", "b"])
def test_a_name_that_is_checked_joined_and_opened_is_inside(tree: Tree, asked: list[str]) -> None:
    with tempfile.TemporaryDirectory() as root:
        base = Path(root, "base")
        inside = make(Path(root), tree)
        for name in asked:
            try:
                check_member_name(name)
                joined = safe_join(base, name)
            except (PathError, OSError):
                continue
            try:
                opened = os.open(joined, os.O_RDONLY)
            except OSError as error:
                assert error.errno in {errno.ENOENT, errno.ENOTDIR}  # noqa: PT017
                continue
            assert os.fstat(opened).st_ino in inside
            os.close(opened)


@settings(max_examples=400, deadline=None)
@given(TREES, paths())
def test_a_join_is_refused_only_if_an_opening_is(tree: Tree, name: str) -> None:
    with tempfile.TemporaryDirectory() as root:
        base = Path(root, "base")
        make(Path(root), tree)
        try:
            check_member_name(name)
        except PathError:
            return
        try:
            safe_join(base, name)
            joined = "joined"
        except PathError:
            joined = "outside"
        except OSError:
            joined = "error"
        opened, code = outcome(base, name, os.O_RDONLY, walk=False)
        if joined == "outside" and opened == "error":
            # A link climbs behind something that is no folder yet.
            assert code in {errno.ENOENT, errno.ENOTDIR}
        else:
            assert (joined == "joined") == (opened == "opened" or code in {errno.ENOENT, errno.ENOTDIR})
