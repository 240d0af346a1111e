"""Rows that come piece by piece give the fits that arrays give."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from adapt.deep import _engine  # noqa: E402
from adapt.deep._row_streams import read_rows  # noqa: E402
from adapt.feature_based import DANN  # noqa: E402

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3)).astype("float32")
Y = (X[:, 0] > 0).astype(int)


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, i):
        return X[i * 15 : i * 15 + 15], Y[i * 15 : i * 15 + 15]


def _pairs():
    return ((X[i : i + 20], Y[i : i + 20]) for i in range(0, 50, 20))


def _tensorflow(change=None):
    tf = pytest.importorskip("tensorflow", exc_type=ImportError)
    dataset = tf.data.Dataset.from_tensor_slices((X, Y))
    return dataset if change is None else change(dataset)


def _loader():
    data = pytest.importorskip("torch.utils.data", exc_type=ImportError)
    return data.DataLoader(list(zip(X, Y, strict=True)), batch_size=16)


STREAMS = {
    "generator": _pairs,
    "PyDataset": Batches,
    "rows": _tensorflow,
    "batches": lambda: _tensorflow(lambda d: d.batch(20)),
    "whole batches": lambda: _tensorflow(lambda d: d.batch(25, drop_remainder=True)),
    "DataLoader": _loader,
}


@pytest.mark.parametrize("name", STREAMS)
def test_streams_are_read_whole(name):
    backend = {"DataLoader": "torch", "generator": None, "PyDataset": None}
    if backend.get(name, "tensorflow") not in (None, _engine.BACKEND):
        pytest.skip("of another backend")
    found, labels = read_rows(STREAMS[name]())
    np.testing.assert_array_equal(found, X)
    np.testing.assert_array_equal(labels, Y)


@pytest.mark.one_backend
def test_rows_without_labels_are_told_from_batches():
    rows = _tensorflow(lambda d: d.map(lambda x, y: x))
    for dataset in (rows, rows.batch(7)):
        found, labels = read_rows(dataset)
        np.testing.assert_array_equal(found, X)
        assert labels is None


def test_a_fit_on_streams_is_that_on_arrays():
    params = {"epochs": 1, "batch_size": 16, "random_state": 0}
    plain = DANN(**params).fit(X, Y, Xt=X + 1)
    model = DANN(**params).fit(_pairs(), Xt=iter([X[:30] + 1, X[30:] + 1]))
    assert model.history_ == plain.history_
    np.testing.assert_array_equal(model.predict(iter([X])), plain.predict(X))


def test_what_streams_may_not_hold():
    cases = {
        "without rows": iter([]),
        "tuples of 3": iter([(X, Y, Y)]),
        "of shape": iter([X, X[:, :2]]),
    }
    for message, stream in cases.items():
        with pytest.raises(ValueError, match=message):
            read_rows(stream)
    with pytest.raises(ValueError, match="twice"):
        read_rows(_pairs(), Y)


@pytest.mark.one_backend
def test_endless_data_sets_are_refused():
    with pytest.raises(ValueError, match="without end"):
        read_rows(_tensorflow(lambda d: d.repeat()))
