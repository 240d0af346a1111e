"""What every tuner keeps, on every kind of network."""

import copy
import pickle

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from sklearn.base import clone  # noqa: E402

from adapt.deep._recipes import recipe_of  # noqa: E402
from adapt.discovery import all_tuners  # noqa: E402
from adapt.parameter_based.tuners import Adapters, LoRA, Tuned, tuned  # noqa: E402
from tests.parameter_based.deep.tuner_networks import (  # noqa: E402
    NOT_THE_IDENTITY,
    SHAPES,
    TUNERS,
    Subclassed,
    array,
    cnn,
    made,
    mlp,
    nested,
    recurrent,
    step,
    transformer,
    tuner_for,
)

NO_PLACE = "(finds|holds) no layer"
# Networks without a layer that a tuner can act on: then an error says so.
REFUSED = {
    "SWR": [recurrent],  # its only layer is more than the budget
    "Scaling": [recurrent],
    "ConvAdapter": [mlp, recurrent],
    "Prefix": [mlp, cnn, recurrent, nested],
    "Prompt": [mlp, cnn, recurrent, nested],
}


def refusal(name, make):
    """Return what the error says, None where a tuner takes a network."""
    if TUNERS[name].inserts and make is Subclassed:
        return "takes a Sequential or functional network"
    return NO_PLACE if make in REFUSED.get(name, ()) else None


# Forms of a tuner that another row stands for on the other networks.
ON_ONE = {
    "LoRA-alpha": mlp,
    "LoRA-int8": cnn,
    "Adapters-parallel": transformer,
    "ConvAdapter-gate": cnn,
    "ConvAdapter-causal": cnn,
    "MAM": transformer,
    "Ladder-published": transformer,
    "ScaLearn": transformer,
    "AdapterFusion": transformer,
}
PAIRS = [
    pytest.param(name, make, id=f"{name}-{make.__name__}")
    for name in TUNERS
    for make in SHAPES
    if ON_ONE.get(name, make) is make or (name, make) == ("ScaLearn", cnn)
]
SAVED = ["LoRA-nf4", "BitFit", "Compacter", "Prompt", "MAM", "Ladder-published", "VQT"]
# With seed 0 no row of the nested network scores one of the blocks above 0.
SEEDS = {"SHERL": 1}
# The losses of three steps on the transformer, which all backends have to come to.
LOSSES = {
    "LoRA": [3.5533526, 3.209275, 2.9019029],
    "LoRA-nf4": [3.7698948, 3.3719761, 3.0209033],
    "BitFit": [3.5533526, 2.9093425, 2.4424441],
    "Scaling": [3.5533526, 3.1606274, 2.8595088],
    "Adapters": [3.5533526, 3.2938783, 3.0602503],
    "Adapters-parallel": [3.5533526, 1.1318506, 0.94567591],
    "Compacter": [3.5533526, 3.2503083, 2.9814174],
    "ConvAdapter": [3.5533526, 1.3045675, 0.91609973],
    "Prefix": [3.5533526, 3.4157124, 3.2908227],
    "Prompt": [3.1468456, 3.1420286, 3.1374094],
    "MAM": [3.5533526, 3.0954688, 2.7120192],
    "Both": [3.5533526, 2.7285969, 2.1877484],
    "Ladder": [3.55335259, 2.74414802, 2.14346242],
    "UniPT": [3.55335259, 2.68873501, 2.06315207],
    "SHERL": [3.55335259, 3.26667213, 3.01005244],
    "VQT": [3.55335259, 3.17513299, 2.85063076],
    "R2Tuning": [3.55335259, 0.992547989, 0.891500652],
    "SWR": [3.55335259, 1.81659424, 1.24148524],
    "SingleLayer": [3.55335259, 2.51513863, 2.03195739],
    "Ladder-published": [3.55335259, 2.39670873, 1.54299629],
    "ScaLearn": [4.1814189, 4.02139378, 3.87331343],
    "AdapterFusion": [4.81501722, 4.63466787, 4.3899231],
}


def test_every_tuner_is_tested():
    assert set(dict(all_tuners())) <= {
        type(tuner).__name__ for tuner in TUNERS.values()
    }


