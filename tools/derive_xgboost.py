"""Prints the names that pickles of the installed xgboost use, in the layout of a policy.

See `derive.py` for what it prints and refuses.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator

from derive import Sample, main


def samples() -> Iterator[Sample]:
    """Makes boosters and every estimator of the scikit-learn interface, fitted and not."""
    np = importlib.import_module("numpy")
    xgboost = importlib.import_module("xgboost")
    random = np.random.RandomState(0)
    x = random.rand(30, 3)
    y = (x.sum(axis=1) > 1.5).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        booster = xgboost.train({"max_depth": 2, "objective": "binary:logistic"}, xgboost.DMatrix(x, y), 2)
        yield "Booster", booster
        booster.set_attr(best="1")
        booster.feature_names = ["a", "b", "c"]
        yield "Booster with names", booster
        for name in ("XGBClassifier", "XGBRegressor", "XGBRFClassifier", "XGBRFRegressor"):
            yield f"{name}, not fitted", getattr(xgboost, name)()
            yield name, getattr(xgboost, name)(n_estimators=2, max_depth=2).fit(x, y)
        yield "XGBRanker", xgboost.XGBRanker(n_estimators=2).fit(x, y, group=[10, 20])
        yield "XGBClassifier of three classes", xgboost.XGBClassifier(n_estimators=2).fit(x, [0, 1, 2] * 10)
        stopped = xgboost.XGBRegressor(n_estimators=5, early_stopping_rounds=2, random_state=1)
        yield "XGBRegressor that stops early", stopped.fit(x, y, eval_set=[(x, y)], verbose=False)
        for name in ("gblinear", "dart"):
            yield f"XGBRegressor({name})", xgboost.XGBRegressor(booster=name, n_estimators=2).fit(x, y)


if __name__ == "__main__":
    main("xgboost", samples, doc=__doc__)
