"""FineTuning, and what it shares with RegularTransferNN."""

import copy
import inspect
import pickle
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import layers  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.linear_model import Ridge  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

from adapt.deep import _engine  # noqa: E402
from adapt.deep._labels import ClassLabels, NumberLabels  # noqa: E402
from adapt.feature_based import DANN  # noqa: E402
from adapt.parameter_based import (  # noqa: E402
    FineTuning,
    RegularTransferLR,
    RegularTransferNN,
)
from adapt.parameter_based._deep._anchor import accumulated, fisher_information  # noqa: E402
from adapt.parameter_based._deep._fine_tuning import block_numbers, layer_flags  # noqa: E402
from adapt.parameter_based._deep._freeze_out import last_epochs, rate_factors  # noqa: E402
from adapt.parameter_based._deep._heads import (  # noqa: E402
    match_labels,
    replace_head,
    split_model,
    with_columns,
)
from tests.common import shifted_classes  # noqa: E402
from tests.deep import reference  # noqa: E402
from tests.parameter_based.deep.common import LAYERS, SMALL, encoder, moved, task  # noqa: E402


@pytest.fixture(scope="module")
def domains():
    return shifted_classes(n=60, n_classes=3)


def test_the_call_of_the_paper_trains_a_new_head_alone():
    Xs, ys, Xt, _ = reference.whole_tables()
    given = reference.linear_network(3, 4)
    model = reference.published(FineTuning, encoder=given)
    model.set_params(epochs=2, random_state=0).fit(Xs, ys)
    for before, after in zip(
        given.get_weights(), model.encoder_.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(before, after)
    assert model.history_["loss"][1] < model.history_["loss"][0]
    z = reference.apply(given, Xt)
    np.testing.assert_allclose(model.transform(Xt), z, rtol=1e-4, atol=1e-5)


# What moves


def test_lists_of_layers():
    assert layer_flags(True, 3) == [True, True, True]
    assert layer_flags([True, False], 4) == [False, False, False, True]
    assert layer_flags([False, True, True, False], 2) == [True, False]
    assert block_numbers(5, None) == [0, 1, 2, 3, 4]
    assert block_numbers(5, 2) == [0, 0, 0, 1, 1]
    assert block_numbers(2, 9) == [0, 1]


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        (True, LAYERS),
        (False, []),
        ([True, False], ["high"]),  # from the last to the first
        ([False, False, True], ["low"]),
    ],
    ids=["all", "none", "last", "first"],
)
def test_training_names_the_layers_that_move(training, expected, domains):
    _, _, Xt, yt = domains
    given, head = encoder(), task()
    before = _engine.weights_of(given), _engine.weights_of(head)
    model = FineTuning(given, head, training=training, **SMALL).fit(Xt, yt)
    assert moved(model.encoder_, given, LAYERS) == expected
    assert moved(model.task_, head, ["head"]) == ["head"]
    # The networks that were given are as they were, and all layers can move again.
    for old, network in zip(before, (given, head), strict=True):
        for a, b in zip(old, _engine.weights_of(network), strict=True):
            np.testing.assert_array_equal(a, b)
    assert all(layer.trainable for layer in model.encoder_.layers)
    assert all(layer.trainable for layer in given.layers)


def test_frozen_batch_normalisation_keeps_the_statistics_of_the_source(domains):
    _, _, Xt, yt = domains
    given = encoder()
    shift = given.get_layer("norm").moving_mean
    shift.assign(np.full(8, 0.5))
    model = FineTuning(given, task(), training=[True, False], **SMALL).fit(5 * Xt, yt)
    weights = _engine.weights_of(model.encoder_.get_layer("norm"))
    np.testing.assert_array_equal(weights[2], np.full(8, 0.5, dtype=np.float32))
    # The loss of the first step is that of inference, too.
    first = FineTuning(
        given, task(), training=False, learning_rate=1e-9, epochs=1, batch_size=60
    ).fit(5 * Xt, yt)
    p = first.predict_proba(5 * Xt)[np.arange(60), yt]
    assert first.history_["loss"][0] == pytest.approx(-np.log(p).mean(), rel=1e-4)


