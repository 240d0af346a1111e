"""What users do with an adapter: pipelines, searches, ensembles, labels of all kinds.

Each part tries one kind of use on every adapter that it concerns.
"""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_selector,
)
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_validate,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags

from adapt.base import FeatureAdapter, ParameterAdapter, SourceOnly, WeightAdapter
from adapt.feature_based import CORAL, DomainStandardScaler, LinearOT
from adapt.instance_based import IWC, RULSIF, TrAdaBoost
from adapt.parameter_based import RegularTransferLR
from tests.common import shifted_classes, shifted_numbers
from tests.test_common import ADAPTERS, FEWER, OWN_INNER, data, is_regression, new
from tests.test_common import inner_of as inners

# Those that take any estimator of the kind, or any linear one.
FREE = [cls for cls in ADAPTERS if cls.__name__ not in OWN_INNER]
CLASSIFIERS = [cls for cls in FREE if "classifier" in inners(cls)]
REGRESSORS = [cls for cls in FREE if "regressor" in inners(cls)]
TRANSFORMERS = [cls for cls in ADAPTERS if issubclass(cls, FeatureAdapter)]
WEIGHTERS = [cls for cls in ADAPTERS if issubclass(cls, WeightAdapter)]

# Methods that keep the distribution of the source's labels, which numbers that follow
# moved columns have not in the target.
KEEP_LABELS = {"JDOTRegressor"}


def least(cls, score):
    """Return what an adapter should score where most reach ``score``."""
    return 0.4 if cls.__name__ in KEEP_LABELS else score


def each(classes):
    return pytest.mark.parametrize("cls", classes, ids=lambda cls: cls.__name__)


def labels(cls, yt):
    """Return the target labels as a keyword, for the methods that need them."""
    return {"yt": yt} if cls._target_labels == "required" else {}


def in_one_table(Xs, ys, Xt, yt, seed=0):
    """Return ``X, y, sample_domain`` with the rows of both domains mixed."""
    order = np.random.default_rng(seed).permutation(len(Xs) + len(Xt))
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, yt])
    return X[order], y[order], np.repeat([0, -1], [len(Xs), len(Xt)])[order]


@pytest.fixture
def routing():
    with config_context(enable_metadata_routing=True):
        yield


# A step in the middle of a pipeline, and the last step.


@pytest.mark.usefixtures("routing")
@each(TRANSFORMERS)
def test_middle_step(cls):
    Xs, ys, Xt, yt = shifted_classes()
    steps = [("scale", StandardScaler()), ("adapt", new(cls))]
    pipe = Pipeline([*steps, ("fit", LogisticRegression())], transform_input=["Xt"])
    pipe.fit(Xs, ys, Xt=Xt, **labels(cls, yt))
    assert pipe.score(Xt, yt) > 0.8
    assert pipe.predict_proba(Xt).shape == (120, 2)


@pytest.mark.usefixtures("routing")
@each(ADAPTERS)
def test_last_step(cls):
    Xs, ys, Xt, yt = data(cls)
    pipe = make_pipeline(StandardScaler(), new(cls), transform_input=["Xt"])
    pipe.fit(Xs, ys, Xt=Xt, **labels(cls, yt))
    assert pipe.score(Xt, yt) > least(cls, 0.8)


# Earlier steps act on the target too.


@pytest.mark.usefixtures("routing")
@each(ADAPTERS)
def test_earlier_steps_scale_the_target(cls):
    Xs, ys, Xt, yt = data(cls)
    pipe = make_pipeline(StandardScaler(), new(cls), transform_input=["Xt"])
    pipe.fit(Xs, ys, Xt=Xt, **labels(cls, yt))
    scaler = StandardScaler().fit(Xs)
    by_hand = new(cls).fit(
        scaler.transform(Xs), ys, scaler.transform(Xt), **labels(cls, yt)
    )
    np.testing.assert_allclose(pipe.predict(Xt), by_hand.predict(scaler.transform(Xt)))


# Mixed tables through a ColumnTransformer.


@pytest.mark.usefixtures("routing")
@each(ADAPTERS)
def test_mixed_table(cls):
    Xs, ys, Xt, yt = data(cls)
    rng = np.random.default_rng(0)
    Xs, Xt = (
        pd.DataFrame(X, columns=list("abcd")).assign(town=rng.choice(["u", "v"], 120))
        for X in (Xs, Xt)
    )
    columns = ColumnTransformer(
        [
            ("number", StandardScaler(), make_column_selector(dtype_include=float)),
            ("name", OneHotEncoder(sparse_output=False), ["town"]),
        ]
    )
    pipe = make_pipeline(columns, new(cls), transform_input=["Xt"])
    pipe.fit(Xs, ys, Xt=Xt, **labels(cls, yt))
    assert pipe.predict(Xt).shape == (120,)
    assert np.all(np.isfinite(pipe.predict(Xt)))


