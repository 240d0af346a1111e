"""What users of Keras give to a deep method works, or is refused in its own words."""

import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest
from sklearn.base import clone

from adapt.deep import UpdateLambda
from adapt.discovery import all_adapters
from adapt.feature_based import CCSA, CORAL, DANN, SHOT, DeepSource
from adapt.instance_based import IWN, KMM, TrAdaBoost
from adapt.parameter_based import LinInt
from tests.common import shifted_classes

SHORT = {"epochs": 2, "random_state": 0}
Xs, ys, Xt, yt = shifted_classes(40, n_classes=3)


def task_losses(loss, **params):
    model = DeepSource(loss=loss, **SHORT, **params).fit(Xs, ys, Xt=Xt)
    return model.history_["task_loss"]


@pytest.mark.parametrize(
    "loss",
    [
        keras.losses.SparseCategoricalCrossentropy(),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        keras.losses.CategoricalCrossentropy(),
        keras.losses.CategoricalCrossentropy(from_logits=True),
        keras.losses.sparse_categorical_crossentropy,
        "sparse_categorical_crossentropy",
    ],
    ids=["sparse", "sparse logits", "full", "full logits", "function", "name"],
)
def test_cross_entropies_in_every_form_are_one(loss):
    # Keras clips probabilities, which costs little.
    np.testing.assert_allclose(task_losses(loss), task_losses(None), rtol=1e-4)


def test_sparse_loss_of_one_output():
    two = (ys > 0).astype(int)
    head = {"task": lambda: keras.Sequential([keras.layers.Dense(1)])}
    losses = [
        DeepSource(loss=loss, **head, **SHORT).fit(Xs, two, Xt=Xt).history_["task_loss"]
        for loss in (keras.losses.SparseCategoricalCrossentropy(), None)
    ]
    np.testing.assert_allclose(*losses, rtol=1e-4)


@pytest.mark.parametrize("metrics", ["acc", ["accuracy"], ("acc",)])
def test_metrics_need_no_list(metrics):
    model = DeepSource(metrics=metrics, **SHORT).fit(Xs, ys, Xt=Xt)
    assert {"acc", "accuracy"} & model.history_.keys()


def test_sparse_accuracy_is_the_accuracy():
    metrics = ["acc", keras.metrics.sparse_categorical_accuracy]
    history = DeepSource(metrics=metrics, **SHORT).fit(Xs, ys, Xt=Xt).history_
    assert history["acc"] == pytest.approx(history["sparse_categorical_accuracy"])


@pytest.mark.parametrize("metrics", [["AUC"], [keras.metrics.AUC()], ["nope"]], ids=str)
def test_metrics_that_are_none_are_named(metrics):
    with pytest.raises((TypeError, ValueError), match="`metrics`"):
        DeepSource(metrics=metrics, **SHORT).fit(Xs, ys, Xt=Xt)


