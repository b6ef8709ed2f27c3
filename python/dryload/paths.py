"""Checks names that come from archives, indexes and requests before they become paths.

`check_member_name` reads the text alone and refuses what leads out of a folder on any system, not only on
this one: an archive that was checked here may be unpacked elsewhere. `safe_join` also asks the file system
about links. `open_beneath` lets the kernel decide while it opens, and is the one to use where it can be.

The rules are those of `docs/paths.md`, in that order, and stand in the core, where the readers of archives
ask them, too. They mend nothing: a name is taken as it stands or refused, since a mended name is one that
another reader sees otherwise.
"""

from __future__ import annotations

import os

from dryload._native import check_name, name_rules
from dryload.beneath import locate_beneath, open_beneath, shown
from dryload.errors import PathError

__all__ = ["RULES", "PathError", "check_member_name", "open_beneath", "safe_join"]


def check_member_name(name: str) -> None:
    """Refuses a name that is not plainly a path below the folder it is joined to, on every system.

    Components are separated by `/`. A `./` in front, as tar writes it, and one `/` at the end, the mark of a
    folder, are taken. Bytes of an archive are decoded first, with `surrogateescape` if they may be no UTF-8.

    Raises:
        PathError: with the first rule that is broken and the character where it is.

    >>> check_member_name("model/data.pkl")
    >>> check_member_name("model/../../data.pkl")
    Traceback (most recent call last):
    dryload.errors.PathError: name goes to a parent folder (parent, at 6): 'model/../../data.pkl'
    """
    # A surrogate is no UTF-8, and is told at the character where it stands.
    fault = check_name(name.encode("utf-8", "surrogatepass"))
    if fault is not None:
        rule, position = fault
        raise PathError(
            f"name {RULES[rule]} ({rule}, at {position}): {shown(name)}",
            rule=rule,
            value=name,
            position=position,
        )


def safe_join(base: str | os.PathLike[str], *parts: str) -> str:
    """Joins names to the folder `base`, if each is a plain name and no link on the way leads out of `base`.

    The answer is true for the moment in which it is given; whoever may write below `base` can change that
    before the path is used. `open_beneath` cannot be overtaken. What does not exist yet may be joined. `base`
    is trusted, and must be there.

    Raises:
        PathError: a part breaks a rule of `check_member_name`, or a link leads out of `base` (`outside`).
        OSError: `base` is no folder, or the way could not be followed to see where it leads.
        NotImplementedError: this system can open nothing relative to a descriptor.

    >>> safe_join("/", "usr", "lib/x.so")
    '/usr/lib/x.so'
    >>> safe_join("/usr", "lib/%2e%2e/x.so")
    Traceback (most recent call last):
    dryload.errors.PathError: name holds a percent-encoded character (percent, at 4): 'lib/%2e%2e/x.so'
    """
    for part in parts:
        check_member_name(part)
    path = "/".join(part.removeprefix("./").removesuffix("/") for part in parts)
    if path:
        locate_beneath(base, path)
    return os.path.join(os.fspath(base), path) if path else os.fspath(base)


RULES = dict(name_rules())
"""What each rule refuses, in the order in which they are asked."""
