"""Calls of deep methods as in the tutorials of ADAPT run, or say what to write here."""

import inspect

import keras
import numpy as np
import pytest

from adapt import feature_based, instance_based, parameter_based
from adapt.discovery import all_adapters
from adapt.feature_based import DANN
from adapt.imputation import ClueGAINImputer, GAINImputer
from adapt.parameter_based import FineTuning, FrozenFeatures
from adapt.utils import make_classification_da
from tests.test_adapt_calls import check_calls_that_do_not_fit

# Parameters of constructors in ADAPT 0.4.5.
TAIL = "copy verbose random_state loss optimizer metrics epochs batch_size callbacks"
PARAMETERS = {
    "DeepCORAL": "encoder task Xt lambda_ match_mean",
    "DANN": "encoder task discriminator Xt yt lambda_ optimizer_enc optimizer_disc",
    "ADDA": "encoder task discriminator Xt pretrain tol pretrain__epochs",
    "MCD": "encoder task Xt pretrain n_steps pretrain__epochs",
    "MDD": "encoder task Xt lambda_ gamma",
    "WDGRL": "encoder task discriminator Xt lambda_ gamma",
    "CDAN": "encoder task discriminator Xt yt lambda_ entropy max_features",
    "CCSA": "encoder task Xt yt margin gamma",
    "WANN": "task weighter Xt yt pretrain C",
    "RegularTransferNN": "task Xt yt lambdas regularizer",
    "FineTuning": "encoder task Xt yt training pretrain pretrain__epochs",
}
NONE_HERE = ("beta_1", "run_eagerly", "loss_weights", "val_sample_size", "shuffle")


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_of_adapt_are_there_or_explained(name):
    cls = next(
        getattr(family, name)
        for family in (feature_based, instance_based, parameter_based)
        if name in family.__all__
    )
    known = inspect.signature(cls).parameters
    for parameter in [*f"{PARAMETERS[name]} {TAIL}".split(), *NONE_HERE]:
        if parameter in known:
            continue
        with pytest.raises(TypeError, match=rf"{name}\(\) got .*Write .*ADAPT'"):
            cls(**{parameter: 1})
    for name_, method in [
        ("domains", "fit"),
        ("domain", "predict"),
        ("steps", "score"),
    ]:
        with pytest.raises(TypeError, match=rf"{name}\.{method}\(\) got .*Write "):
            getattr(cls(), method)([[0.0]], [0], **{name_: 1})


def test_the_calls_of_a_tutorial():
    Xs, ys, Xt, yt = make_classification_da(40)
    model = DANN(
        lambda_=0.1,
        Xt=Xt,
        loss="bce",
        optimizer=keras.optimizers.Adam(0.001),
        metrics=["acc"],
        random_state=0,
        verbose=0,
    )
    model.fit(Xs, ys, epochs=2, batch_size=40, verbose=0)
    assert len(model.history_["acc"]) == 2
    assert model.transform(Xt).shape[0] == model.predict_disc(Xt).shape[0] == len(Xt)
    assert np.isfinite(model.score(Xt, yt))
    for name in "compile", "evaluate", "save_weights", "unsupervised_score":
        with pytest.raises(AttributeError, match=f"`{name}` of ADAPT"):
            getattr(model, name)
    few, labels = Xt[::6], yt[::6]
    tuned = FineTuning(model.encoder_, model.task_, training=True, random_state=0)
    tuned.fit(few, labels, epochs=1, verbose=0)
    assert tuned.predict(Xt).shape == yt.shape


@pytest.mark.one_backend
def test_networks_of_two_inputs_are_refused():
    Xs, ys, Xt, _ = make_classification_da(20)
    inputs = [keras.Input((2,)), keras.Input((2,))]
    encoder = keras.Model(inputs, keras.layers.Concatenate()(inputs))
    with pytest.raises((TypeError, ValueError), match=r"`encoder`.*input"):
        DANN(encoder, epochs=1).fit(Xs, ys, Xt=Xt)


SHALLOW = {cls for _, cls in all_adapters(deep=False)}
DEEP = [
    *(cls for _, cls in all_adapters() if cls not in SHALLOW),
    ClueGAINImputer,
    GAINImputer,
    FrozenFeatures,
]


@pytest.mark.one_backend
@pytest.mark.parametrize("cls", DEEP, ids=lambda cls: cls.__name__)
def test_calls_that_do_not_fit_say_what_to_write(cls):
    check_calls_that_do_not_fit(cls, ["model"] if cls is FrozenFeatures else ())