@pytest.mark.one_backend
def test_pretraining_moves_the_head_alone(domains):
    _, _, Xt, yt = domains
    given = encoder()
    model = FineTuning(given, None, pretrain=True, pretrain_epochs=4, **SMALL)
    model.fit(Xt, yt)
    assert len(model.pretrain_history_["loss"]) == 4
    assert len(model.history_["loss"]) == 3
    alone = FineTuning(given, None, training=False, **{**SMALL, "epochs": 4})
    alone.fit(Xt, yt)
    np.testing.assert_allclose(
        model.pretrain_history_["loss"], alone.history_["loss"], rtol=1e-4
    )


@pytest.mark.one_backend
def test_layers_are_unfrozen_from_the_head_downwards(domains):
    _, _, Xt, yt = domains
    seen = []

    class Watcher(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            network = self.model.layers[1]
            seen.append(moved(network, given, LAYERS))

    given = encoder()
    model = FineTuning(given, task(), unfreeze_epochs=1, **{**SMALL, "epochs": 1})
    model.fit(Xt, yt, callbacks=[Watcher()])
    assert seen == [[], ["high"], ["norm", "high"], LAYERS]
    assert model.n_epochs_ == 4
    seen.clear()
    model.set_params(n_blocks=2).fit(Xt, yt, callbacks=[Watcher()])
    assert seen == [["high"], LAYERS]


def test_rates_of_freezing_blocks():
    assert last_epochs(0.8, 4, 100) == [51, 65, 81, 100]
    assert last_epochs(1.0, 3, 7) == [7, 7, 7]
    assert last_epochs(0.01, 2, 5) == [1, 5]
    ends, names = [4, 10], {"low": 0, "high": 1}
    rates = [rate_factors(epoch, ends, names) for epoch in range(10)]
    t = 2.5 / 10
    assert rates[2]["low"] == pytest.approx((1 + np.cos(np.pi * t / 0.4)) / 0.8)
    assert [rate["low"] for rate in rates[4:]] == [0] * 6
    for name in names:  # all go as far as each other: half of what constant rates do
        assert sum(rate[name] for rate in rates) == pytest.approx(5)


def test_blocks_are_frozen_one_after_the_other(domains):
    _, _, Xt, yt = domains
    seen = []

    class Watcher(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            networks = self.model.layers[1:]
            seen.append([copy.deepcopy(_engine.weights_of(v)) for v in networks])

    options = {**SMALL, "epochs": 6, "batch_size": 60, "optimizer": "sgd"}
    model = FineTuning(encoder(), task(), freeze_out=0.5, n_blocks=3, **options)
    before = _engine.COMPILED["epoch"]
    model.fit(Xt, yt, callbacks=[Watcher()])
    assert _engine.COMPILED["epoch"] - before <= 3
    ends = last_epochs(0.5, 3, 6)
    assert ends == [1, 3, 6]  # low and norm; high; the head
    assert model.n_epochs_ == len(model.history_["loss"]) == 6
    for part, i, end in (0, 0, 1), (0, 2, 1), (0, 6, 3), (1, 0, 6):
        values = [epoch[part][i] for epoch in seen]
        still = [np.array_equal(a, b) for a, b in pairwise(values)]
        assert still == [epoch + 1 >= end for epoch in range(5)], (part, i)
    # Statistics of a stage are estimated at its end.
    for epoch in seen[1:]:
        np.testing.assert_array_equal(epoch[0][4], seen[-1][0][4])


def test_lower_layers_learn_slower(domains):
    _, _, Xt, yt = domains
    given, head = encoder(), task()
    params = {"optimizer": "sgd", "learning_rate": 1e-3, "epochs": 1, "batch_size": 60}
    plain = FineTuning(given, head, **params).fit(Xt, yt)
    decayed = FineTuning(given, head, layer_decay=0.5, **params).fit(Xt, yt)

    def steps(model):
        networks = (model.encoder_, given), (model.task_, head)
        return [
            (
                _engine.weights_of(a.get_layer(n))[0]
                - _engine.weights_of(b.get_layer(n))[0]
            )
            for (a, b), names in zip(networks, (LAYERS, ["head"]), strict=True)
            for n in names
        ]

    # One step of gradient descent from the same weights: only the rates differ.
    for k, (a, b) in enumerate(zip(steps(decayed), steps(plain), strict=True)):
        np.testing.assert_allclose(a, b * 0.5 ** (3 - k), rtol=1e-2, atol=1e-7)


# Penalties


def linear(X, coef, intercept):
    network = keras.Sequential([keras.Input((X.shape[1],)), layers.Dense(1)])
    network.set_weights([coef[:, None], np.array([intercept])])
    return network


def test_l2_sp_is_the_closed_form_of_regular_transfer():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    source = Ridge().fit(rng.normal(size=(50, 3)), rng.normal(size=50))
    network = linear(X, source.coef_, source.intercept_)
    descent = {"optimizer": "sgd", "learning_rate": 0.05, "epochs": 300}
    # A mean of squares, and half of lambda: lambda * n / 2 in the sum of squares.
    exact = RegularTransferLR(source, lambda_=0.4 * 40 / 2).fit(X, y)
    model = FineTuning(
        model=network, penalty="l2-sp", lambda_=0.4, batch_size=40, **descent
    )
    found = model.fit(X, y).predict(X)
    np.testing.assert_allclose(found, exact.predict(X), atol=1e-4)
    nn = RegularTransferNN(network, lambdas=0.2, batch_size=40, **descent).fit(X, y)
    np.testing.assert_allclose(nn.predict(X), exact.predict(X), atol=1e-4)


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_fisher_information_of_a_linear_model(kind):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 2)).astype(np.float32)
    coef = np.array([0.8, -0.5])
    network = linear(X, coef, 0.3)
    if kind == "classes":
        labels = ClassLabels(np.arange(2), None)
        labels.fit_outputs((1,), False)
        p = 1 / (1 + np.exp(-(X @ coef + 0.3)))
        weight = p * (1 - p)
    else:
        labels, weight = NumberLabels(X[:, 0], None), np.ones(1000)
    identity, whole = split_model(network, (2,))
    found = fisher_information(identity, whole, labels, X, np.random.RandomState(0))
    # E (d log p)^2 = x^2 p (1 - p), and x^2 where the variance is 1; labels are drawn.
    expected = [np.mean(weight * X[:, 0] ** 2), np.mean(weight * X[:, 1] ** 2)]
    np.testing.assert_allclose(found[0][:, 0], expected, rtol=0.2)
    np.testing.assert_allclose(found[1], [weight.mean()], rtol=0.2)
    # Another network of this structure, on fewer rows, compiles nothing.
    before = _engine.COMPILED["epoch"]
    other = split_model(linear(X, -coef, -0.3), (2,))
    again = fisher_information(*other, labels, X[:500], np.random.RandomState(0))
    assert _engine.COMPILED["epoch"] == before
    np.testing.assert_allclose(again[0][:, 0], expected, rtol=0.3)


