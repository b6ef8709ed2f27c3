"""What the unpickler may fail to check, and the shortest pickle that shows it."""

from __future__ import annotations

import collections
import pickle
import struct

from tests.planted import pickles
from tests.planted.checks import Bug


def _bug(name: str, omitted: str, smallest: bytes) -> Bug:
    return Bug(f"pickle-{name}", "pickle", omitted, smallest, SEEDS, pickles.parse)


def _frame(length: int) -> bytes:
    return b"\x95" + struct.pack("<Q", length)


SEEDS = (
    pickle.dumps({"w": [1.5, -2, 300, True, None], "name": "té"}, 4),
    pickle.dumps(collections.OrderedDict(a=(1, 2, 3, 4), b={b"x": [2**70]}), 2),
    pickle.dumps([{"k": "v", "n": -7}, {1, 2}, ("a", "a")], 0),
)

BUGS = (
    _bug("protocol", "PROTO above 5", b"\x80\x06"),
    _bug("stack-underflow", "whether there is a value to take", b"0"),
    _bug("mark-missing", "whether there is a MARK", b"t"),
    _bug("memo-missing", "whether a memo slot was written before it is read", b"h\0"),
    _bug("memo-index", "how large the index of a PUT is", b"r\xff\xff\xff\xff"),
    _bug("frame-past-end", "whether a frame ends within the file", _frame(3) + b"N."),
    _bug("frame-straddle", "whether an operand ends within its frame", _frame(1) + b"K\1"),
    _bug("frame-nested", "whether a frame begins in a frame", _frame(9) + _frame(2) + b"N."),
    _bug("number-base", "whether a number in text is plain decimal", b"I+1\n"),
    _bug("number-nul", "whether a number in text holds a NUL", b"I1\0\n"),
    _bug("text-utf8", "whether text is UTF-8", b"\x8c\1\xff"),
    _bug("string-quotes", "whether the quotes of a STRING match", b"S'a\n"),
    _bug("extension", "whether an extension code is registered", b"\x82\0"),
    _bug("persistent-id", "whether a persistent id is a tuple of five", b"NQ"),
    _bug("inst-import", "whether INST imports a name that is allowed", b"i\n\n"),
    # "" stands for both names, and one of them comes from the memo.
    _bug("memo-import", "whether STACK_GLOBAL may import a name from the memo", b"\x8c\0\x94h\0\x93"),
    # The registered extension is the shortest way to a name that is allowed.
    _bug("build-global", "whether BUILD writes to something imported", b"\x82\1}b"),
    _bug("trailing", "whether bytes follow STOP", b"N.\0"),
    _bug("left-over", "whether values or marks are left at STOP", b"NN."),
    # The length leads back to the opcode itself, so that it is read for ever.
    _bug("negative-length", "whether a length is negative", b"T" + struct.pack("<i", -5)),
    _bug("unhashable-key", "whether a key can be hashed", b"}]Ns"),
    _bug("odd-items", "whether items come in pairs", b"(Nd"),
    _bug("call-arguments", "whether the arguments of REDUCE are a tuple", b"NR"),
)
