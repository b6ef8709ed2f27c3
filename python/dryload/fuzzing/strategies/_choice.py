"""How all strategies take `valid` and `faults`."""

from __future__ import annotations

from hypothesis import strategies as st

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from hypothesis.strategies import SearchStrategy


def sound_or_faulty(
    sound: SearchStrategy[bytes],
    table: Mapping[str, Callable[[], SearchStrategy[bytes]]],
    valid: bool | None,  # noqa: FBT001 - handed on by name
    faults: Collection[str] | None,
) -> SearchStrategy[bytes]:
    """Gives sound files, ones with one of the faults, or both when `valid` is None.

    Raises:
        ValueError: a fault is not in the table.
    """
    if faults is None:
        names = sorted(table, key=list(table).index)
    else:
        names = [name for name in table if name in faults]
        if unknown := sorted(set(faults) - set(table)):
            raise ValueError(f"no fault of this format: {', '.join(unknown)}; there are {', '.join(table)}")
        valid = None if valid is None else False
    if valid:
        return sound
    faulty = st.one_of([table[name]() for name in names])
    return faulty if valid is False else st.one_of(sound, faulty)