@pytest.mark.one_backend
@pytest.mark.parametrize("penalty", ["l2-sp", "ewc"])
def test_limits_of_the_penalty(penalty, domains):
    Xs, _, Xt, yt = domains
    networks = encoder(), task()
    free = FineTuning(*networks, **SMALL).fit(Xt, yt)
    zero = FineTuning(*networks, penalty=penalty, lambda_=0.0, **SMALL).fit(Xt, yt)
    np.testing.assert_allclose(zero.predict_task(Xs), free.predict_task(Xs), atol=1e-5)
    held = FineTuning(*networks, penalty=penalty, lambda_=np.inf, **SMALL).fit(Xt, yt)
    for given, found in zip(networks, (held.encoder_, held.task_), strict=True):
        for a, b in zip(
            _engine.weights_of(given), _engine.weights_of(found), strict=True
        ):
            np.testing.assert_array_equal(a, b)
    far = {
        value: _distance(networks, penalty, value, Xt, yt) for value in (0.0, 1.0, 1e3)
    }
    assert far[0.0] > far[1.0] > far[1e3]


def _distance(networks, penalty, lambda_, X, y):
    params = {**SMALL, "epochs": 40, "optimizer": "sgd", "learning_rate": 1e-3}
    model = FineTuning(
        *networks, penalty=penalty, lambda_=lambda_, training=[True, False], **params
    )
    model.fit(X, y)
    pairs = zip(
        [*networks[0].get_layer("high").weights, *networks[1].weights],
        [*model.encoder_.get_layer("high").weights, *model.task_.weights],
        strict=True,
    )
    return sum(
        np.square(_engine.to_numpy(a.value) - _engine.to_numpy(b.value)).sum()
        for a, b in pairs
    )


