"""Finds and checks the configuration: `[tool.dryload]` of pyproject.toml, or dryload.toml, or the file of
--config.

Only the working directory is looked at, and never a file that lies inside a tree to be scanned: a
downloaded repository must not bring the configuration that calls it inert.
"""

from __future__ import annotations

import os

from dryload._frozen import frozen
from dryload.errors import PolicyError
from dryload.policy import Policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dryload.findings import Verdict


@frozen
class Config:
    """What a configuration file says; `source` names it, and None or nothing means that it does not say."""

    source: str = ""
    policy: str | None = None
    allow: tuple[str, ...] = ()
    deny: Mapping[str, str]
    fail_on: frozenset[Verdict] | None = None
    jobs: int | None = None
    format: str | None = None


def load_config(named: str | None, *, scanned: Iterable[str]) -> tuple[Config, str]:
    """Gives the configuration in force, and a line for stderr that says which it is or why one was left
    aside.

    Raises:
        PolicyError: the file cannot be read, or says something that is not understood.
    """
    if named is not None:
        return _read(named, whole=os.path.basename(named) != "pyproject.toml"), f"config: {named}"
    trees = [os.path.realpath(path) for path in scanned if path != "-"]
    for name in ("dryload.toml", "pyproject.toml"):
        if not os.path.isfile(name) or (name == "pyproject.toml" and not _mentions_dryload(name)):
            continue
        if any(_inside(os.path.realpath(name), tree) for tree in trees):
            return Config(
                deny={}
            ), f"config: {name} lies in the scanned tree and is not used; name it with --config"
        config = _read(name, whole=name == "dryload.toml")
        if config.source:
            return config, f"config: {config.source}"
    return Config(deny={}), ""


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
    return policy


def _read(path: str, *, whole: bool) -> Config:
    """Reads the whole file, or only its `[tool.dryload]` table; a relative policy path starts at the file."""
    from dryload.policy_table import read_toml

    document: object = read_toml(path)
    source = path
    if not whole:
        for key in ("tool", "dryload"):
            document = document.get(key) if isinstance(document, dict) else None
        source = f"{path} [tool.dryload]"
    if not isinstance(document, dict):
        return Config(deny={})
    return _checked(document, source, os.path.dirname(path))


def _checked(table: Mapping[str, object], source: str, folder: str) -> Config:
    from dryload.outputs import OUTPUTS
    from dryload.policy_layer import check_keys, checked_verdicts

    check_keys(table, ("policy", "allow", "deny", "fail-on", "jobs", "format"), where=source)
    policy, allow, deny = table.get("policy"), table.get("allow", []), table.get("deny", {})
    fail_on, jobs, format = table.get("fail-on"), table.get("jobs"), table.get("format")
    if not (policy is None or isinstance(policy, str)):
        raise PolicyError(f"{source}: 'policy' is the name of a policy or the path of a file")
    if not (isinstance(allow, list) and all(isinstance(name, str) for name in allow)):
        raise PolicyError(f"{source}: 'allow' is a list of names")
    if not (isinstance(deny, dict) and all(isinstance(reason, str) for reason in deny.values())):
        raise PolicyError(f"{source}: 'deny' is a table of names with reasons")
    if not (fail_on is None or isinstance(fail_on, list)):
        raise PolicyError(f"{source}: 'fail-on' is a list of verdicts")
    if not (jobs is None or (type(jobs) is int and jobs > 0)):
        raise PolicyError(f"{source}: 'jobs' is a positive integer")
    if format is not None:
        check_keys([str(format)], OUTPUTS, where=source, what="format")
    if policy is not None and policy.endswith(".toml"):
        policy = os.path.join(folder, policy)
    return Config(
        source=source,
        policy=policy,
        allow=tuple(allow),
        deny=deny,
        fail_on=None if fail_on is None else checked_verdicts(fail_on, where=f"{source}: fail-on"),
        jobs=jobs,
        format=None if format is None else str(format),
    )


def _mentions_dryload(path: str) -> bool:
    """Looks for the word first: parsing TOML costs 13 ms and most projects do not configure dryload."""
    with open(path, "rb") as file:
        return b"dryload" in file.read()


def _inside(path: str, tree: str) -> bool:
    return path == tree or path.startswith(os.path.join(tree, ""))
