"""Prints the names that fitted estimators of the installed scikit-learn use, in the layout of a policy.

Every estimator that `sklearn.utils.all_estimators` knows is fitted on toy
data, with settings that reach what the defaults leave out: kernels, losses,
metrics, splitters, scorers, sparse input and column transformers. See
`derive.py` for what it prints and refuses.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

from derive import Sample, main


@cache
def toy() -> SimpleNamespace:
    """Makes the data that all estimators are fitted on."""
    np = importlib.import_module("numpy")
    sparse = importlib.import_module("scipy.sparse")
    random = np.random.RandomState(0)
    dense = random.rand(40, 4)
    dense[20:] += 1
    classes = np.repeat([0, 1], 20)
    return SimpleNamespace(
        np=np,
        sparse=sparse,
        dense=dense,
        csr=sparse.csr_matrix(dense),
        classes=classes,
        words=np.where(classes, "yes", "no"),
        many=np.stack([classes, 1 - classes], axis=1),
        real=dense @ [1.0, 2.0, 3.0, 4.0],
        reals=dense[:, :2] * 2,
        texts=["one two", "two three", "three four"],
        labels=[["a"], ["b", "c"], []],
    )


def of(path: str, *args: object, **settings: object) -> Any:
    """Makes an object of scikit-learn by its full name."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(f"sklearn.{module}"), name)(*args, **settings)


def made(cls: type) -> Any:
    """Makes an estimator with what it cannot do without."""
    regresses = issubclass(cls, importlib.import_module("sklearn.base").RegressorMixin)
    inner = of("linear_model.Ridge") if regresses else of("linear_model.LogisticRegression")
    scaler = of("preprocessing.StandardScaler")
    wanted: dict[str, object] = {
        "estimator": inner,
        "base_estimator": inner,
        "estimators": [
            ("a", inner),
            ("b", of("dummy.DummyRegressor" if regresses else "dummy.DummyClassifier")),
        ],
        "transformers": [("a", scaler, [0, 1]), ("b", "passthrough", slice(2, 4))],
        "transformer_list": [("a", scaler), ("b", of("decomposition.PCA", 2))],
        "steps": [("scaler", scaler), ("model", inner)],
        "param_grid": {"C": [1.0, 2.0]},
        "param_distributions": {"C": [1.0, 2.0]},
        "dictionary": toy().dense[:3],
    }
    settings = {name: value for name, value in wanted.items() if name in required(cls)}
    if "Search" in cls.__name__:
        settings["estimator"] = of("linear_model.LogisticRegression")
    estimator = cls(**settings)
    known = estimator.get_params(deep=False)
    wanted = {**SMALL, **SETTINGS.get(cls.__name__, {})}
    estimator.set_params(**{name: value for name, value in wanted.items() if name in known})
    if cls.__name__ == "FrozenEstimator":
        return cls(inner.fit(toy().dense, toy().classes))
    if cls.__name__ == "SelfTrainingClassifier":
        return cls(inner)
    return estimator


def required(cls: type) -> set[str]:
    """Gives the parameters of a class that have no default."""
    parameters = inspect.signature(cls).parameters.values()
    return {p.name for p in parameters if p.default is p.empty}


def inputs() -> Iterator[tuple[object, ...]]:
    """Gives what an estimator may be fitted on, the usual first."""
    t = toy()
    yield t.dense, t.classes
    yield t.dense, t.real
    yield t.dense, t.reals
    yield t.dense, t.many
    yield t.dense, None
    yield t.classes, None
    yield t.texts, None
    yield [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], None
    yield t.labels, None
    yield t.dense[:, 0], t.real
    yield t.np.zeros((2, 6, 6)), None
    yield t.dense @ t.dense.T, None