# Ways in


@pytest.mark.one_backend
def test_ways_in_agree(domains):
    Xs, ys, Xt, yt = domains
    few = np.where(np.arange(60) < 20, yt, -1)
    both = FineTuning(**SMALL).fit(Xs, ys, Xt, few)
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, few])
    domain = np.repeat([0, -1], 60)
    table = FineTuning(**SMALL).fit(X, y, sample_domain=domain)
    stored = FineTuning(Xt=Xt, yt=few, **SMALL).fit(Xs, ys)
    expected = both.predict_proba(Xt)
    for model in table, stored:
        np.testing.assert_allclose(model.predict_proba(Xt), expected, atol=1e-6)
    source = both.source_
    by_hand = FineTuning(source.encoder_, source.task_, **SMALL).fit(Xt[:20], yt[:20])
    adapter = clone(FineTuning(model=source, **SMALL)).fit(Xt[:20], yt[:20])
    np.testing.assert_array_equal(by_hand.predict_proba(Xt), adapter.predict_proba(Xt))
    assert source.score(Xs, ys) > 0.5
    alone = FineTuning(Xt=Xt[:20], yt=yt[:20], model=source, **SMALL).fit()
    np.testing.assert_array_equal(alone.predict_proba(Xt), adapter.predict_proba(Xt))


@pytest.mark.one_backend
def test_source_epochs(domains):
    Xs, ys, Xt, yt = domains
    given = encoder()
    params = {**SMALL, "source_epochs": 1}
    model = FineTuning(given, task(), **params).fit(Xs, ys, Xt, yt)
    assert model.source_.n_epochs_ == 1
    assert model.n_epochs_ == 3
    trained = FineTuning(given, task(), **{**params, "source_epochs": 0})
    trained.fit(Xs, ys, Xt, yt)
    assert not hasattr(trained, "source_")
    plain = FineTuning(given, task(), **SMALL).fit(Xt, yt)
    np.testing.assert_array_equal(trained.predict_proba(Xt), plain.predict_proba(Xt))


@pytest.mark.one_backend
def test_deep_adapter_as_source_model(domains):
    Xs, ys, Xt, yt = domains
    names = np.array(["a", "b", "c"])
    fitted = DANN(**SMALL).fit(Xs, names[ys], Xt=Xt)
    before = fitted.predict_task(Xt)
    model = FineTuning(model=fitted, **SMALL).fit(Xt[:9], names[yt[:9] % 2])
    assert model.classes_.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(fitted.predict_task(Xt), before)
    nested = FineTuning(model=DANN(**SMALL), **SMALL).fit(Xs, names[ys], Xt, names[yt])
    np.testing.assert_array_equal(nested.source_.predict_task(Xt), before)
    with pytest.raises(ValueError, match="is not fitted"):
        FineTuning(model=DANN(), **SMALL).fit(Xt, yt)


@keras.saving.register_keras_serializable("adapt_tests")
class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Dense(5, "relu")
        self.last = layers.Dense(3)

    def call(self, x):
        return self.last(self.first(x))