# Inner estimators of every make.

LOGISTIC = LogisticRegression()
INNER = [
    make_pipeline(StandardScaler(), LOGISTIC),
    GridSearchCV(LOGISTIC, {"C": [0.1, 1]}, cv=2),
    BaggingClassifier(LOGISTIC, n_estimators=3),
    VotingClassifier([("a", LOGISTIC), ("b", DecisionTreeClassifier())], voting="soft"),
    CalibratedClassifierCV(LOGISTIC, cv=2),
    RandomForestClassifier(5),
    HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=5),
]


@each(CLASSIFIERS)
@pytest.mark.parametrize("inner", INNER, ids=lambda inner: type(inner).__name__)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_inner_classifiers(cls, inner):
    Xs, ys, Xt, yt = shifted_classes(n=60)
    model = cls(inner, Xt, random_state=0)
    if issubclass(cls, ParameterAdapter) and not hasattr(inner, "steps"):
        # Its parameters are those of one kind of model: it takes that, or refuses.
        try:
            model.fit(Xs, ys, yt=yt)
        except ValueError as error:
            assert "`estimator`" in str(error)  # noqa: PT017
            return
    model.fit(Xs, ys, yt=yt)
    assert set(model.predict(Xt)) <= {0, 1}
    assert model.score(Xs, ys, sample_domain=0) > 0.45


@each(REGRESSORS)
def test_inner_regressor_of_transformed_labels(cls):
    Xs, ys, Xt, yt = shifted_numbers()
    inner = TransformedTargetRegressor(Ridge(), transformer=StandardScaler())
    model = cls(inner, Xt, random_state=0)
    if cls is RegularTransferLR:
        with pytest.raises(ValueError, match="`estimator`"):
            model.fit(Xs, ys, yt=yt)
    else:
        predicted = model.fit(Xs, ys, yt=yt).predict(Xt)
        assert np.all(np.isfinite(predicted))
        assert np.ptp(predicted) > 0.1


# Adapters inside ensembles, and inside one another.


def with_target(cls, Xt, yt, **params):
    return new(cls, Xt=Xt, **labels(cls, yt), **params)


@each(CLASSIFIERS)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_inside_ensembles(cls):
    Xs, ys, Xt, yt = shifted_classes()
    model = with_target(cls, Xt, yt)
    members = [("adapted", model), ("plain", LogisticRegression())]
    if get_tags(model).estimator_type is None:  # as its estimator is
        model.set_params(estimator=LogisticRegression())
    for ensemble in (
        BaggingClassifier(model, n_estimators=2, random_state=0),
        VotingClassifier(members, voting="soft"),
        StackingClassifier(members, cv=2),
    ):
        assert ensemble.fit(Xs, ys).score(Xt, yt) > 0.7


@each(REGRESSORS)
def test_inside_multi_output(cls):
    Xs, ys, Xt, yt = shifted_numbers()
    if cls._target_labels == "required":
        pytest.skip("one yt in the constructor cannot serve two outputs")
    model = with_target(cls, Xt, yt).set_params(estimator=Ridge())
    model = MultiOutputRegressor(model).fit(Xs, np.column_stack([ys, -ys]))
    np.testing.assert_allclose(*(model.predict(Xt).T * [[1], [-1]]), atol=1e-6)


@each(TRANSFORMERS)
def test_around_a_weighting(cls):
    Xs, ys, Xt, yt = shifted_classes()
    model = cls(IWC(LogisticRegression()), random_state=0).fit(Xs, ys, Xt, yt)
    assert model.estimator_.weights_.shape >= (120,)
    assert model.score(Xt, yt) > 0.7


def test_nested_three_deep():
    Xs, ys, Xt, yt = shifted_numbers()
    model = DomainStandardScaler(CORAL(RULSIF(Ridge()))).fit(Xs, ys, Xt)
    assert model.score(Xt, yt) > 0.5
    assert model.estimator_.estimator_.weights_.shape == (120,)
    supervised = LinearOT(RegularTransferLR(Ridge())).fit(Xs, ys, Xt, yt)
    assert supervised.score(Xt, yt) > 0.95


# Searches and cross-validation over one table.


