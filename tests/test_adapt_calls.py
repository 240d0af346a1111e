"""Calls as in the tutorials of ADAPT run, or say what to write here."""

import inspect
import re

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
)
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from adapt import feature_based, instance_based, parameter_based
from adapt._adapt_arguments import ARGUMENTS, advice_on
from adapt.base import AverageAdapter, BaseAdapter, SourceOnly
from adapt.discovery import all_adapters
from adapt.feature_based import CORAL, FA, PRED, SA, TCA, fMMD
from adapt.forecasting import (
    AdaptiveEffects,
    EffectsRegressor,
    OnlineMixture,
    TransferForecaster,
)
from adapt.imputation import GaussianTransferImputer
from adapt.instance_based import (
    IWC,
    KLIEP,
    KMM,
    LDM,
    RULSIF,
    ULSIF,
    BalancedWeighting,
    NearestNeighborsWeighting,
    TrAdaBoost,
    TrAdaBoostR2,
    TwoStageTrAdaBoostR2,
)
from adapt.metrics import make_uda_scorer, neg_j_score, reverse_validation
from adapt.model_selection import AutoAdapt
from adapt.parameter_based import (
    LinInt,
    RegularTransferGP,
    RegularTransferLC,
    RegularTransferLR,
    TransferForestClassifier,
    TransferTreeClassifier,
)
from adapt.series import SeriesFeatures
from adapt.utils import make_classification_da, make_regression_da
from tests.test_adapt_names import PAGE

# ---------------------------------------------------------------------- arguments

# Parameters of constructors in ADAPT 0.4.5, and those that it hands on to a kernel.
TAIL = "copy verbose random_state"
KERNEL = "gamma degree coef0"
PARAMETERS = {
    "FA": "estimator Xt yt",
    "PRED": "estimator Xt yt pretrain",
    "CORAL": "estimator Xt lambda_",
    "SA": "estimator Xt n_components",
    "TCA": f"estimator Xt n_components mu kernel {KERNEL}",
    "fMMD": "estimator Xt threshold kernel gamma degree coef",
    "KMM": f"estimator Xt kernel B eps max_size tol max_iter {KERNEL}",
    "KLIEP": f"estimator Xt kernel sigmas max_centers cv algo lr tol max_iter {KERNEL}",
    "ULSIF": f"estimator Xt kernel lambdas max_centers {KERNEL}",
    "RULSIF": f"estimator Xt kernel alpha lambdas max_centers {KERNEL}",
    "NearestNeighborsWeighting": "estimator Xt n_neighbors radius algorithm leaf_size "
    "metric p metric_params n_jobs",
    "IWC": "estimator Xt yt classifier cl_params",
    "LDM": "estimator Xt",
    "BalancedWeighting": "estimator Xt yt gamma",
    "TrAdaBoost": "estimator Xt yt n_estimators lr",
    "TrAdaBoostR2": "estimator Xt yt n_estimators lr",
    "TwoStageTrAdaBoostR2": "estimator Xt yt n_estimators n_estimators_fs cv lr",
    "RegularTransferLR": "estimator Xt yt lambda_",
    "RegularTransferLC": "estimator Xt yt lambda_",
    "RegularTransferGP": "estimator Xt yt lambda_",
    "LinInt": "estimator Xt yt prop",
    "TransferTreeClassifier": "estimator Xt yt algo",
    "TransferForestClassifier": "estimator Xt yt algo bootstrap",
    "TransferTreeSelector": "estimator Xt yt algorithms list_alg_args "
    "data_size_per_class root_source_values coeffs",
    "TransferForestSelector": "estimator Xt yt algorithms list_alg_args bootstrap",
}
# Arguments of methods that are none here, or of some methods only.
CALLS = {
    "fit": "domains sample_weight_src sample_weight_tgt warm_start epochs class_weight "
    "original_ser no_red_on_cl no_ext_on_cl no_prune_on_cl leaf_loss_quantify Nkmin "
    "min_drift max_drift no_prune_with_translation root_source_values Xs ys",
    "predict": "domain batch_size steps callbacks",
    "transform": "domain",
    "score": "domain",
}
# One of them for each method.
OF_EACH = {
    "fit": "domains",
    "predict": "domain",
    "predict_proba": "domain",
    "decision_function": "domain",
    "transform": "domain",
    "score": "domain",
    "predict_weights": "domain",
}


def arguments_of(cls, method):
    """Return the names of the arguments of a method."""
    return inspect.signature(getattr(cls, method)).parameters