def fitted(estimator: Any) -> Any:
    """Fits an estimator on the first input that it takes.

    Raises:
        ValueError: it takes none of them.
    """
    clone = importlib.import_module("sklearn.base").clone
    fault: Exception | None = None
    for x, y in inputs():
        fresh = clone(estimator)
        try:
            fresh.fit(x) if y is None else fresh.fit(x, y)
        except Exception as error:  # whatever an estimator raises for input of another shape
            fault = fault or error
        else:
            return fresh
    raise ValueError(f"{estimator} fits none of the inputs: {fault}") from fault


def estimators() -> Iterator[Sample]:
    """Makes every estimator of scikit-learn, fitted."""
    importlib.import_module("sklearn.experimental.enable_iterative_imputer")
    importlib.import_module("sklearn.experimental.enable_halving_search_cv")
    for name, cls in importlib.import_module("sklearn.utils").all_estimators():
        yield name, fitted(made(cls))


def composed() -> Iterator[Sample]:
    """Makes estimators with settings and inputs that reach what the defaults leave out."""
    t = toy()
    kernels = importlib.import_module("sklearn.gaussian_process.kernels")
    sums = kernels.ConstantKernel() * kernels.RBF() + kernels.WhiteKernel() + kernels.Matern()
    for kernel in (
        sums,
        kernels.RationalQuadratic() ** 2,
        kernels.ExpSineSquared() + kernels.DotProduct(),
        kernels.CompoundKernel([kernels.RBF(), kernels.Matern()]),
        kernels.PairwiseKernel(),
    ):
        yield f"kernel {type(kernel).__name__}", kernel
    yield "hyperparameter", kernels.RBF().hyperparameters
    yield (
        "gaussian process",
        of("gaussian_process.GaussianProcessRegressor", sums, optimizer=None).fit(t.dense, t.real),
    )
    yield "gaussian classes", of("gaussian_process.GaussianProcessClassifier").fit(t.dense, [0, 1, 2, 1] * 10)
    yield from _forests()
    yield from _linear()
    yield from _neighbours()
    yield from _pipelines()
    yield from _searches()
    yield from _transforms()


def _forests() -> Iterator[Sample]:
    t = toy()
    trees = {
        "tree.DecisionTreeClassifier": ("gini", "entropy", "log_loss"),
        "tree.DecisionTreeRegressor": ("squared_error", "friedman_mse", "absolute_error", "poisson"),
    }
    for path, criteria in trees.items():
        y = t.classes if "Classifier" in path else t.real
        for criterion in criteria:
            yield f"{path}({criterion})", of(path, criterion=criterion, max_depth=2).fit(t.dense, y)
        yield f"{path}(random, sparse)", of(path, splitter="random").fit(t.csr, y)
    boosting = "ensemble.GradientBoosting"
    for loss in ("squared_error", "absolute_error", "huber", "quantile"):
        yield f"boosting({loss})", of(f"{boosting}Regressor", loss=loss, n_estimators=2).fit(t.dense, t.real)
    for loss in ("log_loss", "exponential"):
        yield (
            f"boosting({loss})",
            of(f"{boosting}Classifier", loss=loss, n_estimators=2).fit(t.dense, t.words),
        )
    yield "boosting(classes)", of(f"{boosting}Classifier", n_estimators=2).fit(t.dense, [0, 1, 2, 1] * 10)
    yield (
        "boosting(init)",
        of(f"{boosting}Classifier", init=of("dummy.DummyClassifier"), n_estimators=2).fit(t.dense, t.classes),
    )
    yield "boosting(zero)", of(f"{boosting}Regressor", init="zero", n_estimators=2).fit(t.dense, t.real)
    hist = "ensemble.HistGradientBoosting"
    for loss in ("squared_error", "absolute_error", "poisson", "quantile", "gamma"):
        settings = {"loss": loss, "max_iter": 2, **({"quantile": 0.5} if loss == "quantile" else {})}
        if loss in _choices(f"{hist}Regressor", "loss"):
            yield f"histogram({loss})", of(f"{hist}Regressor", **settings).fit(t.dense, t.real)
    for y in (t.words, [0, 1, 2, 1] * 10):
        yield (
            f"histogram({len(set(y))} classes)",
            of(f"{hist}Classifier", max_iter=2, categorical_features=[3], early_stopping=True).fit(
                t.np.round(t.dense), y
            ),
        )
    yield "forest(outputs)", of("ensemble.RandomForestClassifier", 2).fit(t.dense, t.many)
    yield (
        "forest(seeded)",
        of("ensemble.RandomForestRegressor", 2, random_state=t.np.random.RandomState(1)).fit(t.dense, t.real),
    )
    yield (
        "stacking",
        of("ensemble.StackingRegressor", [("a", of("linear_model.Ridge")), ("b", of("svm.SVR"))]).fit(
            t.dense, t.real
        ),
    )