@pytest.mark.usefixtures("routing")
@each(CLASSIFIERS)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_searches(cls):
    X, y, domain = in_one_table(*shifted_classes())
    model = new(cls, "classifier")
    grid = {"estimator__C": [1e-2, 0.1, 1.0]}
    for search in (
        GridSearchCV(model, grid, cv=2, error_score="raise"),
        RandomizedSearchCV(
            model, grid, n_iter=1, cv=2, random_state=0, error_score="raise"
        ),
        HalvingGridSearchCV(
            model, grid, cv=2, random_state=0, min_resources=80, error_score="raise"
        ),
    ):
        search.fit(X, y, sample_domain=domain)
        assert search.best_score_ > 0.7


@pytest.mark.usefixtures("routing")
@each(ADAPTERS)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_cross_validate(cls):
    X, y, domain = in_one_table(*data(cls))
    found = cross_validate(
        new(cls), X, y, cv=3, params={"sample_domain": domain}, error_score="raise"
    )
    assert np.all(found["test_score"] > least(cls, 0.5))


# No need of metadata routing; imports are tried in `test_public_names`.


@each(ADAPTERS)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_without_metadata_routing(cls):
    Xs, ys, Xt, yt = data(cls)
    X, y, domain = in_one_table(Xs, ys, Xt, yt)
    pipe = Pipeline([("scale", StandardScaler()), ("adapt", new(cls))])
    pipe.fit(X, y, adapt__sample_domain=domain)
    assert pipe.score(Xt, yt) > least(cls, 0.7)
    direct = new(cls).fit(Xs, ys, Xt=Xt, **labels(cls, yt))
    assert direct.score(Xt, yt) > least(cls, 0.7)


# Labels of all kinds.

LABELS = {
    "strings": np.array(["no", "yes"]),
    "minus one and one": np.array([-1, 1]),
    "booleans": np.array([False, True]),
    "floats": np.array([0.0, 1.0]),
    "objects": np.array(["no", "yes"], dtype=object),
    "three with minus one": np.array([-1, 0, 1]),
}


@each(CLASSIFIERS)
@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("form", ["two tables", "one table"])
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_labels(cls, name, form):
    names = LABELS[name]
    Xs, ys, Xt, yt = shifted_classes(n_classes=len(names))
    ys, yt = names[ys], names[yt]
    model = new(cls, "classifier")
    if form == "two tables":
        model.fit(Xs, ys, Xt, yt)
    else:
        X, y, domain = in_one_table(Xs, ys, Xt, yt)
        model.fit(X, y, sample_domain=domain)
    assert model.classes_.tolist() == names.tolist()
    assert set(model.predict(Xt)) <= set(names)
    assert model.score(Xt, yt) > 0.7


@each(CLASSIFIERS)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_categorical_labels(cls):
    Xs, ys, Xt, yt = shifted_classes()
    ys, yt = (pd.Series(np.array(["no", "yes"])[y], dtype="category") for y in (ys, yt))
    model = new(cls, "classifier").fit(Xs, ys, Xt, yt)
    assert model.score(Xt, yt) > 0.7


@each([cls for cls in CLASSIFIERS if cls._target_labels != "required"])
def test_class_missing_in_the_target(cls):
    Xs, ys, Xt, yt = shifted_classes(n_classes=3)
    model = new(cls, "classifier").fit(Xs, ys, Xt[yt != 1], yt[yt != 1])
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.predict_proba(Xt).shape == (120, 3)


@each(
    [cls for cls in CLASSIFIERS if cls._target_labels not in ("optional", "required")]
)
def test_class_missing_in_the_source(cls):
    Xs, ys, Xt, yt = shifted_classes(n_classes=3)
    model = new(cls, "classifier").fit(Xs[ys != 1], ys[ys != 1], Xt, yt)
    assert model.classes_.tolist() == [0, 2]


@each(REGRESSORS)
def test_several_outputs(cls):
    Xs, ys, Xt, yt = shifted_numbers()
    ys, yt = (np.column_stack([y, -2 * y, y + 1]) for y in (ys, yt))
    model = new(cls, "regressor")
    if not get_tags(model).target_tags.multi_output:
        with pytest.raises(ValueError, match=r"1d|multi|output"):
            model.fit(Xs, ys, Xt, yt)
        return
    assert model.fit(Xs, ys, Xt, yt).predict(Xt).shape == (120, 3)


# Frames: see test_common; here a search keeps the names.


@pytest.mark.usefixtures("routing")
@each(ADAPTERS)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_frames_in_a_search(cls):
    X, y, domain = in_one_table(*data(cls))
    X = pd.DataFrame(X, columns=list("abcd"))
    search = GridSearchCV(new(cls), {"copy": [True]}, cv=2, error_score="raise")
    search.fit(X, y, sample_domain=domain)
    assert search.best_estimator_.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names should match"):
        search.predict(X[list("dcba")])


