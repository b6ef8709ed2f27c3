"""Says which readers of safetensors take a file, and whether they see the same tensors.

Seven readers were run on 154 crafted headers (`tests/data/headers/VERDICTS.json`). What set them apart is
listed in FACTS: what may be seen in a file, who refuses it, and who takes it for something else. A file's
facts are gathered by one lenient reading of its header; the rest is the table. A test holds the table against
all those verdicts.

The readers and their releases are in READERS. A later release may differ.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any, cast

from dryload._frozen import frozen
from dryload.errors import LimitExceeded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from typing_extensions import Buffer

# By the letters that FACTS uses.
READERS = {
    "s": "safetensors 0.8.0",
    "h": "huggingface_hub 2.4.0",
    "g": "gguf 0.19.0",
    "t": "tinygrad 0.14.0",
    "m": "mlx 0.32.4",
    "j": "@huggingface/hub (npm)",
    "n": "json + numpy",
}
_ALL = "shgtmjn"

# What may be seen in a file: in words, who refuses it, who reads something else than the header says.
FACTS = {
    "short": ("fewer than eight bytes", _ALL, ""),
    "no-header": ("a header of no bytes", _ALL, ""),
    "beyond-end": ("a header that is longer than the file", "sgm", ""),
    "over-25-mb": ("a header of more than 25,000,000 bytes", "hj", ""),
    "100-mb": ("a header of 100,000,000 bytes or more", "m", ""),
    "over-100-mb": ("a header of more than 100,000,000 bytes", "s", ""),
    "mark": ("a byte order mark before the header", "shg", ""),
    "utf-16": ("a header in UTF-16 or UTF-32", "shgmj", ""),
    "no-utf-8": ("bytes that are no UTF-8", "sgtmn", "hj"),
    "nul-padding": ("NUL bytes after the object", "shgtjn", ""),
    "no-json": ("no JSON", _ALL, ""),
    "nan": ("a literal NaN or Infinity", "smj", ""),
    "half-pair": ("half a surrogate pair in a text", "sm", ""),
    "deep": ("values nested more than 127 deep", "s", ""),
    "very-deep": ("values nested so deep that Python gives up", "shgtn", ""),
    "array": ("an array in the place of the header's object", "shgtmn", "j"),
    "no-object": ("another value in the place of the header's object", _ALL, ""),
    "twice-metadata": ("`__metadata__` twice", "s", ""),
    "twice-field": ("a field of a tensor twice", "s", ""),
    "twice-name": ("a tensor's name twice: the last one counts", "", ""),
    "metadata-array": ("metadata that is an array", "s", ""),
    "metadata-type": ("metadata that is no text", "sm", ""),
    "tensor-array": ("a tensor written as an array", "hgtmjn", ""),
    "tensor-type": ("a tensor that is no object", _ALL, ""),
    "no-dtype": ("a tensor without a dtype", "shgtmn", "j"),
    "no-field": ("a tensor without shape or data_offsets", _ALL, ""),
    "dtype-map": ("a dtype written as an object", "htm", ""),
    "dtype-type": ("a dtype that is no text", "shtm", ""),
    "shape-type": ("a shape that is no array", _ALL, ""),
    "three-offsets": ("more than two offsets", "smjn", ""),
    "one-offset": ("fewer than two offsets", "sgtmjn", "h"),
    "offsets-map": ("offsets written as an object", "sgtmj", "hn"),
    "float-dim": ("a dimension or offset written with a point or an exponent", "st", ""),
    "minus-zero": ("a dimension of -0", "s", ""),
    "negative-dim": ("a negative dimension", "stj", "m"),
    "text-dim": ("a dimension written as a text", "shtmj", "gn"),
    "bool-dim": ("a dimension that is true or false", "stj", ""),
    "null-dim": ("a dimension that is null", "shmj", "gtn"),
    "dim-over-64": ("a dimension or offset of 2**64 or more", "stmj", ""),
    "negative-offset": ("a negative offset", "stmj", ""),
    "dim-over-32": ("a dimension of more than 2**32", "j", "m"),
    "dim-over-31": ("a dimension of more than 2**31 - 1", "", "m"),
    "overflow": ("a shape whose size does not fit 64 bits", "st", "m"),
    "overflow-zero": ("a shape that fits only for its zero", "s", "m"),
    "size": ("offsets that are not as far apart as shape and dtype say", "st", ""),
    "size-real": ("offsets that are not as far apart as shape and dtype say", "stm", ""),
    "backwards": ("a tensor that ends before it starts", "stmj", ""),
    "outside": ("data beyond the end of the file", "stm", ""),
    "far-outside": ("data beyond 2**53 bytes", "stmj", ""),
    "empty-outside": ("a tensor without a byte beyond the end of the file", "sm", ""),
    "gap": ("bytes that no tensor names, or that two share", "s", ""),
    "sub-byte": ("a tensor that does not end at a byte", "s", ""),
    "unknown-dtype": ("a dtype that no release has", "stm", ""),
    "new-dtype": ("a dtype that tinygrad and MLX lack", "tm", ""),
    "F8_E5M2": ("a dtype that MLX lacks: F8_E5M2", "m", ""),
    "F8_E8M0": ("a dtype that tinygrad lacks and MLX takes for U8: F8_E8M0", "t", "m"),
    "F8_E4M3": ("a dtype that MLX takes for U8: F8_E4M3", "", "m"),
    "C64": ("a dtype that tinygrad lacks: C64", "t", ""),
    "F64": ("a dtype that MLX lacks: F64", "m", ""),
    "proto": ("a tensor called __proto__", "", "j"),
}

# Bytes of a header that is looked into: readers of the Hub take no more.
_MAX = 25_000_000
_BITS = {"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "C64": 64, "BF16": 16}
_BITS |= {f"{kind}{bits}": bits for kind in "UIF" for bits in (8, 16, 32, 64)}
_BITS |= {f"F8_{name}": 8 for name in ("E5M2", "E4M3", "E8M0", "E4M3FNUZ", "E5M2FNUZ")}
_BITS.pop("F8")
_NEW = {"F4", "F6_E2M3", "F6_E3M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"}
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)


@frozen
class Reading:
    """What one reader makes of a file: whether it takes it, whether it then has the tensors that the header
    says, and the facts that decide it, in words."""

    reader: str
    accepts: bool
    same: bool
    because: tuple[str, ...]


class _Pairs(list[tuple[str, Any]]):
    """An object with all its pairs."""


class _Odd:
    """A number that is not what it seems: `-0`, or written with a point."""

    def __init__(self, fact: str, value: float) -> None:
        self.fact, self.value = fact, value


def agreement(source: str | os.PathLike[str] | Buffer) -> tuple[Reading, ...]:
    """Says what each of READERS makes of a file or of a buffer that holds one, whatever is wrong with it.

    Reads the header alone, and interprets at most 25,000,000 bytes of it.

    Raises:
        LimitExceeded: the header is longer than that, and there are as many bytes.
        OSError: the file could not be read.
    """
    if isinstance(source, str | os.PathLike):
        with open(source, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(8)
            text = file.read(min(int.from_bytes(head, "little"), _MAX + 1))
    else:
        view = memoryview(source).cast("B")
        size, head = len(view), bytes(view[:8])
        text = bytes(view[8 : 8 + min(int.from_bytes(head, "little"), _MAX + 1)])
    if len(text) > _MAX:
        raise LimitExceeded(
            f"the header has more than {_MAX} bytes",
            code="safetensors-large-header",
            offset=0,
            format="safetensors",
        )
    facts = set(_facts(head, text, size))
    return tuple(_reading(letter, facts) for letter in READERS)


def _reading(letter: str, facts: set[str]) -> Reading:
    refused = [words for fact, (words, refuses, _) in FACTS.items() if fact in facts and letter in refuses]
    other = [words for fact, (words, _, differs) in FACTS.items() if fact in facts and letter in differs]
    return Reading(
        reader=READERS[letter],
        accepts=not refused,
        same=not refused and not other,
        because=tuple(refused or other),
    )


def _facts(head: bytes, text: bytes, size: int) -> Iterator[str]:
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
            ("over-25-mb", length > _MAX),
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
        yield from _header(header, size - 8 - length)


def _text(text: bytes) -> Generator[str, None, str | None]:
    encoding = json.detect_encoding(text)
    if encoding not in ("utf-8", "utf-8-sig"):
        yield "utf-16"
        return text.decode(encoding, "replace")
    if encoding == "utf-8-sig":
        yield "mark"
        text = text[3:]
    bare = text.rstrip(b" \t\r\n\0")
    if b"\0" in text[len(bare) :]:
        yield "nul-padding"
        text = bare
    try:
        return text.decode()
    except UnicodeDecodeError:
        yield "no-utf-8"
        return text.decode(errors="replace")


def _json(text: str) -> Generator[str, None, _Pairs | None]:
    seen: set[str] = set()

    def constant(_name: str) -> float:
        seen.add("nan")
        return 0.0

    def integer(digits: str) -> int | _Odd:
        if digits == "-0":
            return _Odd("minus-zero", 0)
        # Python would spend minutes on a number of a million digits.
        return int(digits) if len(digits) <= 30 else 10**30 * (-1 if digits[0] == "-" else 1)

    def point(digits: str) -> _Odd:
        return _Odd("float-dim", float(digits))

    try:
        value = json.loads(
            text, object_pairs_hook=_Pairs, parse_constant=constant, parse_int=integer, parse_float=point
        )
    except RecursionError:
        yield "very-deep"
        return None
    except ValueError:
        yield "no-json"
        return None
    yield from seen
    if any("\ud800" <= c <= "\udfff" for c in _texts(value)):
        yield "half-pair"
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token.group(), 0)
        deepest = max(deepest, depth)
    if deepest > 127:
        yield "deep"
    if not isinstance(value, _Pairs):
        yield "array" if isinstance(value, list) else "no-object"
        return None
    return value


def _texts(value: object) -> Iterator[str]:
    """All characters of all texts."""
    rest = [value]
    while rest:
        each = rest.pop()
        if isinstance(each, str):
            yield from each
        elif isinstance(each, list):
            rest.extend(each)
        elif isinstance(each, tuple):
            rest.extend(cast("tuple[object, ...]", each))


def _header(header: _Pairs, room: int) -> Iterator[str]:
    names = [name for name, _ in header]
    if names.count("__metadata__") > 1:
        yield "twice-metadata"
    if len(set(names)) < len(names):
        yield "twice-name"
    # All seven keep the last of two.
    spans = []
    for name, value in dict(header).items():
        if name == "__metadata__":
            yield from _metadata(value)
            continue
        if name == "__proto__":
            yield "proto"
        span = yield from _tensor(value, room)
        if span is not None:
            spans.append(span)
    end = 0
    for start, stop in sorted(spans):
        if start != end:
            yield "gap"
        end = max(end, stop)
    if end != room:
        yield "gap"


def _metadata(value: object) -> Iterator[str]:
    if isinstance(value, _Pairs):
        if any(not isinstance(text, str) for _, text in value):
            yield "metadata-type"
        if len({key for key, _ in value}) < len(value):
            yield "twice-name"
    elif isinstance(value, list):
        yield "metadata-array"
    elif value is not None:
        yield "metadata-type"


def _tensor(value: object, room: int) -> Generator[str, None, tuple[int, int] | None]:
    if not isinstance(value, _Pairs):
        # The official reader takes an array of the three fields.
        if not isinstance(value, list) or len(value) != 3:
            yield "tensor-type"
            return None
        yield "tensor-array"
        value = _Pairs(zip(("dtype", "shape", "data_offsets"), value, strict=True))
    fields = dict(value)
    known = [key for key, _ in value if key in ("dtype", "shape", "data_offsets")]
    if len(set(known)) < len(known):
        yield "twice-field"
    if "dtype" not in fields:
        yield "no-dtype"
    if not {"shape", "data_offsets"} <= fields.keys():
        yield "no-field"
        return None
    bits = yield from _dtype(fields.get("dtype", ""))
    elements = yield from _shape(fields["shape"])
    offsets = yield from _offsets(fields["data_offsets"])
    if offsets is None:
        return None
    start, end = offsets
    if end < start:
        yield "backwards"
    elif elements is not None and bits is not None:
        if elements * bits % 8:
            yield "sub-byte"
        elif elements * bits // 8 != end - start:
            # MLX counts in 32 bits, and may come to the same.
            wrapped = elements >= 2**61
            yield "size" if wrapped else "size-real"
    if max(start, end) > 2**53:
        yield "far-outside"
    elif max(start, end) > room:
        yield "empty-outside" if start == end else "outside"
    return start, end


def _dtype(value: object) -> Generator[str, None, int | None]:
    if isinstance(value, _Pairs):
        yield "dtype-map"
        name = value[0][0] if value else ""
    elif isinstance(value, str):
        name = value
    else:
        yield "dtype-type"
        return None
    if name in _NEW:
        yield "new-dtype"
    elif name in FACTS:
        yield name
    elif name not in _BITS and not isinstance(value, _Pairs):
        yield "unknown-dtype"
    return _BITS.get(name)


def _shape(value: object) -> Generator[str, None, int | None]:
    if not isinstance(value, list) or isinstance(value, _Pairs):
        yield "shape-type"
        return None
    sizes = []
    for dim in value:
        kinds = {bool: "bool-dim", str: "text-dim", type(None): "null-dim"}
        if isinstance(dim, _Odd):
            yield dim.fact
            sizes.append(int(min(abs(dim.value), 2**64)))
        elif isinstance(dim, int) and not isinstance(dim, bool):
            yield from _size(dim)
            sizes.append(dim)
        else:
            yield kinds.get(type(dim), "shape-type")
            sizes.append(int(dim) if isinstance(dim, bool) else 2 if isinstance(dim, str) else 1)
    product = 1
    for size in sizes:
        product = min(product * (abs(size) or 1), 2**200)
    if product >= 2**64:
        if 0 not in sizes:
            yield "overflow"
        elif _in_order(sizes):
            yield "overflow-zero"
    if None in value:
        return None
    return 0 if 0 in sizes else product


def _in_order(sizes: Iterable[int]) -> bool:
    """Whether a product overflows before it comes to the zero."""
    product = 1
    for size in sizes:
        product *= abs(size)
        if product >= 2**64:
            return True
        if product == 0:
            return False
    return False


def _size(dim: int) -> Iterator[str]:
    if dim < 0:
        yield "negative-dim"
    elif dim >= 2**64:
        yield "dim-over-64"
    elif dim > 2**32:
        yield "dim-over-32"
    elif dim > 2**31 - 1:
        yield "dim-over-31"


def _offsets(value: object) -> Generator[str, None, tuple[int, int] | None]:
    if isinstance(value, _Pairs):
        yield "offsets-map"
        return None
    if not isinstance(value, list):
        yield "no-field"
        return None
    if len(value) != 2:
        yield "three-offsets" if len(value) > 2 else "one-offset"
        return None
    found = []
    for offset in value:
        if isinstance(offset, _Odd):
            yield offset.fact
            found.append(int(min(abs(offset.value), 2**64)))
        elif isinstance(offset, int) and not isinstance(offset, bool):
            if offset < 0:
                yield "negative-offset"
            elif offset >= 2**64:
                yield "dim-over-64"
            found.append(offset)
        else:
            yield "no-field"
            return None
    return (found[0], found[1])