def _choices(path: str, parameter: str) -> set[str]:
    """Gives the texts that a parameter of an estimator may be."""
    module, _, name = path.rpartition(".")
    cls = getattr(importlib.import_module(f"sklearn.{module}"), name)
    found: set[str] = set()
    for constraint in cls._parameter_constraints[parameter]:
        found |= {str(option) for option in getattr(constraint, "options", ())}
    return found


def _linear() -> Iterator[Sample]:
    t = toy()
    sgd = "linear_model.SGD"
    for loss in sorted(_choices(f"{sgd}Classifier", "loss")):
        yield (
            f"gradient descent({loss})",
            of(f"{sgd}Classifier", loss=loss, max_iter=5).fit(t.dense, t.classes),
        )
    for loss in sorted(_choices(f"{sgd}Regressor", "loss")):
        yield f"gradient descent({loss})", of(f"{sgd}Regressor", loss=loss, max_iter=5).fit(t.dense, t.real)
    yield "averaged", of(f"{sgd}Classifier", average=True, early_stopping=True).fit(t.dense, t.words)
    for power in (0, 1, 1.5, 2, 3):
        for link in ("identity", "log"):
            if (power, link) == (0, "identity") or link == "log":
                yield (
                    f"tweedie({power}, {link})",
                    of("linear_model.TweedieRegressor", power=power, link=link).fit(t.dense, t.real),
                )
    for kernel in ("linear", "poly", "rbf", "sigmoid"):
        yield f"SVC({kernel})", of("svm.SVC", kernel=kernel, probability=True).fit(t.dense, t.words)
    yield "SVC(sparse)", of("svm.SVC").fit(t.csr, t.classes)
    yield "logistic(classes)", of("linear_model.LogisticRegression").fit(t.dense, [0, 1, 2, 1] * 10)
    yield (
        "logistic(cross)",
        of("linear_model.LogisticRegressionCV", cv=2, scoring="accuracy", max_iter=10).fit(
            t.dense, t.classes
        ),
    )
    yield "ridge(cross)", of("linear_model.RidgeCV", cv=of("model_selection.KFold", 3)).fit(t.dense, t.real)
    for learning in ("constant", "adaptive"):
        for solver in ("sgd", "lbfgs", "adam"):
            yield (
                f"network({solver}, {learning})",
                of(
                    "neural_network.MLPClassifier", (3,), solver=solver, learning_rate=learning, max_iter=3
                ).fit(t.dense, t.words),
            )


