"""Prints the names that pickles of the installed lightgbm use, in the layout of a policy.

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
    lightgbm = importlib.import_module("lightgbm")
    random = np.random.RandomState(0)
    x = random.rand(60, 3)
    y = (x.sum(axis=1) > 1.5).astype(int)
    quiet = {"verbosity": -1, "num_threads": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield "Booster", lightgbm.train({"objective": "binary", **quiet}, lightgbm.Dataset(x, y), 2)
        for name in ("LGBMClassifier", "LGBMRegressor"):
            yield f"{name}, not fitted", getattr(lightgbm, name)()
            yield name, getattr(lightgbm, name)(n_estimators=2, **quiet).fit(x, y)
        yield "LGBMRanker", lightgbm.LGBMRanker(n_estimators=2, **quiet).fit(x, y, group=[20, 40])
        three = lightgbm.LGBMClassifier(n_estimators=2, class_weight="balanced", **quiet)
        yield "LGBMClassifier of three classes", three.fit(x, ["a", "b", "c"] * 20)
        stopping = [lightgbm.early_stopping(2, verbose=False)]
        stopped = lightgbm.LGBMRegressor(n_estimators=5, random_state=1, **quiet)
        yield "LGBMRegressor that stops early", stopped.fit(x, y, eval_set=[(x, y)], callbacks=stopping)
        for name in ("dart", "rf"):
            settings = {"bagging_freq": 1, "bagging_fraction": 0.5} if name == "rf" else {}
            model = lightgbm.LGBMRegressor(boosting_type=name, n_estimators=2, **settings, **quiet)
            yield f"LGBMRegressor({name})", model.fit(x, y)


if __name__ == "__main__":
    main("lightgbm", samples, doc=__doc__)