def whole_models():
    inputs = keras.Input((4,))
    hidden = layers.Dense(5, "relu")(inputs)
    skip = layers.Concatenate()([inputs, hidden])
    return {
        "functional": keras.Model(inputs, layers.Dense(3)(skip)),
        "softmax": keras.Model(inputs, layers.Softmax()(layers.Dense(3)(hidden))),
        "sequential": keras.Sequential([*encoder().layers, *task().layers]),
        "nested": keras.Sequential([keras.Input((4,)), encoder(), task()]),
        "one layer": keras.Sequential([keras.Input((4,)), layers.Dense(3)]),
        "subclassed": Subclassed(),
    }


@pytest.mark.one_backend
@pytest.mark.parametrize("kind", list(whole_models()))
def test_whole_models(kind, domains):
    _, _, Xt, yt = domains
    given = whole_models()[kind]
    expected = _engine.to_numpy(given(Xt.astype("float32"), training=False))
    still = FineTuning(model=given, penalty="l2-sp", lambda_=np.inf).fit(Xt, yt)
    np.testing.assert_allclose(still.predict_task(Xt), expected, atol=1e-5)
    model = FineTuning(model=given, **SMALL).fit(Xt, yt)
    assert np.abs(model.predict_task(Xt) - expected).max() > 1e-4
    after = _engine.to_numpy(given(Xt.astype("float32"), training=False))
    np.testing.assert_array_equal(after, expected)


@pytest.mark.one_backend
def test_builders_and_copy(domains):
    _, _, Xt, yt = domains
    build = partial(encoder, 3)
    built = FineTuning(build, task, **SMALL).fit(Xt, yt)
    given = FineTuning(build(), task(), **SMALL).fit(Xt, yt)
    np.testing.assert_allclose(
        built.predict_proba(Xt), given.predict_proba(Xt), atol=1e-6
    )
    network = encoder()
    own = FineTuning(network, task(), copy=False, **SMALL).fit(Xt, yt)
    assert own.encoder_ is network


# Labels and heads


