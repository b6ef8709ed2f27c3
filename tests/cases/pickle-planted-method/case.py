"""A state that holds `append`, then APPEND: the unpickler calls what the state planted.

Here the planted callable is a type that any policy allows. The near miss has the same state and no APPEND: a
namespace may well have an entry of that name.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

PLANTED = """
    PROTO 4
    GLOBAL argparse Namespace
    EMPTY_TUPLE
    REDUCE
    EMPTY_DICT
    BINUNICODE 'append'
    GLOBAL builtins bytearray
    SETITEM
    BUILD
"""
FIRES = pkasm(PLANTED + "BINUNICODE 'x'\n> APPEND\nSTOP")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm(PLANTED + "STOP").data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "extend, by APPENDS": (
            NAME,
            pkasm(PLANTED.replace("'append'", "'extend'") + "MARK\nNONE\nAPPENDS\nSTOP").data,
        ),
        "add, by ADDITEMS": (
            NAME,
            pkasm(PLANTED.replace("'append'", "'add'") + "MARK\nNONE\nADDITEMS\nSTOP").data,
        ),
        "a second state, after the first got another key": (
            NAME,
            pkasm(PLANTED.replace("EMPTY_DICT", "EMPTY_DICT\nBINPUT 0") + "BINGET 0\nBUILD\nSTOP").data,
        ),
        "fetched from the memo": (
            NAME,
            pkasm(PLANTED + "BINPUT 0\nPOP\nBINGET 0\nBINUNICODE 'x'\nAPPEND\nSTOP").data,
        ),
    }