SHALLOW = dict(all_adapters(deep=False))
by_class = pytest.mark.parametrize("cls", SHALLOW.values(), ids=list(SHALLOW))


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_of_adapt_are_there_or_explained(name):
    cls = next(
        getattr(family, name)
        for family in (feature_based, instance_based, parameter_based)
        if name in family.__all__
    )
    known = inspect.signature(cls).parameters
    for parameter in f"{PARAMETERS[name]} {TAIL}".split():
        if parameter not in known:
            with pytest.raises(TypeError, match=rf"{name}\(\) got .*'{parameter}'"):
                cls(**{parameter: 1})
            assert advice_on(parameter, "__init__") is not None


def check_call(cls, method, name):
    """Assert that a method says what to write for an argument of ADAPT."""
    arguments = () if name == "Xs" else ([[0.0]],)
    message = rf"{cls.__name__}\.{method}\(\) got .*{name!r}.*Write .*ADAPT"
    with pytest.raises(TypeError, match=message) as caught:
        getattr(cls(), method)(*arguments, **{name: 3})
    assert advice_on(name, method) in str(caught.value)


@pytest.mark.parametrize("method", CALLS)
def test_arguments_of_adapt_are_explained(method):
    for name in CALLS[method].split():
        check_call(CORAL, method, name)


@by_class
def test_arguments_of_adapt_are_explained_by_each_adapter(cls):
    for method, name in OF_EACH.items():
        # Some predict what no default estimator does, as `predict_proba` of a Ridge.
        if hasattr(cls(), method) and name not in arguments_of(cls, method):
            check_call(cls, method, name)


@by_class
def test_parameters_that_were_never_there_are_explained(cls):
    name = cls.__name__
    with pytest.raises(TypeError, match=r"'pretrain__epochs'.*`pretrain_epochs`"):
        cls(pretrain__epochs=3)
    with pytest.raises(ValueError, match=r"'pretrain__epochs'.*`pretrain_epochs`"):
        cls().set_params(pretrain__epochs=3)
    with pytest.raises(TypeError, match=rf"{name}\(\) .*Did you mean `random_state`"):
        cls(random_sate=0)
    with pytest.raises(TypeError, match=r"'quite_new'.* It takes .*`random_state`"):
        cls(quite_new=0)
    with pytest.raises(ValueError, match="Invalid parameter 'quite_new'"):
        cls().set_params(quite_new=0)
    known = inspect.signature(cls).parameters
    if "estimator" in known and "alpha" not in known:
        with pytest.raises(TypeError, match=rf"`{name}\(Ridge\(alpha=\.\.\.\)\)`"):
            cls(Ridge(), alpha=2.0)


def test_signatures_and_errors_of_methods_are_left_alone():
    assert list(inspect.signature(CORAL).parameters)[:3] == [
        "estimator",
        "Xt",
        "lambda_",
    ]
    assert "sample_domain" in inspect.signature(CORAL().fit).parameters

    class Own(BaseAdapter):
        def __init__(self, Xt=None):
            self.Xt = Xt

        def _adapt(self, domains):
            raise NotImplementedError

        def any(self, **names):
            return len(names)

        def inner(self, X):
            return CORAL.transform(self, X, nothing=X)

    assert Own().any(domain=1, domains=2) == 2
    with pytest.raises(TypeError, match="'nothing'"):
        Own().inner(1)
    with pytest.raises(TypeError, match=r"Own\.inner\(\) needs `X`\."):
        Own().inner()


def verbs_of(model):
    """Return the methods of an estimator that it has not from scikit-learn."""
    names = [name for name in dir(type(model)) if name[0].islower()]
    names = [name for name in names if not name.startswith(("get_", "set_", "from_"))]
    found = {name: getattr(model, name) for name in names if hasattr(model, name)}
    return {
        name: verb
        for name, verb in found.items()
        if inspect.ismethod(verb) and verb.__func__.__module__.startswith("adapt.")
    }


def check_calls_that_do_not_fit(cls, required=()):
    """Assert that each verb says what to write where it is called in a wrong way."""
    verbs = verbs_of(cls(**dict.fromkeys(required)))
    assert {"fit", "transform"} & verbs.keys()
    for name, verb in verbs.items():
        parameters = inspect.signature(verb).parameters
        needed = [key for key, each in parameters.items() if each.default is each.empty]
        called = rf"{cls.__name__}\.{name}\(\)"
        if needed:
            write = rf"Write `{name}\(.*\b{needed[0]}\b"
            with pytest.raises(TypeError, match=rf"{called} needs .*{write}"):
                verb()
        with pytest.raises(TypeError, match=rf"{called} takes .* was given 30 values"):
            verb(*[None] * 30)
        if "Xs" not in parameters:
            message = rf"{called} got .*'Xs'. (Write `X|It takes |Did you mean)"
            with pytest.raises(TypeError, match=message):
                verb(Xs=1, ys=2)


