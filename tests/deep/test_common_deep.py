"""What every deep method keeps: the contracts of `docs/development/contracts.rst`.

Tests of one method stand together, because they share what was compiled.
"""

import inspect
import pickle

import numpy as np
import pandas as pd
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import layers  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402

from adapt.deep import DeepAdapter, _engine  # noqa: E402
from adapt.discovery import all_adapters  # noqa: E402
from tests.deep.reference import SMALL, settings  # noqa: E402
from tests.deep.test_deep_properties import check_one_case, draw_faults  # noqa: E402

# Deep methods of the other families have tests of their own.
METHODS = {
    name: cls
    for name, cls in all_adapters("feature_based")
    if issubclass(cls, DeepAdapter)
}

# The losses of two epochs, as the backends gave them when they agreed.
REFERENCE = {
    "ADDA": [2.1665311, 2.1781464],
    "AdaBN": [1.1045814, 0.67269],
    "BNM": [0.5142269, 0.4551325],
    "CCSA": [0.8163782, 0.7363027],
    "CDAN": [2.0613089, 1.9901732],
    "CoDATS": [2.0744109, 1.9963782],
    "DAN": [0.827379, 0.7822822],
    "DANN": [2.0744109, 1.9963782],
    "DIRTT": [0.6573176, 0.6375615],
    "DeepCORAL": [0.7072561, 0.6569389],
    "DeepJDOT": [1.5178183, 1.4226503],
    "DeepSelfTraining": [0.6791527, 0.8617733],
    "DeepSource": [0.7072338, 0.6569136],
    "JAN": [0.8775706, 0.842897],
    "MCC": [1.2066944, 1.1556077],
    "MCD": [2.3661866, 2.0959263],
    "MDD": [4.1364698, 4.0884013],
    "SHOT": [0.1457552, 0.1310841],
    "Tent": [0.4804808],
    "VADA": [2.1427293, 2.0688994],
    "WDGRL": [0.618322, 0.381555],
}


@pytest.fixture(scope="module", params=sorted(METHODS))
def cls(request):
    return METHODS[request.param]


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(0)
    Xs = rng.normal(size=(60, 3))
    Xt = Xs[:40] * 1.5 + 0.3
    few = np.where(np.arange(40) < 12, Xs[:40, 0] > 0, np.nan)
    return Xs, (Xs[:, 0] > 0).astype(int), Xt, few


def fit(cls, tables, *, labelled=False, sample_weight=None, **params):
    """Return a fitted model; target labels are given where they are asked for."""
    Xs, ys, Xt, few = tables
    yt = few if labelled or cls._target_labels == "required" else None
    model = cls(**{**settings(cls), **params})
    return model.fit(Xs, ys, Xt=Xt, yt=yt, sample_weight=sample_weight)


@pytest.fixture(scope="module")
def fitted(cls, tables):
    return fit(cls, tables)


def test_losses_agree_across_backends(cls, fitted):
    expected = REFERENCE[cls.__name__]
    found = fitted.history_["loss"][: len(expected)]
    # The penalty of WDGRL jumps where rounding takes a row over a hinge of the critic:
    # in float64 all backends have 0.381489.
    rtol = 5e-4 if cls.__name__ == "WDGRL" else 1e-5
    np.testing.assert_allclose(found, expected, rtol=rtol)


# What users do


def test_clone_pickle_and_refit(cls, fitted, tables):
    Xt = tables[2]
    p = fitted.predict_proba(Xt)
    assert fitted.predict(Xt).shape == (40,)
    assert fitted.transform(Xt).shape == (40, 64)
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.predict_proba(Xt), p)
    twin = clone(fitted)
    assert not hasattr(twin, "history_")
    assert twin.get_params().keys() == set(inspect.signature(cls).parameters)
    yt = tables[3] if cls._target_labels == "required" else None
    for model in (twin, loaded):  # the second fit of a model starts afresh
        model.fit(*tables[:2], Xt=Xt, yt=yt)
        np.testing.assert_array_equal(model.predict_proba(Xt), p)


def test_strings_frames_and_one_table(cls, fitted, tables):
    Xs, ys, Xt, few = tables
    p = fitted.predict_proba(Xt)
    names = np.array(["no", "yes"])
    frames = [pd.DataFrame(X, columns=list("abc")) for X in (Xs, Xt)]
    given = few
    if cls._target_labels == "required":
        given = np.array([None if np.isnan(v) else names[int(v)] for v in few])
    told = fit(cls, (frames[0], names[ys], frames[1], given))
    np.testing.assert_array_equal(told.predict_proba(frames[1]), p)
    assert set(told.predict(frames[1])) <= set(names)
    # Integers are classes; NaN beside them would make them floats, which are numbers.
    y = np.concatenate([ys, np.where(np.isnan(few), -1, few).astype(int)])
    domain = np.repeat([0, -1], [60, 40])
    table = cls(**settings(cls)).fit(np.concatenate([Xs, Xt]), y, sample_domain=domain)
    np.testing.assert_array_equal(table.predict_proba(Xt), p)


