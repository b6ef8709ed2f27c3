"""Which lines of Python a target reaches, and the words that its code is made of.

Coverage steers what is mutated next: an input that reaches a new line, or one more often than any before it
(twice, four times, eight times as often), is mutated again. Lines are counted by `sys.monitoring` where
Python has it (3.12), else by a trace function; both leave functions alone from which nothing new has come for
long. Of native code there is no coverage; there, each new kind of error message counts.
"""

from __future__ import annotations

import re
import sys
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import CodeType, FrameType
    from typing import Any

    Line = tuple[CodeType, int]


class Coverage:
    """What was reached so far.

    Attributes:
        fresh: True when the last call reached something new.
        shape: What it reached: lines, how often, and with which error. Inputs of the same shape are worth the
            same, and the shortest of them most.
        words: The constants of the functions that were reached, in the order in which they were: what the
            input is compared with, as far as it has come. It grows.
    """

    def __init__(self) -> None:
        self.fresh = False
        self.shape: frozenset[object] = frozenset()
        self.words: list[bytes] = []
        self._most: dict[Line, int] = {}
        self._hits: dict[Line, int] = {}
        self._messages: set[tuple[str, str]] = set()
        self._idle: dict[CodeType | Line, int] = {}
        self._monitoring: Any = getattr(sys, "monitoring", None)
        if self._monitoring is not None:
            self._monitoring.use_tool_id(TOOL, "dryload fuzz")
            self._monitoring.register_callback(TOOL, self._monitoring.events.LINE, self._monitored)

    @property
    def lines(self) -> int:
        """How many lines were reached."""
        return len(self._most)

    def start(self) -> None:
        """Looks on from here."""
        self.fresh, self.shape = False, frozenset()
        if self._monitoring is not None:
            self._monitoring.set_events(TOOL, self._monitoring.events.LINE)
        else:
            sys.settrace(self._called)

    def stop(self) -> None:
        """Looks away, and says in `fresh` what was new."""
        if self._monitoring is not None:
            self._monitoring.set_events(TOOL, 0)
        else:
            sys.settrace(None)
        if not self._hits:
            return
        # A count of so many bits, as fuzzers have it: a loop is worth more when it turns more often.
        reached = [(line, min(hits.bit_length(), MAX_BITS)) for line, hits in self._hits.items()]
        self._hits.clear()
        self.shape = frozenset(reached)
        most = self._most
        for line, bits in reached:
            if bits > most.get(line, 0):
                most[line] = bits
                self._idle[line] = self._idle[line[0]] = 0
                self.fresh = True

    def message(self, error: BaseException) -> None:
        """Takes an error for something that was reached: its type, and its text without numbers and names."""
        text = VARIABLE.sub("", str(error)[:200])[:60]
        key = (type(error).__name__, text)
        self.shape |= {key}
        if key not in self._messages and len(self._messages) < MAX_MESSAGES:
            self._messages.add(key)
            self.fresh = True

    def _monitored(self, code: CodeType, line: int) -> object:
        key = (code, line)
        hits = self._hits.get(key, 0)
        if not hits:
            if code not in self._idle:
                self._met(sys._getframe(1))
            idle = self._idle.get(key, 0)
            if idle >= TIRED or code.co_filename.startswith(PASSED_OVER):
                return self._monitoring.DISABLE
            self._idle[key] = idle + 1
        self._hits[key] = hits + 1
        return None

    def _called(self, frame: FrameType, _event: str, _arg: object) -> Callable[..., Any] | None:
        code = frame.f_code
        if code not in self._idle:
            self._met(frame)
        idle = self._idle[code]
        if idle >= TIRED or code.co_filename.startswith(PASSED_OVER):
            return None
        self._idle[code] = idle + 1
        return self._traced

    def _met(self, frame: FrameType) -> None:
        """Takes the words of a function that is reached for the first time."""
        code, names = frame.f_code, frame.f_globals
        self._idle[code] = 0
        if not code.co_filename.startswith(PASSED_OVER) and len(self.words) < MAX_WORDS:
            constants = [*_without_docstring(code), *(names.get(name) for name in code.co_names)]
            # A text of several words is a message, or about the function.
            told = (value for value in constants if not (type(value) is str and value.strip().count(" ")))
            self.words.extend(word for word in _words(told) if word not in self.words)

    def _traced(self, frame: FrameType, event: str, _arg: object) -> Callable[..., Any]:
        if event == "line":
            key = (frame.f_code, frame.f_lineno)
            self._hits[key] = self._hits.get(key, 0) + 1
        return self._traced


