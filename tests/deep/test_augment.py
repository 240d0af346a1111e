"""Changed copies of source rows: what they are, and that they cost no step."""

import numpy as np
import pytest

pytest.importorskip("keras", exc_type=ImportError)

from keras import layers

from adapt.deep import mask_part, random_signs, scale_and_jitter
from adapt.deep._augment import augmenter
from adapt.deep._engine import to_numpy
from adapt.deep._feed import Feed
from adapt.feature_based import DeepSource

RNG = np.random.default_rng


def test_channels_are_scaled_by_one_factor_a_row():
    X = RNG(0).normal([5.0, -3.0], size=(500, 20, 2))
    factors = scale_and_jitter(X, RNG(1), jitter=0.0) / X
    assert np.ptp(factors, axis=1).max() < 1e-4
    np.testing.assert_allclose(factors.mean(), 1, atol=0.02)
    np.testing.assert_allclose(factors[:, 0].std(axis=0), 0.15, rtol=0.1)
    noise = scale_and_jitter(X, RNG(1), scale=0.0) - X
    np.testing.assert_allclose(
        noise.std(axis=(0, 1)), 0.05 * X.std(axis=(0, 1)), rtol=0.05
    )


def test_signs_are_those_of_whole_channels_and_even():
    X = RNG(0).uniform(1, 2, size=(400, 5, 3))
    signs = random_signs(X, RNG(1)) / X
    np.testing.assert_allclose(np.abs(signs), 1, rtol=1e-6)
    assert np.ptp(signs, axis=1).max() < 1e-5
    assert np.abs(signs.mean(axis=0)).max() < 0.2


@pytest.mark.parametrize("shape", [(50, 2), (10, 10, 2)])
def test_one_part_is_set_to_the_mean(shape):
    X = RNG(0).normal(size=(300, *shape)).astype("float32")
    changed = mask_part(X, RNG(1))
    mean = X.mean(axis=tuple(range(X.ndim - 1)))
    hidden = changed != X
    np.testing.assert_array_equal(
        changed[hidden], np.broadcast_to(mean, X.shape)[hidden]
    )
    sizes = hidden.reshape(300, -1).sum(axis=1)
    assert set(sizes) == {2 * int(np.prod([0.2 * n for n in shape[:-1]]))}
    assert hidden[..., 0].reshape(300, -1).any(axis=0).all()


def test_what_is_changed_by_default():
    assert augmenter("auto", (10, 2)) is scale_and_jitter
    assert augmenter("auto", (10,)) is None
    assert augmenter(None, (10, 2)) is None
    with pytest.raises(ValueError, match="'signs' is for series"):
        augmenter("signs", (10,))
    with pytest.raises(ValueError, match="`augment` must return finite rows"):
        augmenter(lambda X, rng: X[:, :1], (10, 2))(np.ones((3, 10, 2)), RNG(0))


def batches(feed, epochs=1):
    """Return the source rows and labels that a feed gives."""
    rng = np.random.RandomState(1)
    found = []
    for _ in range(epochs):
        for data, index, _, n_steps in feed.epoch(rng):
            at = index["source"][:n_steps].ravel()
            parts = (to_numpy(data["source"][name])[at] for name in ("Xs", "ys"))
            found.append(tuple(parts))
    return [np.concatenate(part) for part in zip(*found, strict=True)]


# Four copies are on the device, or one, or chunks are streamed.
@pytest.mark.parametrize(("budget", "share"), [(2**31, 0.8), (1000, 0.5), (300, 0.8)])
def test_an_epoch_has_each_row_once_changed_or_not(budget, share):
    X = np.arange(20, dtype=np.float32).reshape(20, 1, 1) * np.ones((1, 4, 1))
    groups = {"source": {"Xs": X, "ys": np.arange(20)}}

    def feed(change):
        rng = np.random.RandomState(0)
        return Feed(groups, {"source": np.arange(20)}, 5, budget, change, rng)

    plain = feed(None)
    changing = feed(lambda X, rng: X + 100)
    assert changing.n_steps == plain.n_steps
    rows, y = batches(changing, epochs=20)
    np.testing.assert_array_equal(np.sort(y[:20]), np.arange(20))
    np.testing.assert_array_equal(rows[:, 0, 0] % 100, y)
    changed = rows[:, 0, 0] >= 100
    np.testing.assert_allclose(changed.mean(), share, atol=0.08)
    again, _ = batches(feed(lambda X, rng: X + 100), epochs=20)
    np.testing.assert_array_equal(again, rows)


@pytest.mark.one_backend
def test_copies_are_seeded_and_the_data_stay_as_they_are():
    rng = RNG(0)
    X, y = rng.normal(size=(30, 8, 2)).astype("float32"), np.arange(30) % 2
    X.flags.writeable = False
    params = {"epochs": 1, "random_state": 0, "encoder": layers.Flatten()}
    first = {}
    for augment in ("auto", None, random_signs):
        model = DeepSource(**params, augment=augment)
        runs = [model.fit(X, y, Xt=X).history_["loss"][0] for _ in range(2)]
        assert runs[0] == runs[1]
        first[augment] = runs[0]
    assert len(set(first.values())) == 3
