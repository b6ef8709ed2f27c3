"""Inputs that the oracles found to be called inert and that are not: each waits for the core or a policy.

A case that is mended fails here, as the marks are strict; it then moves to `test_closed_faults.py`.
"""

from __future__ import annotations

import pytest

from dryload import Verdict, scan

# numpy takes a type string with a repeat count or a shape apart, and hands that part to `ast.literal_eval`:
# the audit event is `compile(b'2', '<unknown>')`. Its pattern lets through digits, commas, spaces and one
# pair of parentheses, so that nothing is executed; but the text may be as long as the file, and no pickler
# writes one: a dtype is pickled with a plain type string, and `_reconstruct` gets b'b'.
COMPILES = {
    "dtype with a repeat count": b"cnumpy\ndtype\n(X\x03\x00\x00\x002i4\x89\x88tR.",
    "dtype with a shape": b"cnumpy\ndtype\n(X\x06\x00\x00\x00(2,)i4\x89\x88tR.",
    "array made of such a text": (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85X\x03\x00\x00\x002i4tR."
    ),
    "array made of such bytes": (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x032i4tR."
    ),
    "masked array made of such a text": (
        b"cnumpy.ma.core\n_mareconstruct\n(cnumpy.ma\nMaskedArray\ncnumpy\nndarray\nK\x00\x85X\x03\x00\x00\x002i4tR."
    ),
}


@pytest.mark.xfail(strict=True, reason="numpy compiles a part of a type string that no pickler writes")
@pytest.mark.parametrize("data", COMPILES.values(), ids=COMPILES)
def test_a_type_string_that_numpy_compiles_is_not_inert(data: bytes) -> None:
    assert scan(data, name="model.pkl").verdict is not Verdict.INERT