class NoConfig(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.01


class Unregistered(keras.layers.Layer):
    def __init__(self, n):
        super().__init__()
        self.n = n

    def call(self, x):
        return x


def test_what_cannot_be_copied_is_named():
    optimizer = keras.optimizers.Adam(NoConfig())
    with pytest.raises(ValueError, match=r"`optimizer`.*`get_config`"):
        DeepSource(optimizer=optimizer, **SHORT).fit(Xs, ys, Xt=Xt)
    encoder = keras.Sequential([keras.Input((4,)), Unregistered(3)])
    for act in clone, lambda model: model.fit(Xs, ys, Xt=Xt):
        with pytest.raises(ValueError, match=r"`encoder`.*register_keras_serializable"):
            act(DANN(encoder, **SHORT))


def test_labels_of_the_target_are_spoken_of_where_none_are_needed():
    with pytest.warns(UserWarning, match=r"DANN was given 40 labels .*Leave `yt` out"):
        DANN(**SHORT).fit(Xs, ys, Xt, yt)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*labels of target rows")
        DANN(**SHORT).fit(Xs, ys, Xt, np.full(len(yt), -1))
        CCSA(**SHORT).fit(Xs, ys, Xt, yt)


def test_no_other_backend_is_imported():
    backend = keras.backend.backend()
    others = {"tensorflow", "jax", "torch"} - {backend}
    code = (
        "import keras, sys; before = set(sys.modules); "  # Keras itself imports some
        "import numpy as np; from sklearn.base import clone; "
        "from adapt.feature_based import DANN, SHOT; "
        "X = np.random.default_rng(0).normal(size=(20, 2)); y = X[:, 0] > 0; "
        "clone(SHOT(epochs=1)).fit(X, y, Xt=X); clone(DANN(epochs=1)).fit(X, y, Xt=X); "
        f"print(sorted((set(sys.modules) - before) & {others}))"
    )
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    found = out.strip().splitlines()[-1]
    assert found == "[]"


def test_networks_of_shot_survive_a_clone():
    model = SHOT(**SHORT).fit(Xs, ys, Xt=Xt)
    assert model.predict(Xt).shape == yt.shape
    clone(model).fit(Xs, ys, Xt=Xt)


@pytest.mark.parametrize("cls", [KMM, CORAL, TrAdaBoost, LinInt])
def test_a_model_inside_a_shallow_method_is_named(cls):
    network = keras.Sequential([keras.Input((4,)), Unregistered(3)])
    network.compile(loss="mse")
    with pytest.raises(ValueError, match=r"`estimator`.*register_keras_serializable"):
        clone(cls(network))


def test_iwn_takes_epochs_in_fit_and_keeps_its_own():
    model = IWN(epochs=3, pretrain=False, shrinkage=0, random_state=0)
    model.fit(Xs, ys, Xt=Xt, epochs=2, batch_size=20)
    assert len(model.history_["mmd"]) == 2
    assert (model.epochs, model.batch_size) == (3, 128)
    twin = clone(model).set_params(epochs=2, batch_size=20).fit(Xs, ys, Xt=Xt)
    np.testing.assert_allclose(model.weights_, twin.weights_, rtol=1e-5)


def test_arguments_that_are_none_are_named():
    with pytest.raises(ValueError, match="'validation_data' parameter of DANN"):
        DANN(validation_data=iter(()), **SHORT).fit(Xs, ys, Xt=Xt)
    message = r"DANN\.fit\(\) .*'class_weight'.*`sample_weight=compute_sample_weight"
    with pytest.raises(TypeError, match=message):
        DANN(**SHORT).fit(Xs, ys, Xt=Xt, class_weight={0: 2.0})


DEEP = [
    cls
    for _, cls in all_adapters()
    if cls.__module__.split(".")[-2] == "_deep" and "callbacks" in cls().get_params()
]
by_class = pytest.mark.parametrize("cls", DEEP, ids=lambda cls: cls.__name__)


@pytest.mark.one_backend
@by_class
def test_a_schedule_of_what_is_not_there_is_refused_before_any_work(cls):
    model = cls(callbacks=[UpdateLambda()])
    if "lambda_" in getattr(cls, "_scheduled", ()):
        pytest.skip("has a `lambda_`")
    before = vars(model).copy()
    with pytest.raises(ValueError, match=rf"{cls.__name__} has no `lambda_`"):
        model.fit(Xs, ys, Xt=Xt)
    assert vars(model) == before


@pytest.mark.one_backend
@by_class
def test_a_variable_is_no_schedule(cls):
    for name in getattr(cls, "_scheduled", ()):
        message = rf"'{name}' parameter of {cls.__name__} .*`{name}=UpdateLambda"
        with pytest.raises(TypeError, match=message):
            cls(**{name: keras.Variable(0.1)}).fit(Xs, ys, Xt=Xt)


@pytest.mark.one_backend
@by_class
def test_no_epochs_are_refused_before_any_work(cls):
    message = rf"'epochs' parameter of {cls.__name__}"
    for model, given in (cls(), {"epochs": 0}), (cls(epochs=0), {}):
        before = vars(model).copy()
        with pytest.raises(ValueError, match=message):
            model.fit(Xs, ys, Xt=Xt, yt=yt, **given)
        assert vars(model) == before