def words_of(module: types.ModuleType) -> list[bytes]:
    """Gives the constants of a module, of its siblings and of what it imports: what a parser compares with.

    Texts and bytes of up to 32 bytes, and integers of more than a byte in both orders. The standard library
    is left out, unless the module is of it.
    """
    used = {
        getattr(value, "__module__", None) or getattr(value, "__name__", None)
        for value in vars(module).values()
    }
    others = {str(name).partition(".")[0] for name in used} - sys.stdlib_module_names - {"dryload", "numpy"}
    found: dict[bytes, None] = {}
    for top in (module.__name__.partition(".")[0], *sorted(others)):
        for name, each in sorted(sys.modules.items()):
            if name == top or name.startswith(f"{top}."):
                for word in _words(_constants(each)):
                    found[word] = None
                    if len(found) >= MAX_WORDS:
                        return list(found)
    return list(found)


def _constants(module: types.ModuleType) -> Iterator[object]:
    """Gives the constants of the module itself, then those of its code."""
    yield from (
        value
        for name, value in vars(module).items()
        if type(value) in (str, bytes, int) and not name.startswith("__")
    )
    for code in _codes(module):
        yield from _without_docstring(code)


def _without_docstring(code: CodeType) -> tuple[object, ...]:
    constants = code.co_consts
    # What stands first may be a text about the function.
    return constants[1:] if constants and isinstance(constants[0], str) else constants


def _codes(module: types.ModuleType) -> Iterator[CodeType]:
    waiting: list[object] = list(vars(module).values())
    seen: set[int] = set()
    while waiting:
        value = waiting.pop(0)
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
            waiting.append(value.__code__)
        elif isinstance(value, type) and value.__module__ == module.__name__:
            waiting.extend(vars(value).values())
        elif isinstance(value, classmethod | staticmethod):
            waiting.append(value.__func__)
        elif isinstance(value, property):
            waiting.append(value.fget)
        elif isinstance(value, types.CodeType):
            yield value
            waiting.extend(each for each in value.co_consts if isinstance(each, types.CodeType))


def _words(constants: Iterable[object]) -> Iterator[bytes]:
    # By the type itself: `isinstance` may ask an object of the target for its class, and run code of it.
    for constant in constants:
        waiting = [constant]
        while waiting:
            value = waiting.pop(0)
            if type(value) is tuple or type(value) is frozenset:
                waiting.extend(sorted(value, key=_order))
            elif type(value) is str:
                value = value.encode("utf-8", "surrogatepass")
            if type(value) is bytes and 0 < len(value) <= 32:
                yield value
            elif type(value) is int and 0xFF < value < 1 << 64:
                size = 2 if value < 1 << 16 else 4 if value < 1 << 32 else 8
                yield value.to_bytes(size, "little")
                yield value.to_bytes(size, "big")


def _order(value: object) -> str:
    # Those of a set have no order that stays from run to run.
    return repr(value) if type(value) in (str, bytes, int) else ""


# Code that is not the target's: of the import system, and ours.
PASSED_OVER = ("<frozen", __file__.rpartition("coverage")[0])
# Calls of a function, or turns to a line, without anything new after which it is left alone.
TIRED = 3000
# Bits of the highest count that is told from a higher one.
MAX_BITS = 5
MAX_MESSAGES, MAX_WORDS = 200, 400
VARIABLE = re.compile(r"0x[0-9a-fA-F]+|[0-9]+|'[^']*'|\"[^\"]*\"|`[^`]*`")
# One of the ids that `sys.monitoring` leaves to tools.
TOOL = 3