@pytest.mark.parametrize(
    ("name", "make"), PAIRS, ids=lambda v: getattr(v, "__name__", v)
)
def test_common_gate(name, make):
    network, shape, x = made(make)
    if refusal(name, make) is not None:
        with pytest.raises(ValueError, match=refusal(name, make)):
            tuned(network, tuner_for(name, network, shape), shape)
        return
    before = [array(w).copy() for w in network.weights]
    given = array(network(x, training=False))
    tuner = tuner_for(name, network, shape)
    own = tuned(network, tuner, shape, random_state=SEEDS.get(name, 0))
    if name not in NOT_THE_IDENTITY:
        np.testing.assert_allclose(array(own(x, training=False)), given, atol=1e-6)

    y = np.random.RandomState(1).normal(size=given.shape).astype("float32")
    steps = [step(own, x, y) for _ in range(3)]
    still = {
        path
        for path, gradient in steps[-1][1].items()
        if gradient is None or not np.abs(gradient).any()
    }
    assert still == set()
    assert len(own.trainable_weights) == len(steps[-1][1]) > 0
    assert steps[-1][0] < steps[0][0]
    if make is transformer:
        losses = [loss for loss, _ in steps]
        np.testing.assert_allclose(losses, LOSSES[name], rtol=2e-6)

    moved = array(own(x, training=False))
    assert np.abs(moved - given).max() > 1e-4
    merged = own.merged()
    np.testing.assert_allclose(array(merged(x, training=False)), moved, atol=1e-5)
    assert len(merged.trainable_weights) >= len(network.trainable_weights)

    again = recipe_of(own).make()
    again.set_weights([array(w) for w in own.weights])
    np.testing.assert_allclose(array(again(x, training=False)), moved, atol=1e-6)

    for w, old in zip(network.weights, before, strict=True):
        np.testing.assert_array_equal(array(w), old)
    stored = {id(w) for w in own.weights}
    for w, old in zip(own.base.weights, before, strict=True):
        if id(w) in stored or not name.startswith("LoRA-"):
            np.testing.assert_array_equal(array(w), old)
    assert all(layer.trainable for layer in network._flatten_layers())


@pytest.mark.parametrize("name", [*SAVED, "UniPT", "SHERL", "R2Tuning", "ScaLearn"])
def test_saved_pickled_and_copied(name, tmp_path):
    network, shape, x = made(transformer)
    own = tuned(network, tuner_for(name, network, shape), shape, random_state=0)
    for w in own.trainable_weights:
        w.assign(array(w) + 0.1)
    path = tmp_path / "tuned.keras"
    own.save(path)
    expected = array(own(x, training=False))
    for again in (
        keras.models.load_model(path),
        pickle.loads(pickle.dumps(own)),
        copy.deepcopy(own),
    ):
        assert isinstance(again, Tuned)
        assert len(again.trainable_weights) == len(own.trainable_weights)
        np.testing.assert_allclose(array(again(x, training=False)), expected, atol=1e-6)
    assert repr(clone(TUNERS[name])) == repr(TUNERS[name])  # parts of `Both` are cloned


def test_the_base_stays_frozen_whatever_is_set():
    network, shape, _ = made(mlp)
    own = tuned(network, LoRA(2), shape)
    n = len(own.trainable_weights)
    own.trainable = False
    assert own.trainable_weights == []
    own.trainable = True
    assert len(own.trainable_weights) == n == 4
    assert own.base.trainable_weights == []


def test_targets_are_kinds_paths_or_lists():
    network, shape, _ = made(nested)

    def acted_on(targets):
        own = tuned(network, LoRA(1, targets=targets), shape)
        return [tuple(v.shape) for vs in own._parts.replaced for v in vs]

    top, middle, last = (4, 4), (4, 4), (4, 4)
    assert acted_on(None) == [(3, 3, 4), top, middle, last]
    assert acted_on("conv") == [(3, 3, 4)]
    assert acted_on("inner/") == [(3, 3, 4), top, middle]
    assert acted_on(["conv", "^last$"]) == [(3, 3, 4), last]
    with pytest.raises(ValueError, match=r"finds no layer.*inner/middle"):
        acted_on("nothing")
    with pytest.raises(ValueError, match="neither a kind of layers"):
        acted_on("(")
    network, shape, _ = made(transformer)
    inside = tuned(network, LoRA(1, targets="attention"), shape)
    assert len(inside._parts.deltas) == 4
    assert len(tuned(network, LoRA(1, targets="query"), shape)._parts.deltas) == 1


def test_parallel_adapters_need_outputs_like_their_inputs():
    network, shape, _ = made(recurrent)
    with pytest.raises(ValueError, match="finds no layer whose outputs fit"):
        tuned(network, Adapters(3, position="parallel"), shape)


def test_parameters_are_checked():
    network, shape, _ = made(mlp)
    with pytest.raises(ValueError, match="'rank' parameter of LoRA"):
        tuned(network, LoRA(0), shape)
    with pytest.raises(ValueError, match="give `shape`"):
        tuned(Subclassed(), LoRA(2))


def test_new_weights_follow_the_seed():
    network, shape, _ = made(mlp)
    a, b, c = (
        [array(w) for w in tuned(network, LoRA(2), shape, random_state=seed).weights]
        for seed in (0, 0, 1)
    )
    assert all(np.array_equal(*pair) for pair in zip(a, b, strict=True))
    assert not all(np.array_equal(*pair) for pair in zip(a, c, strict=True))