# Missing values and sparse rows, where the method and its estimator take them.


@each(CLASSIFIERS)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_missing_values(cls):
    Xs, ys, Xt, yt = shifted_classes()
    Xs[::5, 0], Xt[::7, 1] = np.nan, np.nan
    trees = HistGradientBoostingClassifier(max_iter=5, max_depth=2)
    model = cls(trees, random_state=0)
    if get_tags(model).input_tags.allow_nan:
        assert model.fit(Xs, ys, Xt, yt).score(Xt, yt) > 0.6
    else:
        with pytest.raises(ValueError, match="NaN"):
            model.fit(Xs, ys, Xt, yt)


@each(CLASSIFIERS)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_sparse_rows(cls):
    Xs, ys, Xt, yt = shifted_classes()
    model = new(cls, "classifier")
    thin = sparse.csr_array(Xs), ys, sparse.csr_array(Xt), yt
    if get_tags(model).input_tags.sparse:
        dense = clone(model).fit(Xs, ys, Xt, yt)
        model.fit(*thin)
        assert np.mean(model.predict(thin[2]) == dense.predict(Xt)) > 0.95
    else:
        with pytest.raises((TypeError, ValueError), match=r"[Ss]parse"):
            model.fit(*thin)


# Weights are never ignored.

# Their weights are told, but probabilities are corrected in place of the loss.
CORRECTORS = {"SaerensEM"}
# Fitted on fewer rows, and not on weighted ones.
PRUNERS = {"SourcePruning"}


@each(
    [
        *(cls for cls in WEIGHTERS if cls.__name__ not in CORRECTORS | PRUNERS),
        TrAdaBoost,
    ]
)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_estimator_without_sample_weight(cls):
    Xs, ys, Xt, yt = shifted_classes()
    with pytest.raises(TypeError, match=r"no `sample_weight`"):
        cls(KNeighborsClassifier()).fit(Xs, ys, Xt, yt)
    model = cls(KNeighborsClassifier(), resample=True, random_state=0)
    assert model.fit(Xs, ys, Xt, yt).score(Xt, yt) > 0.6


@each([SourceOnly, *TRANSFORMERS])
def test_user_weights_are_never_ignored(cls):
    Xs, ys, Xt, yt = shifted_classes()
    with pytest.raises(TypeError, match=r"no `sample_weight`"):
        cls(KNeighborsClassifier()).fit(Xs, ys, Xt, yt, sample_weight=np.ones(120))


# The same object twice, and the trap of folds.


@each(ADAPTERS)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_source_and_target_are_the_same_object(cls):
    Xs, ys, _, _ = data(cls)
    same = new(cls).fit(Xs, ys, Xs, ys)
    copies = new(cls).fit(Xs, ys, Xs.copy(), ys.copy())
    np.testing.assert_allclose(same.predict(Xs), copies.predict(Xs))


@pytest.mark.usefixtures("routing")
def test_folds_cut_a_target_that_is_as_long_as_the_source():
    Xs, ys, Xt, _ = shifted_classes()

    def targets(model, **params):
        found = cross_validate(
            model, Xs, ys, cv=2, return_estimator=True, params=params
        )["estimator"]
        return [np.allclose(each.Ct_, np.cov(Xt.T, bias=True)) for each in found]

    assert targets(CORAL(Xt=Xt, lambda_=0)) == [True, True]
    # What routing does with any array as long as X, and why the docs say otherwise.
    assert targets(CORAL(lambda_=0), Xt=Xt) == [False, False]


# The user's weights are multiplied with those of the method.


@each(WEIGHTERS)
def test_user_weights_multiply(cls):
    Xs, ys, Xt, yt = shifted_classes()
    given = np.random.default_rng(0).random(120)
    model = cls(LogisticRegression(), random_state=0)
    model.fit(Xs, ys, Xt, yt, sample_weight=given)
    expected = LogisticRegression()
    if len(model.weights_) != 120 or cls.__name__ in CORRECTORS:
        pytest.skip("fits other rows, or none with its weights")
    expected.fit(Xs, ys, sample_weight=given * model.weights_)
    np.testing.assert_allclose(model.estimator_.coef_, expected.coef_, rtol=1e-6)


# Weights follow the ratio of the densities, not its inverse.


