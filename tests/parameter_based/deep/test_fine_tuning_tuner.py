"""`FineTuning` with a tuner, and other deep methods on a tuned encoder."""

import pickle

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from sklearn.base import clone  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402

from adapt.deep import _engine  # noqa: E402
from adapt.feature_based import DANN, SHOT, DeepCORAL  # noqa: E402
from adapt.parameter_based import FineTuning  # noqa: E402
from adapt.parameter_based.tuners import (  # noqa: E402
    SHERL,
    SWR,
    VQT,
    Adapters,
    BitFit,
    Both,
    Compacter,
    Ladder,
    LoRA,
    R2Tuning,
    SingleLayer,
    Tuned,
    UniPT,
    tuned,
)
from tests.common import shifted_classes  # noqa: E402
from tests.parameter_based.deep.common import SMALL, encoder, task  # noqa: E402
from tests.parameter_based.deep.tuner_networks import (  # noqa: E402
    TUNERS,
    made,
    transformer,
)


@pytest.fixture(scope="module")
def domains():
    return shifted_classes(n=60, n_classes=3)


def same(network, other):
    pairs = zip(_engine.weights_of(network), _engine.weights_of(other), strict=True)
    return all(np.array_equal(*pair) for pair in pairs)


def test_the_tuner_and_the_head_are_trained(domains):
    _, _, Xt, yt = domains
    given, head = encoder(), task()
    model = FineTuning(given, head, tuner=LoRA(2), **SMALL).fit(Xt, yt)
    assert isinstance(model.encoder_, Tuned)
    assert same(model.encoder_.base, given)
    assert not same(model.task_, head)
    assert all(np.abs(w).any() for w in map(np.array, _trained(model.encoder_)))
    # Kernels of 4 x 8 and 8 x 6 take 2 x 12 and 2 x 14, the head has 21.
    assert model.n_trainable_ == 2 * 12 + 2 * 14 + 21
    assert model.trainable_share_ == pytest.approx(model.n_trainable_ / (94 + 32 + 21))
    assert all(layer.trainable for layer in given.layers)
    restored = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(restored.predict_proba(Xt), model.predict_proba(Xt))


def _trained(network):
    return [_engine.to_numpy(w.value) for w in network.trainable_weights]


def test_layers_in_layers_of_the_base_stay():
    network, shape, _ = made(transformer)
    X = np.random.default_rng(0).normal(size=(24, *shape))
    y = (X[:, 0, 0] > 0).astype(int)
    model = FineTuning(network, tuner=LoRA(2), epochs=1, random_state=0).fit(X, y)
    assert same(model.encoder_.base, network)
    assert all("low_rank" in w.path for w in model.encoder_.trainable_weights)


