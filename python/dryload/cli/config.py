"""Finds the configuration: `[tool.dryload]` of pyproject.toml, or dryload.toml, or the file of --config.

The working directory and those above it are looked at, up to the root of the project, and never a file that
lies inside a tree to be scanned: a downloaded repository must not bring the configuration that calls it
inert. What the keys mean is `config_keys`' business.
"""

from __future__ import annotations

import os

from dryload._frozen import frozen
from dryload.errors import PolicyError
from dryload.policy import Policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dryload.findings import Verdict


@frozen
class Suppression:
    """One entry of `suppress`: a finding of one content that somebody answers for.

    `expires` is the last day on which it is in force, as 2027-01-31; empty means that it does not end.
    """

    fingerprint: str
    sha256: str
    reason: str
    expires: str = ""
    malicious: bool = False


@frozen
class Config:
    """What a configuration file says; `source` names it, and None or nothing means that it does not say.

    `path` is the file itself where it was found and not named, so that a tree which turns out to hold it can
    be refused.
    """

    source: str = ""
    path: str = ""
    policy: str | None = None
    allow: tuple[str, ...] = ()
    deny: Mapping[str, str]
    fail_on: frozenset[Verdict] | None = None
    limits: Mapping[str, int]
    jobs: int | None = None
    format: str | None = None
    output: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    timeout: int | None = None
    full: bool = False
    cache: bool = False
    repository: bool = True
    baseline: str | None = None
    suppress: tuple[Suppression, ...] = ()


def load_config(named: str | None, *, scanned: Iterable[str], isolated: bool = False) -> tuple[Config, str]:
    """Gives the configuration in force, and lines for stderr that say which it is or why one was left aside.

    Raises:
        PolicyError: the file cannot be read, or says something that is not understood.
    """
    if isolated:
        if named is not None:
            raise PolicyError("--isolated asks for no configuration, and --config names one")
        return NO_CONFIG, ""
    if named is not None:
        return _read(named, whole=os.path.basename(named) != PYPROJECT), f"config: {named}"
    trees = [path for path in scanned if path != "-"]
    told: list[str] = []
    for path in _candidates(trees, told):
        config = _read(path, whole=os.path.basename(path) != PYPROJECT, found=True)
        if config.source:
            told.append(f"config: {config.source}")
            return config, "\n".join(told)
    return NO_CONFIG, "\n".join(told)


def policy_in_force(config: Config, *, named: str | None, allow: Iterable[str]) -> Policy:
    """Gives the policy that options and configuration ask for; what the configuration denies stays denied.

    Raises:
        PolicyError: there is no such policy, or a name in one of them is not usable.
    """
    policy = Policy.named(named or config.policy or "default")
    for name in (*config.allow, *allow):
        policy = policy.allow(name)
    for name, reason in config.deny.items():
        policy = policy.deny(name, reason=reason)
    return policy.with_limits(**config.limits) if config.limits else policy


def without_its_own(names: Iterable[str], path: str) -> Iterator[str]:
    """Passes names on that come while a scan runs with the configuration at `path`.

    Raises:
        PolicyError: one is a folder that holds the configuration.
    """
    for name in names:
        if _is_folder(name) and lies_in(path, [name]):
            raise PolicyError(
                f"{path} lies in a folder that --files-from names: name it with --config, or use --isolated"
            )
        yield name


def lies_in(path: str, trees: Iterable[str]) -> bool:
    """True when the file, or the link that leads to it, stands in one of the trees or is one of them.

    Folders are compared as what they are and not by their names: there are links, mounts, and systems to
    which names of another case are the same.
    """
    roots = {root for root in map(_identity, trees) if root is not None}
    folder = os.path.realpath(os.path.dirname(path) or ".")
    return _stands_in(folder, roots) or _stands_in(os.path.realpath(path), roots)


def _candidates(trees: list[str], told: list[str]) -> Iterator[str]:
    """Gives the files that may hold the configuration, the nearest first, and tells of those left aside."""
    try:
        here = folder = os.getcwd()  # noqa: PTH109 - to import pathlib takes as long as a scan
    except FileNotFoundError:
        return  # it was removed
    while True:
        for name in ("dryload.toml", PYPROJECT):
            if not os.path.isfile(os.path.join(folder, name)):
                continue
            path = name if folder == here else os.path.join(os.path.relpath(folder, here), name)
            if name == PYPROJECT and not _mentions_dryload(path, above=folder != here):
                continue
            if lies_in(path, trees):
                told.append(f"config: {path} lies in the scanned tree and is not used; name it with --config")
            elif folder != here and not _is_ours(path):
                told.append(f"config: {path} belongs to another user and is not used; name it with --config")
            else:
                yield path
        above = os.path.dirname(folder)
        if above == folder:
            return
        # What a scanned tree says of itself counts for nothing, also not that it is the root of a project.
        if os.path.exists(os.path.join(folder, ".git")) and not lies_in(os.path.join(folder, ".git"), trees):
            return
        folder = above


def _read(path: str, *, whole: bool, found: bool = False) -> Config:
    """Reads the whole file, or only its `[tool.dryload]` table; relative paths in it start at the file."""
    from dryload.policy_table import read_toml

    document: object = read_toml(path)
    source = path
    if not whole:
        for key in ("tool", "dryload"):
            document = document.get(key) if isinstance(document, dict) else None
        source = f"{path} [tool.dryload]"
    if not isinstance(document, dict):
        return NO_CONFIG
    from dryload.cli.config_keys import checked

    return checked(document, source, os.path.dirname(path), path=path if found else "")


def _is_ours(path: str) -> bool:
    """Whether nobody else put it, or the link to it, above the working directory, as anybody can in /tmp."""
    if not hasattr(os, "getuid"):
        return True
    owners = {os.stat(path).st_uid, os.lstat(path).st_uid}  # noqa: PTH116 - as above
    return owners <= {ROOT_USER, os.getuid()}


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - as above


def _mentions_dryload(path: str, *, above: bool) -> bool:
    """Looks for the word first: parsing TOML costs 13 ms and most projects do not configure dryload."""
    try:
        with open(path, "rb") as file:
            return b"dryload" in file.read()
    except OSError as error:
        if above and not _is_ours(path):
            return False
        raise PolicyError(f"{path}: {error.strerror}; --isolated does not ask for it") from error


def _stands_in(path: str, roots: set[tuple[int, int]]) -> bool:
    """Whether a real path, or a folder above it, is one of the roots."""
    while _identity(path) not in roots:
        above = os.path.dirname(path)
        if above == path:
            return False
        path = above
    return True


def _identity(path: str) -> tuple[int, int] | None:
    try:
        told = os.stat(path)  # noqa: PTH116 - as above
    except OSError:
        return None
    return told.st_dev, told.st_ino


PYPROJECT = "pyproject.toml"
ROOT_USER = 0
NO_CONFIG = Config(deny={}, limits={})