def test_source_weights(cls, fitted, tables):
    Xt = tables[2]
    even = fit(cls, tables, sample_weight=np.full(60, 3.0))
    np.testing.assert_allclose(
        even.predict_proba(Xt), fitted.predict_proba(Xt), rtol=1e-4
    )
    uneven = fit(cls, tables, sample_weight=np.linspace(0, 1, 60))
    assert np.abs(uneven.predict_proba(Xt) - fitted.predict_proba(Xt)).max() > 1e-4


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_any_input_means_one_thing(cls):
    check_one_case(cls)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_a_fault_is_refused_by_its_name(cls):
    draw_faults(cls)


def _small_convolutional():
    """Return an encoder that compiles faster than the default one does."""
    flow = [layers.Conv1D(4, 3), layers.BatchNormalization(), layers.ReLU()]
    return keras.Sequential([*flow, layers.GlobalAveragePooling1D()])


def test_series_with_all_that_is_odd(cls):
    """Few rows, batches larger than a domain, three classes, some target labels.

    A part is held out and scored.
    """
    rng = np.random.default_rng(0)
    y = np.arange(45) % 3
    waves = np.sin(np.linspace(0, 6, 16) * (1 + y[:, None]))[..., None]
    X = (waves + 0.1 * rng.normal(size=(45, 16, 2))).astype("float32")
    few = np.where(np.arange(9) < 3, y[:9], -1)
    held_out = {"validation_split": 0.2, "metrics": ["accuracy"]}
    params = {**SMALL, "batch_size": 32, "encoder": _small_convolutional}
    model = cls(**params, **held_out).fit(X, y, Xt=X[:9] + 0.1, yt=few)
    assert np.isfinite(model.history_["loss"]).all()
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-5)
    assert (model.predict_proba(X).std(axis=0) > 0).all()
    # Methods without a source watch the model that they train first.
    history = getattr(model, "source_", model).history_
    assert len(history["val_loss"]) == len(history["loss"])
    assert 0 <= history["val_target_entropy"][-1] <= np.log(3)
    assert 0 <= history["val_target_information"][-1] <= np.log(3)


@pytest.mark.one_backend
def test_numbers_are_served_or_refused(cls, tables):
    Xs, _, Xt, few = tables
    if cls._classes_only:
        with pytest.raises(ValueError, match=f"{cls.__name__} is a method for classes"):
            fit(cls, (Xs, Xs[:, 0], Xt, few))
        return
    model = fit(cls, (Xs, Xs[:, 0] * 2.5, Xt, few + 0.5))
    assert model.predict(Xt).shape == (40,)
    assert np.isfinite(model.score(Xt, Xt[:, 0]))
    assert not hasattr(model, "predict_proba")


def test_shared_parameters_are_those_of_the_base(cls):
    shared = inspect.signature(DeepAdapter).parameters
    own = inspect.signature(cls).parameters
    missing = set(shared) - set(own) - {"lambda_"}
    assert not missing
    for name, parameter in shared.items():
        if parameter.kind is parameter.KEYWORD_ONLY:
            assert own[name].default == parameter.default, name
            assert own[name].kind is parameter.kind, name


# First parameters of the methods of ADAPT 0.4.5, as they can be given by position.
ADAPT_PARAMETERS = {
    "ADDA": "encoder task discriminator Xt pretrain tol",
    "CCSA": "encoder task Xt yt margin gamma",
    "CDAN": "encoder task discriminator Xt yt lambda_ entropy max_features",
    "DANN": "encoder task discriminator Xt yt lambda_",
    "DeepCORAL": "encoder task Xt lambda_ match_mean",
    "MCD": "encoder task Xt pretrain n_steps",
    "MDD": "encoder task Xt lambda_ gamma",
    "WDGRL": "encoder task discriminator Xt lambda_ gamma",
}


@pytest.mark.parametrize("name", ADAPT_PARAMETERS)
def test_parameters_of_adapt_in_their_order(name):
    expected = ADAPT_PARAMETERS[name].split()
    found = list(inspect.signature(METHODS[name]).parameters)
    assert found[: len(expected)] == expected


@pytest.mark.slow
@pytest.mark.skipif(_engine.BACKEND != "torch", reason="workers would compile it all")
def test_a_search_in_two_processes(cls, tables):
    Xs, ys, Xt, few = tables
    yt = few if cls._target_labels == "required" else None
    model = cls(Xt=Xt, yt=yt, random_state=0, batch_size=16, loss="crossentropy")
    search = GridSearchCV(model, {"epochs": [1, 2]}, cv=2, n_jobs=2).fit(Xs, ys)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