OTHERS = [
    SourceOnly,
    AutoAdapt,
    AdaptiveEffects,
    EffectsRegressor,
    OnlineMixture,
    TransferForecaster,
    SeriesFeatures,
    *(cls for _, cls in all_adapters("imputation", deep=False)),
    *(cls for _, cls in all_adapters("multi_domain")),
    *(cls for _, cls in all_adapters("series")),
]


@pytest.mark.parametrize(
    "cls", [*SHALLOW.values(), *OTHERS], ids=lambda cls: cls.__name__
)
def test_calls_that_do_not_fit_say_what_to_write(cls):
    check_calls_that_do_not_fit(cls)


def test_rows_of_the_source_and_constructors_without_what_they_need():
    Xs = [[0.0]]
    with pytest.raises(TypeError, match=r"Write `X`, with `sample_domain=0`"):
        CORAL().predict(Xs=Xs)
    with pytest.raises(TypeError, match=r"Write `X_source`"):
        GaussianTransferImputer().fit(Xs=Xs)
    with pytest.raises(TypeError, match=r"`fit\(X, y, Xt=Xt\)`: rows of the source"):
        CORAL().fit()
    with pytest.raises(TypeError, match=r"`fit\(X, Xt=Xt\)`: rows of the source"):
        GaussianTransferImputer().fit()
    with pytest.raises(TypeError, match=r"AverageAdapter\(\) needs `adapters`"):
        AverageAdapter()


@pytest.mark.parametrize(
    "cls",
    [cls for cls in SHALLOW.values() if cls._source_optional],
    ids=lambda cls: cls.__name__,
)
def test_a_fit_on_nothing_says_what_to_give(cls):
    words = rf"{cls.__name__} was given no rows.*`fit\(X, y, Xt=Xt, yt=yt\)`"
    with pytest.raises(ValueError, match=words):
        cls().fit()


def test_arguments_are_said_on_the_page():
    page = PAGE.read_text()
    assert not [name for name in ARGUMENTS if not re.search(rf"\b{name}\b", page)]


# ---------------------------------------------------------------------- tutorials

Xs, ys, Xt, yt = make_classification_da(40)
few, labels = Xt[::6], yt[::6]
RXs, Rys, RXt, Ryt = make_regression_da(40)
r_few, r_labels = RXt[:6], Ryt[:6]
weighing = {"estimator": RidgeClassifier(0.0), "Xt": Xt, "verbose": 0}
source = LogisticRegression().fit(Xs, ys)
line = LinearRegression().fit(RXs, Rys)
tree = DecisionTreeClassifier(max_depth=4, random_state=0).fit(Xs, ys)
forest = RandomForestClassifier(3, random_state=0).fit(Xs, ys)

RUN = {
    "quick start, KMM": lambda: KMM(
        estimator=LogisticRegression(), Xt=Xt, kernel="rbf", gamma=1.0, verbose=0
    ).fit(Xs, ys),
    "quick start, FA": lambda: FA(LogisticRegression()).fit(Xs, ys, Xt=few, yt=labels),
    "quick start, FA, table": lambda: FA(Ridge(), Xt=r_few, yt=r_labels).fit(RXs, Rys),
    "classification, PRED": lambda: PRED(
        RidgeClassifier(0.0), Xt=few, yt=labels, verbose=0
    ).fit(Xs, ys),
    "classification, CORAL": lambda: CORAL(
        RidgeClassifier(0.0), Xt=Xt, lambda_=1e-3, random_state=0
    ).fit(Xs, ys),
    "classification, SA": lambda: SA(**weighing, n_components=1).fit(Xs, ys),
    "classification, TCA": lambda: TCA(
        **weighing, n_components=2, mu=0.1, kernel="rbf", gamma=1.0
    ).fit(Xs, ys),
    "classification, fMMD": lambda: fMMD(**weighing, kernel="linear").fit(Xs, ys),
    "classification, KLIEP": lambda: KLIEP(
        **weighing, gamma=[0.1, 1.0], random_state=0
    ).fit(Xs, ys),
    "classification, ULSIF": lambda: ULSIF(
        **weighing, kernel="rbf", lambdas=[0.1, 1.0], gamma=1.0
    ).fit(Xs, ys),
    "classification, RULSIF": lambda: RULSIF(
        **weighing, kernel="rbf", alpha=0.1, gamma=1.0
    ).fit(Xs, ys),
    "classification, neighbours": lambda: NearestNeighborsWeighting(
        **weighing, n_neighbors=6
    ).fit(Xs, ys),
    "classification, LDM": lambda: LDM(**weighing).fit(Xs, ys),
    "classification, IWC": lambda: IWC(
        **weighing, classifier=LogisticRegression(C=0.1)
    ).fit(Xs, ys),
    "classification, balanced": lambda: BalancedWeighting(
        RidgeClassifier(0.0), gamma=0.5, Xt=few, yt=labels, random_state=0
    ).fit(Xs, ys),
    "classification, TrAdaBoost": lambda: TrAdaBoost(
        LogisticRegression(), n_estimators=3, lr=1.0, Xt=few, yt=labels
    ).fit(Xs, ys),
    "regression, TrAdaBoostR2": lambda: TrAdaBoostR2(
        Ridge(), n_estimators=3, Xt=r_few, yt=r_labels
    ).fit(RXs, Rys),
    "experiments, two stages": lambda: TwoStageTrAdaBoostR2(
        Ridge(), n_estimators=2, n_estimators_fs=2, cv=2
    ).fit(RXs, Rys, r_few, r_labels),
    "regression, LinInt": lambda: LinInt(LinearRegression(), prop=0.5).fit(
        RXs, Rys, r_few, r_labels
    ),
    "fidelities, linear": lambda: RegularTransferLR(line, lambda_=1.0).fit(
        r_few, r_labels
    ),
    "fidelities, classes": lambda: RegularTransferLC(
        source, Xt=few, yt=labels, lambda_=1.0
    ).fit(),
    "fidelities, process": lambda: RegularTransferGP(
        GaussianProcessRegressor().fit(RXs, Rys), lambda_=1.0
    ).fit(r_few, r_labels),
    "trees": lambda: TransferTreeClassifier(tree, algo="strut").fit(few, labels),
    "trees, expanded": lambda: TransferTreeClassifier(tree, algo="ser").fit(
        Xt=few, yt=labels
    ),
    "forests": lambda: TransferForestClassifier(forest, algo="relabel").fit(
        few, labels
    ),
}


