"""Prints the names that pickles of the installed scipy use, in the layout of a policy.

See `derive.py` for what it prints and refuses.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator

from derive import Sample, main


def samples() -> Iterator[Sample]:
    """Makes sparse matrices and arrays of every format, and what fitted models hold besides."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield from _sparse()
        yield from _interpolators()
        yield from _spatial()
        yield from _functions()


def _sparse() -> Iterator[Sample]:
    np = importlib.import_module("numpy")
    sparse = importlib.import_module("scipy.sparse")
    dense = np.eye(3)
    dense[0, 2] = 2
    for kind in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil"):
        for shape in ("matrix", "array"):
            cls = getattr(sparse, f"{kind}_{shape}", None)
            if cls is not None:
                yield f"{kind}_{shape}", cls(dense)
                yield f"{kind}_{shape} of int8", cls(dense.astype("i1"))
                yield f"empty {kind}_{shape}", cls((2, 2))
    if hasattr(sparse, "coo_array"):
        one = sparse.coo_array(dense)
        one.sum_duplicates()
        yield "canonical coo_array", one


def _interpolators() -> Iterator[Sample]:
    np = importlib.import_module("numpy")
    interpolate = importlib.import_module("scipy.interpolate")
    x, y = np.arange(6.0), np.arange(6.0) ** 2
    yield "BSpline", interpolate.make_interp_spline(x, y)
    for name in ("CubicSpline", "PchipInterpolator", "Akima1DInterpolator"):
        yield name, getattr(interpolate, name)(x, y)
    yield "PPoly", interpolate.PPoly(np.ones((2, 5)), x)
    yield "BPoly", interpolate.BPoly(np.ones((2, 5)), x)
    for kind in ("linear", "cubic", "nearest", "previous"):
        yield f"interp1d({kind})", interpolate.interp1d(x, y, kind=kind)
    yield "RegularGridInterpolator", interpolate.RegularGridInterpolator((x, x), np.outer(x, y))
    yield "UnivariateSpline", interpolate.UnivariateSpline(x, y)


def _spatial() -> Iterator[Sample]:
    np = importlib.import_module("numpy")
    spatial = importlib.import_module("scipy.spatial")
    points = np.random.RandomState(0).rand(20, 3)
    yield "cKDTree", spatial.cKDTree(points)
    yield "KDTree", spatial.KDTree(points)
    yield "Rotation", spatial.transform.Rotation.from_quat(np.eye(4))


def _functions() -> Iterator[Sample]:
    special = importlib.import_module("scipy.special")
    for name in ("expit", "logit", "log1p", "expm1", "boxcox", "inv_boxcox", "erf", "logsumexp", "softmax"):
        yield f"special.{name}", getattr(special, name)
    yield "frozen distribution", importlib.import_module("scipy.stats").norm(0, 1)
    yield "result of a fit", importlib.import_module("scipy.optimize").OptimizeResult(x=1.0)


if __name__ == "__main__":
    main("scipy", samples, doc=__doc__)
