"""An unpickler in C that loads what is inert, for those who want only that."""

from __future__ import annotations

import io
import pickle

from dryload.enforce import mapped, names_of, released
from dryload.errors import UnsafeLoadError
from dryload.policy import Policy
from dryload.scanner import scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

    Name = tuple[str, str]


class RestrictedUnpickler(pickle.Unpickler):
    """An unpickler whose every name, call and argument was held against a policy before it runs.

    The rest of the file is read and scanned by the first `load`, with the specs of the policy; the C
    unpickler then runs at its own speed and finds exactly the names that were seen. Several pickles in a row
    are scanned together and loaded one by one; the file stands behind the last one that was loaded, where it
    is seekable.

    >>> import io, pickle
    >>> RestrictedUnpickler(io.BytesIO(pickle.dumps([1, 2]))).load()
    [1, 2]
    """

    def __init__(self, file: BinaryIO, *, policy: Policy | str | None = None, **options: Any) -> None:
        """Takes the options of `pickle.Unpickler`. A policy may be named: `paddle`, `torch`, `numpy`.

        Raises:
            PolicyError: there is no such policy.
        """
        self._policy = policy if isinstance(policy, Policy) else Policy.builtin(policy or "default")
        self._names: frozenset[Name] | None = None
        self._file = file
        self._begin = file.tell() if getattr(file, "seekable", bool)() else None
        self._held = io.BytesIO(file.read())
        super().__init__(self._held, **options)

    def load(self) -> Any:
        """Loads the next pickle.

        Raises:
            UnsafeModelError: what the file holds is not inert.
        """
        if self._names is None:
            with released():
                report = scan(
                    self._held.getvalue(), policy=self._policy, name=getattr(self._file, "name", None)
                )
            report.raise_for_verdict()
            self._names = names_of(report)
        loaded = super().load()
        if self._begin is not None:
            self._file.seek(self._begin + self._held.tell())
        return loaded

    def find_class(self, module: str, name: str) -> Any:
        """Finds a name that the scan saw."""
        if self._names is None or not {(module, name), mapped((module, name))} & self._names:
            told = f"asks for {module}.{name}, which the scan did not see"
            raise UnsafeLoadError(told, event="pickle.find_class", name=(module, name))
        return super().find_class(module, name)