@pytest.mark.parametrize("call", RUN.values(), ids=list(RUN))
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_calls_of_tutorials_run(call):
    model = call()
    rows, truth = (Xt, yt) if model.n_features_in_ == Xt.shape[1] else (RXt, Ryt)
    assert len(model.predict(rows)) == len(truth)
    assert np.isfinite(model.score(rows, truth))


def test_calls_on_fitted_models_run():
    model = KMM(LogisticRegression(), Xt=Xt, kernel="rbf", gamma=1.0).fit(Xs, ys)
    np.testing.assert_array_equal(model.predict_weights(), model.weights_)
    assert KLIEP(Xt=Xt).fit_weights(Xs, Xt).shape == (len(Xs),)
    assert CORAL().fit_transform(Xs, Xt=Xt).shape == Xs.shape
    boosted = TrAdaBoost(Xt=few, yt=labels, n_estimators=2).fit(Xs, ys)
    assert boosted.predict_weights(domain="src").shape == (len(Xs),)
    assert boosted.predict_weights(domain="tgt").shape == (len(few),)
    assert np.isfinite(reverse_validation(model, Xs, ys, Xt))
    assert clone(model).fit(Xs, ys).score(Xt, yt) == model.score(Xt, yt)


def test_the_search_of_a_tutorial_runs():
    scorer = make_uda_scorer(neg_j_score, Xs, Xt)
    search = GridSearchCV(
        KMM(LogisticRegression(), Xt=Xt, kernel="rbf", random_state=0, verbose=0),
        {"gamma": [0.1, 1.0]},
        scoring=scorer,
        return_train_score=True,
        cv=3,
        verbose=0,
    )
    search.fit(Xs, ys)
    assert np.isfinite(search.cv_results_["mean_train_score"]).all()


INSTEAD = {
    "parameters of the estimator": (
        lambda: CORAL(Ridge(), Xt=Xt, alpha=2.0),
        r"`CORAL\(Ridge\(alpha=\.\.\.\)\)`",
    ),
    "weights without sample_weight": (
        lambda: KMM(SourceModel(), Xt=Xt).fit(Xs, ys),
        "has no `sample_weight`",
    ),
    "a classifier of domains without probabilities": (
        lambda: IWC(LogisticRegression(), Xt=Xt, classifier=RidgeClassifier()).fit(
            Xs, ys
        ),
        r"`CalibratedClassifierCV\(RidgeClassifier\(\)\)`",
    ),
    "one class in the target": (
        lambda: PRED(RidgeClassifier(), Xt=Xt[:3], yt=[1, 1, 1]).fit(Xs, ys),
        "take `FA`",
    ),
    "two arrays in order": (lambda: CORAL().fit_transform(Xs, Xt), "as `Xt=Xt`"),
}


class SourceModel(RidgeClassifier):
    def fit(self, X, y):
        return super().fit(X, y)


@pytest.mark.parametrize("name", INSTEAD)
def test_other_calls_say_what_to_write(name):
    call, message = INSTEAD[name]
    with pytest.raises((TypeError, ValueError), match=message):
        call()