def _neighbours() -> Iterator[Sample]:
    t = toy()
    for algorithm in ("ball_tree", "kd_tree", "brute"):
        for x in (t.dense, t.dense.astype("f4"), t.csr):
            yield (
                f"neighbours({algorithm})",
                of("neighbors.KNeighborsClassifier", 3, algorithm=algorithm).fit(x, t.classes),
            )
    for tree in ("BallTree", "KDTree", "BallTree64", "BallTree32", "KDTree64", "KDTree32"):
        if hasattr(importlib.import_module("sklearn.neighbors._ball_tree"), tree) and tree.startswith("Ball"):
            yield tree, of(f"neighbors._ball_tree.{tree}", t.dense)
        if hasattr(importlib.import_module("sklearn.neighbors._kd_tree"), tree) and tree.startswith("KD"):
            yield tree, of(f"neighbors._kd_tree.{tree}", t.dense)
    distances = importlib.import_module("sklearn.metrics").DistanceMetric
    for metric in METRICS:
        settings: dict[str, object] = {
            "seuclidean": {"V": t.np.ones(4)},
            "mahalanobis": {"V": t.np.eye(4)},
            "wminkowski": {"p": 3, "w": t.np.ones(4)},
            "minkowski": {"p": 3},
        }.get(metric, {})
        for dtype in (t.np.float64, t.np.float32):
            try:
                yield f"metric {metric}", distances.get_metric(metric, dtype=dtype, **settings)
            except TypeError:  # before 1.3 there is one dtype
                yield f"metric {metric}", distances.get_metric(metric, **settings)
            except ValueError:  # not every version has every metric
                continue
    yield "factor", of("neighbors.LocalOutlierFactor", novelty=True).fit(t.dense)
    yield "graph", of("neighbors.KNeighborsTransformer").fit(t.dense)
    yield "clusters", of("cluster.AgglomerativeClustering", linkage="single").fit(t.dense)
    yield "clusters(birch)", of("cluster.Birch", n_clusters=of("cluster.KMeans", 2, n_init=1)).fit(t.dense)
    for method in ("exact", "barnes_hut"):
        yield f"embedding({method})", of("manifold.TSNE", method=method, perplexity=5).fit(t.dense)
    yield "quad tree", _quad_tree()
    yield "mixture", of("mixture.GaussianMixture", 2, covariance_type="tied").fit(t.dense)
    yield "imputer", of("impute.KNNImputer").fit(t.dense)


def _quad_tree() -> Any:
    tree = of("neighbors._quad_tree._QuadTree", 2, 0)
    tree.build_tree(toy().dense[:, :2].astype("f4"))
    return tree


def _pipelines() -> Iterator[Sample]:
    t = toy()
    scaler = of("preprocessing.StandardScaler")
    columns = [("a", scaler, [0]), ("b", "drop", slice(1, 2)), ("c", of("preprocessing.OneHotEncoder"), [3])]
    for rest in ("drop", "passthrough", of("preprocessing.MinMaxScaler")):
        yield (
            f"columns({rest})",
            of("compose.ColumnTransformer", columns, remainder=rest).fit(t.np.round(t.dense)),
        )
    pipeline = of("pipeline.make_pipeline", scaler, of("decomposition.PCA", 2), of("svm.SVC"))
    yield "pipeline", pipeline.fit(t.dense, t.words)
    yield (
        "pipeline(output)",
        of("pipeline.make_pipeline", of("preprocessing.StandardScaler")).set_output(transform="pandas"),
    )
    texts = of(
        "pipeline.make_pipeline",
        of("feature_extraction.text.TfidfVectorizer"),
        of("naive_bayes.MultinomialNB"),
    )
    yield "texts", texts.fit(t.texts, [0, 1, 0])
    union = of("pipeline.make_union", scaler, of("decomposition.TruncatedSVD", 2))
    yield "union", union.fit(t.dense)
    for method in ("sigmoid", "isotonic", "temperature"):
        if method in _choices("calibration.CalibratedClassifierCV", "method"):
            yield (
                f"calibrated({method})",
                of("calibration.CalibratedClassifierCV", of("svm.LinearSVC"), method=method, cv=2).fit(
                    t.dense, t.classes
                ),
            )
    yield (
        "target",
        of("compose.TransformedTargetRegressor", of("linear_model.Ridge"), transformer=scaler).fit(
            t.dense, t.real
        ),
    )
    yield (
        "target(functions)",
        of(
            "compose.TransformedTargetRegressor",
            of("linear_model.Ridge"),
            func=t.np.log1p,
            inverse_func=t.np.expm1,
        ).fit(t.dense, t.real),
    )
    for function in (t.np.log1p, t.np.log, t.np.sqrt, t.np.abs):
        yield f"function({function.__name__})", of("preprocessing.FunctionTransformer", function).fit(t.dense)
    frames = importlib.util.find_spec("pandas") and importlib.import_module("pandas")
    if frames:
        frame = frames.DataFrame(t.dense, columns=list("abcd"))
        frame["e"] = t.words
        selector = importlib.import_module("sklearn.compose").make_column_selector
        encoder = of("preprocessing.OneHotEncoder", handle_unknown="ignore")
        mixed = of(
            "compose.ColumnTransformer",
            [("a", scaler, ["a", "b"]), ("e", encoder, selector(dtype_exclude="number"))],
            remainder="passthrough",
        )
        yield (
            "columns of a frame",
            of("pipeline.make_pipeline", mixed, of("linear_model.LogisticRegression")).fit(frame, frame["e"]),
        )
        yield (
            "columns by type",
            of("compose.ColumnTransformer", [("a", scaler, selector(dtype_include=t.np.number))]).fit(frame),
        )
        yield "names", of("ensemble.RandomForestClassifier", 2).fit(frame[list("abcd")], frame["e"])


