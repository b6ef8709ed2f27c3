"""Says which readers of safetensors take a file, and whether they see the same tensors.

Seven readers were run on 154 crafted headers (`tests/data/headers/VERDICTS.json`). What set them apart is
listed in FACTS: what may be seen in a file, who refuses it, and who takes it for something else. A file's
facts are gathered by one lenient reading of its header (`agreement_facts`, `agreement_tensor`); the rest is
the table. A test holds the table against all those verdicts, and `benches/agree_readers.py` against the
readers themselves on thousands of mutants, but for `@huggingface/hub`, which is told from the 154 alone.

The readers and their releases are in READERS. A later release may differ.
"""

from __future__ import annotations

import os

from dryload._frozen import frozen
from dryload.agreement_facts import facts
from dryload.errors import LimitExceeded

TYPE_CHECKING = False
if TYPE_CHECKING:
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
    "no-utf-8": ("bytes that are no UTF-8", "sgtmn", ""),
    "lost-bytes": ("bytes that are no UTF-8 in a tensor's name or fields", "", "hj"),
    "replaced": ("no JSON once the bytes that are no UTF-8 are replaced", "j", ""),
    "surrogate-bytes": ("half a surrogate pair in UTF-8", "sgm", "htjn"),
    "nul-padding": ("NUL bytes after the object", "shgtjn", ""),
    "no-json": ("no JSON", _ALL, ""),
    "nan": ("a literal NaN or Infinity", "smj", ""),
    "no-double": ("a number that no double holds", "sm", ""),
    "long-integer": ("an integer of more than 4300 digits", "hgtn", ""),
    "half-pair": ("half a surrogate pair in a text", "sm", ""),
    "deep": ("values nested more than 127 deep", "s", ""),
    "very-deep": ("values nested so deep that Python gives up", "shgtn", ""),
    "array": ("an array in the place of the header's object", "shgtmn", "j"),
    "no-object": ("another value in the place of the header's object", _ALL, ""),
    "twice-metadata": ("`__metadata__` twice", "s", ""),
    "twice-field": ("a field of a tensor twice", "s", ""),
    "twice-name": ("a tensor's name twice: the last one counts", "", ""),
    "twice-broken": ("a tensor's name twice, the first with fields of the wrong kind", "s", ""),
    "metadata-array": ("metadata that is an array", "s", ""),
    "metadata-text": ("metadata that is one text", "s", ""),
    "metadata-type": ("metadata that is no text", "sm", ""),
    "tensor-array": ("a tensor written as an array", "hgtmjn", ""),
    "tensor-type": ("a tensor that is no object", _ALL, ""),
    "no-dtype": ("a tensor without a dtype", "shgtmn", "j"),
    "no-field": ("a tensor without shape or data_offsets", _ALL, ""),
    "dtype-map": ("a dtype written as an object", "htm", "gjn"),
    "dtype-map-value": ("a dtype written as an object of more than one name", "s", ""),
    "dtype-list": ("a dtype written as an array", "shtm", "gjn"),
    "dtype-plain": ("a dtype that is a number, true, false or null", "stm", "hgjn"),
    "shape-text": ("a shape written as a text or an object", "stmj", "hgn"),
    "shape-plain": ("a shape that is a number, true, false or null", "sgmjn", "ht"),
    "hub-count": ("a shape whose product is no number", "h", ""),
    "three-offsets": ("more than two offsets", "smjn", ""),
    "one-offset": ("fewer than two offsets", "sgtmjn", "h"),
    "offsets-text": ("offsets written as a text or an object", "sgtmj", "hn"),
    "offsets-text-size": ("offsets written as a text or an object of other than two parts", "n", ""),
    "offsets-plain": ("offsets that are a number, true, false or null", _ALL, ""),
    "offset-type": ("an offset that is a text, an array or an object", "sgtmj", "hn"),
    "null-offset": ("an offset that is null", "sgmj", "htn"),
    "bool-offset": ("an offset that is true or false", "smj", ""),
    "float-dim": ("a dimension or offset written with a point or an exponent", "st", ""),
    "fraction": ("a dimension or offset that is not whole", "st", "hgmjn"),
    "minus-zero": ("a dimension of -0", "s", ""),
    "negative-dim": ("a negative dimension", "sj", ""),
    "text-dim": ("a dimension written as a text", "stmj", "hgn"),
    "nested-dim": ("a dimension that is an array or an object", "stmj", "hgn"),
    "bool-dim": ("a dimension that is true or false", "stj", ""),
    "null-dim": ("a dimension that is null", "smj", "hgtn"),
    "dim-over-64": ("a dimension or offset of 2**64 or more", "sj", ""),
    "negative-offset": ("a negative offset", "sj", "tm"),
    "dim-over-32": ("a dimension of more than 2**32", "j", ""),
    "wrapped": ("a number that MLX takes for another one", "", "m"),
    "mlx-count": ("other bytes in the file than dtype and shape make in 32 bits a dimension", "m", ""),
    "inferred": ("a dimension that tinygrad infers", "", "t"),
    "python-slice": ("other bytes at the offsets, as Python slices them, than dtype and shape make", "t", ""),
    "overflow": ("a shape whose size does not fit 64 bits", "s", ""),
    "overflow-zero": ("a shape that fits only for its zero", "s", ""),
    "size": ("offsets that are not as far apart as shape and dtype say", "s", ""),
    "backwards": ("a tensor that ends before it starts", "sj", "t"),
    "outside": ("data beyond the end of the file", "s", "t"),
    "far-outside": ("data beyond 2**53 bytes", "sj", "t"),
    "empty-outside": ("a tensor without a byte beyond the end of the file", "s", "t"),
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


@frozen
class Reading:
    """What one reader makes of a file: whether it takes it, whether it then has the tensors that the header
    says, and the facts that decide it, in words."""

    reader: str
    accepts: bool
    same: bool
    because: tuple[str, ...]


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
    seen = set(facts(head, text, size))
    return tuple(_reading(letter, seen) for letter in READERS)


def _reading(letter: str, seen: set[str]) -> Reading:
    refused = [words for fact, (words, refuses, _) in FACTS.items() if fact in seen and letter in refuses]
    other = [words for fact, (words, _, differs) in FACTS.items() if fact in seen and letter in differs]
    return Reading(
        reader=READERS[letter],
        accepts=not refused,
        same=not refused and not other,
        because=tuple(refused or other),
    )