# Which all backends have to come to; one of each kind, for each compiles.
LOSSES = {
    "LoRA": [1.15045309, 1.08607328],
    "Adapters": [1.14700472, 1.08870554],
    "Ladder": [1.14820302, 1.08756435],
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_two_epochs(name):
    network, shape, _ = made(transformer)
    X = np.random.RandomState(3).normal(size=(24, *shape)).astype("float32")
    y = (X[:, 0, 0] > 0).astype(int) + (X[:, 0, 1] > 0)
    given = {"learning_rate": 0.01, "epochs": 2, "batch_size": 8, "random_state": 0}
    model = FineTuning(network, tuner=TUNERS[name], **given).fit(X, y)
    np.testing.assert_allclose(model.history_["loss"], LOSSES[name], rtol=1e-6)


def test_weights_are_counted_without_a_tuner(domains):
    _, _, Xt, yt = domains
    options = {**SMALL, "epochs": 1}
    model = FineTuning(encoder(), task(), training=False, **options).fit(Xt, yt)
    assert model.n_trainable_ == 21
    assert model.trainable_share_ == pytest.approx(21 / 147)


def test_searches_over_the_tuner(domains):
    _, _, Xt, yt = domains
    model = FineTuning(encoder(), task(), tuner=LoRA(2), **SMALL)
    assert clone(model).tuner.get_params() == model.tuner.get_params()
    model.fit(Xt, yt)
    before = _engine.COMPILED["epoch"]
    search = GridSearchCV(model, {"tuner__alpha": [1.0, 4.0, 9.0]}, cv=2)
    search.fit(Xt, yt)
    assert _engine.COMPILED["epoch"] - before <= 1  # folds have other batches
    histories = [
        FineTuning(encoder(), task(), tuner=LoRA(2, alpha=a), **SMALL)
        .fit(Xt, yt)
        .history_["loss"]
        for a in (1.0, 40.0)
    ]
    assert histories[0] != histories[1]


@pytest.mark.one_backend
def test_searches_over_rank_and_over_tuners(domains):
    _, _, Xt, yt = domains
    model = FineTuning(encoder(), task(), tuner=LoRA(2), **{**SMALL, "epochs": 1})
    for grid in {"tuner__rank": [1, 2]}, {"tuner": [None, LoRA(2), BitFit()]}:
        search = GridSearchCV(model, grid, cv=2).fit(Xt, yt)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()


NEWER = {
    Ladder(2): {"tuner__reduction": [1, 2]},
    UniPT(2): {"tuner__reduction": [1, 2]},
    SHERL(2): {"tuner__reduction": [1, 2]},
    VQT(2): {"tuner__length": [1, 2]},
    R2Tuning(2): {"tuner__reduction": [1, 2]},
    SWR(0.9): {"tuner__share": [0.7, 0.9]},
    SingleLayer(): {"tuner__targets": ["low", "high"]},
}


@pytest.mark.one_backend
@pytest.mark.parametrize("tuner", NEWER, ids=lambda t: type(t).__name__)
def test_clone_and_search_of_other_tuners(tuner, domains):
    _, _, Xt, yt = domains
    model = FineTuning(encoder(), task(), tuner=tuner, **{**SMALL, "epochs": 1})
    again = clone(model).tuner
    assert again is not tuner
    assert repr(again) == repr(tuner)
    cv = [(np.arange(40), np.arange(40, 60))]
    search = GridSearchCV(model, NEWER[tuner], cv=cv, refit=False).fit(Xt, yt)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert repr(model.tuner) == repr(tuner)


def test_with_a_source_the_tuner_comes_on_afterwards(domains):
    Xs, ys, Xt, yt = domains
    model = FineTuning(encoder(), tuner=BitFit(), **{**SMALL, "epochs": 2})
    model.fit(Xs, ys, Xt[:20], yt[:20])
    assert model.source_.tuner is None
    assert same(model.encoder_.base, model.source_.encoder_)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("training", False),
        ("training", [True]),
        ("penalty", "l2-sp"),
        ("unfreeze_epochs", 1),
        ("layer_decay", 0.5),
        ("freeze_out", 0.8),
    ],
)
def test_parameters_for_weights_of_the_encoder_are_refused(name, value, domains):
    _, _, Xt, yt = domains
    model = FineTuning(encoder(), tuner=LoRA(), **SMALL).set_params(**{name: value})
    with pytest.raises(ValueError, match=f"`tuner` freezes.*`{name}`"):
        model.fit(Xt, yt)


@pytest.mark.one_backend
def test_wrong_tuners_are_refused(domains):
    _, _, Xt, yt = domains
    with pytest.raises(ValueError, match="'rank' parameter of LoRA"):
        FineTuning(encoder(), tuner=LoRA(-1), **SMALL).fit(Xt, yt)
    with pytest.raises(ValueError, match="'tuner' parameter of FineTuning"):
        FineTuning(encoder(), tuner="lora", **SMALL).fit(Xt, yt)
    with pytest.raises(ValueError, match="`consolidate` holds weights"):
        FineTuning(encoder(), tuner=LoRA(1), **SMALL).fit(Xt, yt).consolidate(Xt)


@pytest.mark.parametrize("method", [DeepCORAL, DANN, SHOT])
def test_other_methods_train_a_tuned_encoder(method, domains):
    Xs, ys, Xt, _ = domains
    given = encoder()
    start = tuned(given, LoRA(2), random_state=0)
    model = method(encoder=start, epochs=1, random_state=0).fit(Xs, ys, Xt)
    assert isinstance(model.encoder_, Tuned)
    assert same(model.encoder_.base, given)
    for new, old in zip(_trained(model.encoder_), _trained(start), strict=True):
        assert not np.array_equal(new, old)