def _searches() -> Iterator[Sample]:
    t = toy()
    splits = importlib.import_module("sklearn.model_selection")
    for name in SPLITTERS:
        yield f"splitter {name}", getattr(splits, name)()
    yield "splitter PredefinedSplit", splits.PredefinedSplit([0, 1])
    yield "splitter LeavePOut", splits.LeavePOut(2)
    yield "splitter LeavePGroupsOut", splits.LeavePGroupsOut(2)
    logistic = of("linear_model.LogisticRegression")
    for scoring in (None, "accuracy", ["accuracy", "f1"], "roc_auc", "neg_log_loss"):
        settings = {"scoring": scoring, "refit": "f1" if isinstance(scoring, list) else True, "cv": 2}
        yield (
            f"search({scoring})",
            splits.GridSearchCV(logistic, {"C": [1.0, 2.0]}, **settings).fit(t.dense, t.classes),
        )
    nested = of("pipeline.make_pipeline", of("preprocessing.StandardScaler"), of("svm.SVC"))
    grid = {"svc__C": t.np.logspace(0, 1, 2), "svc__kernel": ["rbf", "linear"]}
    yield (
        "search(pipeline)",
        splits.GridSearchCV(nested, grid, cv=splits.StratifiedKFold(2)).fit(t.dense, t.words),
    )
    metrics = importlib.import_module("sklearn.metrics")
    for name in sorted(metrics.get_scorer_names()):
        yield f"scorer {name}", metrics.get_scorer(name)
    yield "scorer(keywords)", metrics.make_scorer(metrics.fbeta_score, beta=2)