def test_columns_of_a_new_head():
    match = partial(match_labels, loss=None)
    y = np.array([0, 2, 1])
    assert match(y, known=None, n_outputs=3).columns is None
    # Integers below the number of outputs are numbers of outputs.
    matched = match(np.array([0, 2]), known=None, n_outputs=5)
    assert matched.labels.classes.tolist() == [0, 1, 2, 3, 4]
    assert match(np.array([3, 7]), known=None, n_outputs=2).columns is None
    assert match(y, known=None, n_outputs=1).columns.tolist() == [-1, -1, -1]
    assert match(y[:2] // 2, known=None, n_outputs=1).columns is None
    known = np.array([5, 6])
    matched = match(np.array([6, 4]), known=known, n_outputs=2)
    assert matched.labels.classes.tolist() == [4, 5, 6]
    assert matched.columns.tolist() == [-1, 0, 1]
    assert match(np.array([1, 2]), known=known, n_outputs=2).columns.tolist() == [
        -1,
        -1,
    ]
    assert match(np.array([1, 2]), known=False, n_outputs=1).labels.classes is None
    with pytest.raises(ValueError, match="strings or both as numbers"):
        match(np.array(["a", "b"]), known=known, n_outputs=2)
    with pytest.raises(ValueError, match="`classes` has 2 labels"):
        match(y, known=known, n_outputs=3)
    with pytest.raises(ValueError, match="of one class only"):
        match(np.array(["a", "a"]), known=None, n_outputs=3)


def test_with_columns():
    array, fill = np.arange(6.0).reshape(2, 3), np.full((2, 4), 9.0)
    found = with_columns(array, np.array([2, -1, 0, 1]), fill)
    np.testing.assert_array_equal(found, [[2, 9, 0, 1], [5, 9, 3, 4]])
    odds = with_columns(np.array([[3.0]]), np.array([0, 1, -1]), np.full((1, 3), 9.0))
    np.testing.assert_array_equal(odds, [[0, 3, 9]])


@pytest.mark.parametrize("activation", [None, "softmax"])
def test_a_replaced_head_keeps_the_odds_of_known_classes(activation):
    head = task(3, activation)
    columns = np.array([2, -1, 0, 1])
    new, recipe, places = replace_head(head, columns, False, np.random.RandomState(0))
    assert new.output_shape == (None, 4)
    assert places == (0, 1)
    assert recipe.make().output_shape == (None, 4)
    z = np.random.default_rng(0).normal(size=(5, 6)).astype("float32")
    old, found = (_engine.to_numpy(n(z, training=False)) for n in (head, new))
    if activation == "softmax":
        old, found = np.log(old), np.log(found)
    np.testing.assert_allclose(
        found[:, [2, 3]] - found[:, [0]], old[:, [0, 1]] - old[:, [2]], atol=1e-4
    )


@pytest.mark.one_backend
def test_classes_of_the_target(domains):
    Xs, ys, Xt, yt = domains
    names = np.array(["a", "b", "c", "d"])
    source = FineTuning(**SMALL).fit(Xs, names[ys])
    tune = FineTuning(model=source, **SMALL)
    fewer = tune.fit(Xt[:9], names[yt[:9] % 2])
    assert fewer.classes_.tolist() == ["a", "b", "c"]
    more = tune.fit(Xt, names[yt + 1])
    assert more.classes_.tolist() == ["a", "b", "c", "d"]
    others = tune.fit(Xt, np.array(["x", "y", "z"])[yt])
    assert others.classes_.tolist() == ["x", "y", "z"]
    assert set(others.predict(Xt)) <= {"x", "y", "z"}
    with pytest.raises(ValueError, match="strings or both as numbers"):
        tune.fit(Xt, yt)
    # Without words on the classes, a head of another size is a new one.
    bare = FineTuning(encoder(), task(5), **SMALL).fit(Xt, names[yt])
    assert bare.classes_.tolist() == ["a", "b", "c"]
    assert bare.task_.output_shape == (None, 3)
    named = FineTuning(encoder(), task(4), classes=names, **SMALL).fit(Xt, names[yt])
    assert named.classes_.tolist() == names.tolist()


@pytest.mark.one_backend
@pytest.mark.parametrize("penalty", [None, "l2-sp", "ewc"])
def test_binary_head_becomes_a_softmax(penalty, domains):
    _, _, Xt, yt = domains
    model = FineTuning(
        encoder(), task(1, "sigmoid"), classes=[0, 1], penalty=penalty, **SMALL
    )
    model.fit(Xt, yt)
    assert model.task_.output_shape == (None, 3)
    np.testing.assert_allclose(model.predict_task(Xt).sum(axis=1), 1, atol=1e-5)


@pytest.mark.one_backend
def test_penalties_of_stages_are_one(domains):
    """Sums of squares about several optima are one, up to a constant."""
    rng = np.random.default_rng(0)
    stages = [
        ([rng.normal(size=(3, 2))], [rng.uniform(size=(3, 2)) * [1, 0]])
        for _ in range(3)
    ]
    held = None
    for weights, information in stages:
        held = accumulated(held, weights, information)

    def penalty(w):
        return sum(np.sum(f[0] * (w - w0[0]) ** 2) for w0, f in stages)

    def of_held(w):
        return np.sum(held.hold[0] * (w - held.optimum[0]) ** 2)

    a, b = rng.normal(size=(2, 3, 2))
    assert penalty(a) - penalty(b) == pytest.approx(of_held(a) - of_held(b))
    np.testing.assert_array_equal(held.optimum[0][:, 1], stages[-1][0][0][:, 1])


@pytest.mark.one_backend
def test_consolidation_over_stages(domains):
    Xs, ys, Xt, yt = domains
    first = FineTuning(**SMALL).fit(Xs, ys)
    before = first.predict_proba(Xt)
    assert first.consolidate(Xs) is first
    np.testing.assert_array_equal(first.predict_proba(Xt), before)
    one = [array.copy() for array in first.consolidated_.hold]
    assert sum(array.sum() for array in one) > 0
    firm = FineTuning(model=first, penalty="ewc", lambda_=1e9, **SMALL)
    firm.set_params(optimizer="sgd", learning_rate=1e-12).fit(Xt, yt)
    np.testing.assert_allclose(firm.predict_proba(Xt), before, atol=1e-3)
    second = FineTuning(model=first, penalty="ewc", **SMALL).fit(Xt, yt)
    for found, expected in zip(second.consolidated_.hold, one, strict=True):
        np.testing.assert_array_equal(found, expected)
    second.consolidate(Xt)
    for found, least in zip(second.consolidated_.hold, one, strict=True):
        assert np.all(found >= least)
    copy = pickle.loads(pickle.dumps(second))
    third = FineTuning(model=copy, penalty="ewc", **SMALL)
    labels = np.where(np.arange(len(Xt)) % 2, yt.max() + 1, yt)  # a class more
    third.fit(Xt, labels).consolidate(Xt)
    shapes = [w.shape for w in [*third.encoder_.weights, *third.task_.weights]]
    assert [array.shape for array in third.consolidated_.optimum] == shapes
    plain = FineTuning(model=second, **SMALL).fit(Xt, yt)
    assert "consolidated_" not in vars(plain)


@pytest.mark.one_backend
def test_numbers(domains):
    Xs, _, Xt, _ = domains
    ys, yt = Xs @ [1.0, 2.0, 0.0, -1.0], Xt @ [1.0, 2.0, 0.0, -1.0] + 1
    params = {**SMALL, "epochs": 40, "learning_rate": 0.01}
    model = FineTuning(**params).fit(Xs, ys, Xt[:40], yt[:40])
    assert model.score(Xt[40:], yt[40:]) > 0.8
    assert model.predict(Xt).shape == (60,)
    # Integers go on as numbers where the source has numbers.
    again = FineTuning(model=model, **SMALL).fit(Xt, np.rint(yt).astype(int))
    assert again.predict(Xt).dtype == float
    ewc = FineTuning(model=model, penalty="ewc", **SMALL).fit(Xt, yt)
    assert np.isfinite(ewc.predict(Xt)).all()
    two = FineTuning(model=model, **SMALL).fit(Xt, np.column_stack([yt, -yt]))
    assert two.predict(Xt).shape == (60, 2)
    with pytest.raises(ValueError, match="predicts numbers"):
        FineTuning(model=model, **SMALL).fit(Xt, np.array(["a", "b", "c"])[[0, 1] * 30])


# As an estimator


@pytest.mark.one_backend
def test_patience_keeps_the_best_weights(domains):
    _, _, Xt, yt = domains
    model = FineTuning(
        encoder(), task(), patience=2, validation_split=0.3, learning_rate=0.05,
        **{**SMALL, "epochs": 200},
    )  # fmt: skip
    model.fit(Xt, np.random.default_rng(0).permutation(yt))
    losses = model.history_["val_loss"]
    assert len(losses) < 200
    best = int(np.argmin(losses))
    assert len(losses) == best + 3
    short = clone(model).set_params(patience=None, epochs=best + 1)
    short.fit(Xt, np.random.default_rng(0).permutation(yt))
    np.testing.assert_allclose(
        model.predict_proba(Xt), short.predict_proba(Xt), atol=1e-5
    )
    with pytest.raises(ValueError, match="`patience`=2 stops by the loss"):
        model.set_params(validation_split=0.0).fit(Xt, yt)


@pytest.mark.parametrize("method", [FineTuning, RegularTransferNN])
def test_pickle_clone_search_and_pipeline(method, domains):
    Xs, ys, Xt, yt = domains
    model = method(**SMALL).fit(Xs, ys, Xt, yt)
    expected = model.predict_proba(Xt)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(again.predict_proba(Xt), expected, atol=1e-6)
    twin = clone(model).fit(Xs, ys, Xt, yt)
    np.testing.assert_allclose(twin.predict_proba(Xt), expected, atol=1e-6)
    pipe = make_pipeline(
        StandardScaler(),
        method(model.task_ if method is RegularTransferNN else model.encoder_, **SMALL),
    )
    pipe.fit(Xt, yt)
    assert pipe.predict(Xt).shape == (60,)
    grid = {"learning_rate": [1e-3, 1e-2]}
    search = GridSearchCV(method(**SMALL), grid, cv=2, error_score="raise")
    assert np.isfinite(search.fit(Xt, yt).best_score_)


@pytest.mark.skipif(_engine.BACKEND == "torch", reason="runs without compiling")
def test_a_search_over_lambda_and_rates_compiles_once(domains):
    _, _, Xt, yt = domains
    # A batch size of its own, so that no other test has compiled this.
    model = FineTuning(encoder(), task(), penalty="l2-sp", layer_decay=0.9, epochs=2)
    model.set_params(batch_size=17, random_state=0)
    before = _engine.COMPILED["epoch"]
    for lambda_ in 0.1, 1.0, 10.0:
        for decay in 0.4, 0.6:
            model.set_params(lambda_=lambda_, layer_decay=decay).fit(Xt, yt)
    assert _engine.COMPILED["epoch"] - before <= 2


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"model": "dann", "encoder": encoder}, "given twice"),
        ({"encoder": encoder, "penalty": "ewc"}, "takes a source model with a head"),
        ({"penalty": "l3"}, "'penalty' parameter"),
        ({"training": "all"}, "'training' parameter"),
        ({"layer_decay": 0.0}, "'layer_decay' parameter"),
    ],
)
def test_errors(params, message, domains):
    _, _, Xt, yt = domains
    if params.get("model") == "dann":
        params = {**params, "model": DANN()}
    with pytest.raises(ValueError, match=message):
        FineTuning(**params).fit(Xt, yt)


