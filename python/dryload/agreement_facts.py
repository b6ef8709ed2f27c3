"""Gathers what sets readers of safetensors apart in one header: its length, its text, its JSON, its names.

One lenient reading: where readers part, the facts of all ways are given, and FACTS of `agreement` says whose
they are. Nothing is loaded and no number grows: a text of digits is cut before it is made one.
"""

from __future__ import annotations

import json
import re
from typing import Any

from dryload.agreement_tensor import LAYOUT, Number, Pairs, tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


def facts(head: bytes, text: bytes, size: int) -> Iterator[str]:
    """Gives the facts of a file of `size` bytes: its first eight, and what stands where the header does."""
    if len(head) < 8:
        yield "short"
        return
    length = int.from_bytes(head, "little")
    if length == 0:
        yield "no-header"
        return
    yield from (
        fact
        for fact, seen in (
            ("beyond-end", length > size - 8),
            ("over-25-mb", length > 25_000_000),
            ("100-mb", length >= 100_000_000),
            ("over-100-mb", length > 100_000_000),
        )
        if seen
    )
    plain = yield from _text(text)
    if plain is None:
        return
    header = yield from _json(plain)
    if header is not None:
        yield from _header(header, length, size)


def _text(text: bytes) -> Generator[str, None, str | None]:
    encoding = json.detect_encoding(text)
    if encoding not in ("utf-8", "utf-8-sig"):
        yield "utf-16"
        try:
            return text.decode(encoding, "surrogatepass")
        except UnicodeDecodeError:
            yield "no-json"
            return None
    if encoding == "utf-8-sig":
        yield "mark"
        text = text[3:]
    try:
        return text.decode()
    except UnicodeDecodeError:
        pass
    try:
        plain = text.decode(errors="surrogatepass")
        yield "surrogate-bytes"
    except UnicodeDecodeError:
        plain = text.decode(errors="ignore")
        yield "no-utf-8"
    # The reader of the Hub leaves out what is no UTF-8, the one for browsers puts U+FFFD there.
    try:
        value = json.loads(text.decode(errors="replace"), parse_int=lambda _: 0)
        tensors = (
            [item for item in value.items() if item[0] != "__metadata__"] if isinstance(value, dict) else []
        )
        if "\ufffd" in repr(tensors):
            yield "lost-bytes"
    except (ValueError, RecursionError):
        yield "replaced"
    return plain


def _json(text: str) -> Generator[str, None, Pairs | None]:
    seen: set[str] = set()

    def constant(_name: str) -> Number:
        seen.add("nan")
        return Number("fraction", 0.0)

    def integer(digits: str) -> int | Number:
        if digits == "-0":
            return Number("minus-zero", 0)
        if len(digits) > 308:
            seen.update({"no-double"} if _is_infinite(digits) else ())
            seen.update({"long-integer"} if len(digits.lstrip("-")) > 4300 else ())
        # Python would spend minutes on a number of a million digits.
        return int(digits) if len(digits) <= 30 else 10**30 * (-1 if digits[0] == "-" else 1)

    def point(digits: str) -> Number:
        value = float(digits)
        if _is_infinite(digits):
            seen.add("no-double")
            return Number("fraction", 0.0)
        return Number("float-dim" if value.is_integer() else "fraction", value)

    decoder = json.JSONDecoder(
        object_pairs_hook=Pairs, parse_constant=constant, parse_int=integer, parse_float=point
    )
    try:
        start = len(text) - len(text.lstrip(" \t\r\n"))
        value, end = decoder.raw_decode(text, start)
    except RecursionError:
        yield "very-deep"
        return None
    except ValueError:
        yield "no-json"
        return None
    rest = text[end:].lstrip(" \t\r\n")
    if rest:
        # To nlohmann's parser, which MLX has, a NUL is the end of the text.
        yield "nul-padding" if rest[0] == "\0" else "no-json"
    yield from seen
    if any("\ud800" <= c <= "\udfff" for c in _texts(value)):
        yield "half-pair"
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token.group(), 0)
        deepest = max(deepest, depth)
    if deepest > 127:
        yield "deep"
    if not isinstance(value, Pairs):
        yield "array" if isinstance(value, list) else "no-object"
        return None
    return value


def _is_infinite(digits: str) -> bool:
    return float(digits) in (float("inf"), float("-inf"))


def _texts(value: object) -> Iterator[str]:
    """All characters of all texts."""
    rest = [value]
    while rest:
        each = rest.pop()
        if isinstance(each, str):
            yield from each
        elif isinstance(each, list | tuple):
            rest.extend(each)


def _header(header: Pairs, length: int, size: int) -> Iterator[str]:
    names = [name for name, _ in header]
    if names.count("__metadata__") > 1:
        yield "twice-metadata"
    last = dict(header)
    if len(last) < len(names):
        yield "twice-name"
        if any(_broken(value, length, size) for name, value in header if value is not last[name]):
            yield "twice-broken"
    # All seven keep the last of two.
    spans = []
    for name, value in last.items():
        if name == "__metadata__":
            yield from _metadata(value)
            continue
        if name == "__proto__":
            yield "proto"
        span = yield from tensor(value, length, size)
        if span is not None:
            spans.append(span)
    room = size - 8 - length
    end = 0
    for start, stop in sorted(spans):
        if start != end:
            yield "gap"
        end = max(end, stop)
    if end != room:
        yield "gap"


def _broken(value: object, length: int, size: int) -> bool:
    """Whether a value is of the wrong kind to the official reader, which checks kinds before names."""
    return any(fact not in LAYOUT for fact in tensor(value, length, size))


def _metadata(value: Any) -> Iterator[str]:
    if isinstance(value, Pairs):
        if any(not isinstance(text, str) for _, text in value):
            yield "metadata-type"
        if len({key for key, _ in value}) < len(value):
            yield "twice-name"
    elif isinstance(value, list):
        yield "metadata-array"
        if any(not isinstance(text, str) for text in value):
            yield "metadata-type"
    elif isinstance(value, str):
        yield "metadata-text"
    elif value is not None:
        yield "metadata-type"


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
