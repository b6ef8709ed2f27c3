"""Arrays of objects inside joblib dumps: a pickle inside the pickle, which two readers read differently.

joblib reads it with a fresh stack and memo; `pickle.load` reads on with those it has. The oracle is the
unpickler itself, with every name stubbed.
"""

from __future__ import annotations

import pytest

from dryload import scan
from dryload.fuzzing.oracles import ask
from tests.build import joblib_rows, pkasm

EVIL = pkasm("PROTO 2\nGLOBAL posix system\nBINUNICODE 'true'\nTUPLE1\nREDUCE\nSTOP").data
LIST = pkasm("PROTO 4\nEMPTY_LIST\nMEMOIZE\nMARK\nBININT1 1\nBINGET 0\nAPPENDS\nSTOP").data
# Names fetched from the memo: of this pickle for joblib, of the outer one for pickle.load.
FETCHED = """
    PROTO 4
    BINUNICODE 'collections'
    MEMOIZE
    BINUNICODE 'OrderedDict'
    MEMOIZE
    BINGET 0
    BINGET 1
    STACK_GLOBAL
    EMPTY_TUPLE
    REDUCE
    STOP
"""


def dump(inner: bytes, *, words: tuple[str, str] = ("a", "b"), dtype: str = "O8", flags: int = 63) -> bytes:
    """Gives a dump of one array of objects, whose outer memo begins with two words."""
    memo = "".join(f"BINUNICODE {word!r}\nMEMOIZE\nPOP\n" for word in words)
    rows = joblib_rows(dtype=dtype, flags=flags, array=inner)
    return pkasm(rows.replace("PROTO 4\n", f"PROTO 4\n{memo}", 1)).data


def test_an_array_of_plain_objects_is_followed_and_the_dump_goes_on() -> None:
    report = scan(dump(LIST), name="model.joblib")
    assert (report.verdict, report.format) == ("inert", "joblib")


def test_what_the_inner_pickle_calls_is_told_with_its_offset() -> None:
    data = dump(EVIL)
    report = scan(data, name="model.joblib")
    assert report.verdict == "malicious"
    assert {f.span.start for f in report.findings} & {data.index(b"R.", data.index(b"cposix"))}


def test_what_follows_the_inner_pickle_is_judged() -> None:
    data = dump(LIST)
    tail = pkasm("GLOBAL posix system\nBINUNICODE 'true'\nTUPLE1\nREDUCE\nSTOP").data
    assert scan(data[:-1] + tail, name="model.joblib").verdict == "malicious"


@pytest.mark.parametrize(
    ("words", "verdict"),
    [(("posix", "system"), "malicious"), (("a", "b"), "inert")],
    ids=["denied", "others"],
)
def test_the_reading_with_the_outer_memo_counts_where_it_is_denied(
    words: tuple[str, str], verdict: str
) -> None:
    data = dump(pkasm(FETCHED).data, words=words)
    asked = {name for one in ask(data) for name in one.names}
    assert words in asked, "the oracle: a plain unpickler asks for the outer words"
    assert scan(data, name="model.joblib").verdict == verdict


def test_a_pickle_may_not_reach_below_its_own_stack() -> None:
    report = scan(dump(pkasm("PROTO 4\nPOP\nNONE\nSTOP").data), name="model.joblib")
    assert [f.rule for f in report.findings] == ["pickle-stack-underflow"]


def test_a_wrapper_inside_the_inner_pickle_has_no_array_behind_it() -> None:
    inner = pkasm(joblib_rows(dtype="f8", array=b"")).data
    assert scan(dump(inner), name="model.joblib").verdict == "inert"