@pytest.mark.one_backend
def test_two_tasks_share_a_backbone(domains):
    _, _, Xt, yt = domains
    given = encoder()
    before = _engine.weights_of(given)
    options = {**SMALL, "copy": False, "epochs": 1}
    a = FineTuning(given, tuner=LoRA(1), **options).fit(Xt, yt)
    b = FineTuning(given, tuner=BitFit(), **options).fit(Xt, yt == 1)
    assert a.encoder_.base is b.encoder_.base is given
    for old, new in zip(before, _engine.weights_of(given), strict=True):
        np.testing.assert_array_equal(old, new)
    assert not given.trainable_weights


@pytest.mark.parametrize(
    "tuner",
    [LoRA(2), LoRA(2, quantize="nf4"), Both([Adapters(3), BitFit()]), Compacter(2)],
    ids=["LoRA", "nf4", "both", "compacter"],
)
def test_merged_and_written_to_a_file(tuner, domains, tmp_path):
    _, _, Xt, yt = domains
    labels = np.array(["a", "b", "c"])[yt]
    given = encoder()
    options = {**SMALL, "epochs": 1}
    if isinstance(tuner, Compacter):
        tuner = clone(tuner).set_params(divisions=2)
    model = FineTuning(given, tuner=tuner, **options).fit(Xt, labels)
    p = model.predict_proba(Xt)
    merged = model.merged_model()
    outputs = _engine.to_numpy(merged(Xt.astype("float32"), training=False))
    np.testing.assert_allclose(outputs, model.predict_task(Xt), atol=1e-5)

    path = tmp_path / "delta.npz"
    model.save_delta(path)
    with np.load(path, allow_pickle=False) as stored:
        arrays = [stored[name] for name in stored.files]
    kernels = [w for w in _engine.weights_of(given) if w.ndim > 1]
    assert len(kernels) == 2
    assert not any(np.array_equal(a, kernel) for a in arrays for kernel in kernels)
    again = FineTuning(given).load_delta(path)
    np.testing.assert_allclose(again.predict_proba(Xt), p, atol=1e-6)
    assert list(again.classes_) == ["a", "b", "c"]
    assert again.n_trainable_ == model.n_trainable_
    np.testing.assert_array_equal(again.predict(Xt), model.predict(Xt))


@pytest.mark.one_backend
def test_files_of_numbers_and_what_they_refuse(domains, tmp_path, monkeypatch):
    _, _, Xt, _ = domains
    given = encoder()
    options = {**SMALL, "epochs": 1}
    y = Xt[:, :2].astype(float)
    model = FineTuning(given, tuner=LoRA(1, alpha=2.0), **options).fit(Xt, y)
    path = tmp_path / "delta.npz"
    model.save_delta(path)
    again = FineTuning(given).load_delta(path)
    np.testing.assert_allclose(again.predict(Xt), model.predict(Xt), atol=1e-6)
    assert again.encoder_.tuner.alpha == 2.0
    with pytest.raises(ValueError, match="belongs to another network"):
        FineTuning(encoder(seed=9)).load_delta(path)
    with pytest.raises(ValueError, match="needs the network that was tuned"):
        FineTuning().load_delta(path)
    other = tmp_path / "other.npz"
    np.savez(other, a=np.ones(3))
    with pytest.raises(ValueError, match="no file that `save_delta` has written"):
        FineTuning(given).load_delta(other)
    with pytest.raises(ValueError, match="fitted with a `tuner`"):
        model.set_params(tuner=None).fit(Xt, y).save_delta(path)

    # What goes wrong in the middle leaves the file as it was.
    before = path.read_bytes()

    def broken(*args, **kwargs):
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez_compressed", broken)
    model.set_params(tuner=LoRA(1)).fit(Xt, y)
    with pytest.raises(OSError, match="no space left"):
        model.save_delta(path)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["delta.npz", "other.npz"]