@pytest.mark.parametrize(
    ("method", "names"),
    [
        (FineTuning, "encoder task Xt yt training pretrain copy verbose random_state"),
        (RegularTransferNN, "task Xt yt lambdas regularizer copy verbose"),
    ],
)
def test_parameters_of_adapt_in_their_order(method, names):
    names = names.split()
    assert list(inspect.signature(method).parameters)[: len(names)] == names


@pytest.mark.one_backend
def test_bad_lambdas_and_missing_labels(domains):
    Xs, ys, Xt, _ = domains
    with pytest.raises(ValueError, match="`lambdas` must be"):
        RegularTransferNN(lambdas=["a"], **SMALL).fit(Xs, ys)
    with pytest.raises(ValueError, match="needs the labels of some target rows"):
        FineTuning(**SMALL).fit(Xs, ys, Xt=Xt)
    with pytest.raises(ValueError, match="trains the networks on the source first"):
        FineTuning(**SMALL).fit(Xs, Xt=Xt, yt=ys)


# What it is good for


@pytest.mark.one_backend
@pytest.mark.slow
def test_ewc_keeps_the_old_task():
    """Digits 0 to 4, then 5 to 9 with the same five labels and the same head."""
    from adapt.datasets import load_digits

    X, y, domain = load_digits(return_X_y=True)
    X, y = X[domain < 0] / 16, y[domain < 0]
    order = np.random.default_rng(0).permutation(len(X))
    X, y = X[order], y[order]
    tasks = [(X[rows], y[rows] % 5) for rows in (y < 5, y >= 5)]
    (X_old, y_old), (X_new, y_new) = [(X[:600], y[:600]) for X, y in tasks]
    held_out = [(X[600:], y[600:]) for X, y in tasks]

    wide = layers.Dense(256, "relu"), layers.Dense(256, "relu")
    source = FineTuning(keras.Sequential(wide), epochs=20, random_state=0)
    source.fit(X_old, y_old)
    assert source.score(*held_out[0]) > 0.95
    descent = {"optimizer": "sgd", "learning_rate": 0.02, "epochs": 150}
    plain = FineTuning(model=source, source_epochs=0, random_state=0, **descent)
    ewc = clone(plain).set_params(penalty="ewc", lambda_=3000.0)
    plain, ewc = (
        [model.fit(X_old, y_old, X_new, y_new).score(*task) for task in held_out]
        for model in (plain, ewc)
    )
    assert ewc[0] - plain[0] >= 0.35
    assert plain[1] - ewc[1] <= 0.08
