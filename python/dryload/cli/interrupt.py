"""Ctrl-C between two files, not in the middle of one's report."""

from __future__ import annotations

import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Self


class Interrupt:
    """Raises KeyboardInterrupt at once, or as soon as what must not be cut in two is over.

    >>> with Interrupt() as interrupt:
    ...     with interrupt.held():
    ...         pass  # counted and written, or neither
    """

    def __init__(self) -> None:
        self._holds = False
        self._pending = False
        self._previous: object = None

    def __enter__(self) -> Self:
        try:
            self._previous = signal.signal(signal.SIGINT, self._handle)
        except ValueError:
            self._previous = None  # not the main thread, which alone gets signals
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)  # type: ignore[arg-type]

    def held(self) -> Held:
        """Gives a context in which nothing is raised before its end."""
        return Held(self)

    def hold(self, *, on: bool) -> None:
        """Begins or ends what must not be cut in two."""
        self._holds = on
        if not on and self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self._holds and not self._pending:
            self._pending = True
        else:
            raise KeyboardInterrupt  # the second time even then: somebody is in a hurry


class Held:
    """The context of `Interrupt.held`."""

    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt

    def __enter__(self) -> None:
        self._interrupt.hold(on=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._interrupt.hold(on=False)