@each(WEIGHTERS)
def test_weights_are_not_inverse(cls):
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(400, 2)), rng.normal(size=(400, 2)) + np.eye(2)[0]
    ys, yt = (Xs[:, 0] > 0).astype(int), (Xt[:, 0] > 0).astype(int)
    model = new(cls, "classifier").fit(Xs, ys, Xt, yt)
    weights = model.weights_[:400]
    if cls._target_labels == "required" or cls.__name__ == "LDM":
        # Those of LDM match second moments, which are the same on both sides of zero.
        pytest.skip("its weights are no ratio of densities")
    assert np.corrcoef(weights, np.exp(Xs[:, 0] - 0.5))[0, 1] > 0.1


# Without shift, adaptation costs next to nothing.


@each(CLASSIFIERS)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_no_shift_costs_at_most_a_point(cls):
    # Three parts of one sample: source, target, and rows to score on.
    rng = np.random.default_rng(0)
    y = np.arange(6000) % 2
    X = rng.normal(size=(6000, 5)) + y[:, None] * [1.5, 1, 0, 0, 0]
    parts = slice(1000), slice(1000, 2000), slice(2000, None)
    (Xs, ys), (Xt, yt), (Xv, yv) = ((X[part], y[part]) for part in parts)
    plain = SourceOnly(LogisticRegression()).fit(Xs, ys, Xt)
    model = new(cls, "classifier").fit(Xs, ys, Xt, yt)
    assert model.score(Xv, yv) > plain.score(Xv, yv) - 0.01


# Defaults on a hundred standardised columns.


@each(CLASSIFIERS)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_a_hundred_columns(cls):
    Xs, ys, Xt, yt = shifted_classes(n=300, d=100, shift=0.2)
    scaler = StandardScaler().fit(Xs)
    Xs, Xt = scaler.transform(Xs), scaler.transform(Xt)
    model = new(cls, "classifier").fit(Xs, ys, Xt, yt)
    assert model.score(Xt, yt) > 0.9
    if hasattr(model, "transform"):
        assert np.ptp(model.transform(Xt), axis=0).max() > 1e-3


@pytest.mark.parametrize("cls", [RULSIF])
def test_kernel_weights_are_not_flat_on_a_hundred_columns(cls):
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(500, 100)), rng.normal(size=(500, 100)) + 0.1
    model = cls(lambdas=np.logspace(-4, 0, 5), random_state=0).fit(Xs, Xt=Xt)
    assert model.weights_.std() > 0.01
    assert np.corrcoef(model.weights_, Xs.sum(axis=1))[0, 1] > 0.3


# Probabilities, scoring, nested parameters, default estimators.


@pytest.mark.usefixtures("routing")
@each(CLASSIFIERS)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_roc_auc(cls):
    X, y, domain = in_one_table(*shifted_classes())
    found = cross_validate(
        new(cls, "classifier"),
        X,
        y,
        cv=2,
        scoring=["roc_auc", "accuracy", "neg_log_loss"],
        params={"sample_domain": domain},
        error_score="raise",
    )
    assert np.all(found["test_roc_auc"] > 0.8)


@each(ADAPTERS)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_default_estimator_fits_the_labels(cls):
    Xs, ys, Xt, yt = data(cls)
    default = cls(random_state=0, **FEWER.get(cls.__name__, {}))
    model = default.fit(Xs, ys, Xt, yt)
    if is_regression(cls, "default"):
        assert not hasattr(model, "predict_proba")
        return
    np.testing.assert_allclose(model.predict_proba(Xt).sum(axis=1), 1)
    if get_tags(cls()).estimator_type is None:
        Xs, ys, Xt, yt = shifted_numbers()
        numbers = new(cls).fit(Xs, ys, Xt, yt)
        assert not hasattr(numbers, "predict_proba")
        assert np.ptp(numbers.predict(Xt)) > 0.1


# A new estimator is used; a large target is not copied.


@each(CLASSIFIERS)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_refit_with_another_estimator(cls):
    Xs, ys, Xt, yt = shifted_classes()
    model = new(cls, "classifier").fit(Xs, ys, Xt, yt)
    weak = LogisticRegression(C=1e-9)
    changed = model.set_params(estimator=weak).fit(Xs, ys, Xt, yt)
    fresh = new(cls, "classifier").set_params(estimator=weak).fit(Xs, ys, Xt, yt)
    np.testing.assert_allclose(changed.predict_proba(Xt), fresh.predict_proba(Xt))


@each(ADAPTERS)
def test_clones_share_the_target(cls):
    Xt = np.zeros((1000, 10))
    assert clone(clone(cls(Xt=Xt))).Xt is Xt
    assert clone(make_pipeline(cls(Xt=Xt)))[-1].Xt is Xt