def _transforms() -> Iterator[Sample]:
    t = toy()
    for function in (
        "f_classif",
        "f_regression",
        "chi2",
        "mutual_info_classif",
        "mutual_info_regression",
        "r_regression",
    ):
        score = getattr(importlib.import_module("sklearn.feature_selection"), function)
        yield f"best({function})", of("feature_selection.SelectKBest", score, k=2).fit(t.dense, t.classes)
    for strategy in ("uniform", "quantile", "kmeans"):
        for encode in ("onehot", "ordinal", "onehot-dense"):
            yield (
                f"bins({strategy}, {encode})",
                of("preprocessing.KBinsDiscretizer", 3, strategy=strategy, encode=encode).fit(t.dense),
            )
    for strategy in ("mean", "median", "most_frequent", "constant"):
        yield (
            f"imputer({strategy})",
            of("impute.SimpleImputer", strategy=strategy, add_indicator=True).fit(t.dense),
        )
    yield (
        "imputer(iterative)",
        of("impute.IterativeImputer", of("linear_model.BayesianRidge"), max_iter=2, random_state=0).fit(
            t.np.where(t.dense < 0.3, t.np.nan, t.dense)
        ),
    )
    yield "encoder(infrequent)", of("preprocessing.OneHotEncoder", min_frequency=2).fit(t.words[:, None])
    yield "encoder(objects)", of("preprocessing.OrdinalEncoder").fit(t.words[:, None].astype(object))
    for knots in ("constant", "linear", "continue", "periodic"):
        yield f"splines({knots})", of("preprocessing.SplineTransformer", extrapolation=knots).fit(t.dense)
    yield "splines(sparse)", of("preprocessing.SplineTransformer", 3).fit(t.dense)
    for analyzer in ("word", "char", "char_wb"):
        yield (
            f"counts({analyzer})",
            of("feature_extraction.text.CountVectorizer", analyzer=analyzer).fit(t.texts),
        )
    stop = of("feature_extraction.text.TfidfVectorizer", stop_words="english")
    yield "counts(stop words)", stop.fit(["model weights", "weights file"])
    yield "dictionary", of("decomposition.DictionaryLearning", 2, max_iter=2).fit(t.dense)
    yield "topics", of("decomposition.LatentDirichletAllocation", 2, max_iter=2).fit(t.csr)
    for kind in ("linear", "poly", "rbf", "cosine"):
        yield f"kernel components({kind})", of("decomposition.KernelPCA", 2, kernel=kind).fit(t.dense)
    yield "nystroem(kernel)", of("kernel_approximation.Nystroem", "rbf", n_components=3).fit(t.dense)
    yield (
        "kernel ridge",
        of("kernel_ridge.KernelRidge", kernel=of("gaussian_process.kernels.RBF")).fit(t.dense, t.real),
    )
    yield "isotonic", of("isotonic.IsotonicRegression", out_of_bounds="clip").fit(t.dense[:, 0], t.real)
    yield "bunch", of("utils.Bunch", data=t.dense, names=["a"])
    base = importlib.import_module("sklearn")
    try:
        base.set_config(enable_metadata_routing=True)
        yield "routing", of("linear_model.LogisticRegression").set_fit_request(sample_weight=True)
        yield "routing(splitter)", of("model_selection.GroupKFold").set_split_request(groups=True)
    except (AttributeError, TypeError):  # before 1.4
        pass
    finally:
        base.set_config(
            **({"enable_metadata_routing": False} if "enable_metadata_routing" in base.get_config() else {})
        )


def samples() -> Iterator[Sample]:
    """Makes every estimator, and what may stand in one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for part in PARTS:
            yield from part()


# Less of everything, and what a few need for 40 rows of 4 columns.
SMALL: dict[str, object] = {"n_estimators": 3, "n_init": 1, "n_resampling": 2}
SETTINGS: dict[str, dict[str, object]] = {
    "GaussianRandomProjection": {"n_components": 2},
    "SparseRandomProjection": {"n_components": 2},
    "TSNE": {"perplexity": 5},
    "SelectKBest": {"k": 2},
    "HistGradientBoostingClassifier": {"max_iter": 3},
    "HistGradientBoostingRegressor": {"max_iter": 3},
    "OrthogonalMatchingPursuitCV": {"max_iter": 3},
}

PARTS: tuple[Callable[[], Iterator[Sample]], ...] = (estimators, composed)

METRICS = [
    "euclidean",
    "l2",
    "minkowski",
    "manhattan",
    "cityblock",
    "l1",
    "chebyshev",
    "infinity",
    "seuclidean",
    "mahalanobis",
    "wminkowski",
    "hamming",
    "canberra",
    "braycurtis",
    "matching",
    "jaccard",
    "dice",
    "kulsinski",
    "rogerstanimoto",
    "russellrao",
    "sokalmichener",
    "sokalsneath",
    "haversine",
]
SPLITTERS = [
    "KFold",
    "StratifiedKFold",
    "GroupKFold",
    "ShuffleSplit",
    "StratifiedShuffleSplit",
    "GroupShuffleSplit",
    "TimeSeriesSplit",
    "LeaveOneOut",
    "LeaveOneGroupOut",
    "RepeatedKFold",
    "RepeatedStratifiedKFold",
    "StratifiedGroupKFold",
]

if __name__ == "__main__":
    main("sklearn", samples, doc=__doc__)
