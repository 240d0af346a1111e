"""What labels are, and what a task network's outputs mean for them."""

import keras
import numpy as np
from keras import ops
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import column_or_1d

from adapt.deep._engine import to_numpy
from adapt.deep._losses import (
    logits_of_probabilities,
    membership,
    softmax_cross_entropy,
    squared_error,
)
from adapt.deep._outputs import network_logits

__all__ = [
    "CROSS_ENTROPIES",
    "ClassLabels",
    "NumberLabels",
    "is_class_loss",
    "read_labels",
]

CROSS_ENTROPIES = (
    "crossentropy",
    "bce",
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)


# What takes class numbers, and not one-hot rows.
_OF_NUMBERS = (
    keras.losses.sparse_categorical_crossentropy,
    keras.metrics.sparse_categorical_accuracy,
    keras.metrics.sparse_top_k_categorical_accuracy,
)


def _takes_numbers(function):
    """Return whether a loss or metric takes class numbers."""
    of_numbers = keras.losses.SparseCategoricalCrossentropy
    return isinstance(function, of_numbers) or function in _OF_NUMBERS


def _takes_logits(function):
    """Return whether a loss takes logits, and not probabilities."""
    if not isinstance(function, keras.losses.Loss):
        return False
    return function.get_config().get("from_logits", False)


def is_class_loss(loss):
    """Return whether a loss is for classes; None if it leaves that to the labels."""
    if isinstance(loss, str):
        return loss in CROSS_ENTROPIES
    if isinstance(loss, keras.losses.Loss):
        return "Crossentropy" in type(loss).__name__
    return None


def _is_one_hot(y):
    return (
        y.ndim == 2
        and y.shape[1] > 1
        and np.isin(y, (0, 1)).all()
        and (y.sum(axis=1) == 1).all()
    )


def read_labels(y, loss):
    """Return `ClassLabels` or `NumberLabels` for source labels ``y``.

    ``loss`` decides where it can; else floats are numbers to regress, and strings,
    integers, booleans and one-hot rows are classes.
    """
    classes = is_class_loss(loss)
    if classes is None:
        classes = y.dtype.kind != "f" or _is_one_hot(y)
    if not classes:
        if y.dtype.kind not in "iufb":
            raise ValueError(
                f"`loss`={loss!r} is for numbers, got labels of dtype {y.dtype}. Leave "
                "`loss` at None for classes."
            )
        return NumberLabels(y, loss)
    return ClassLabels(y, None if loss in CROSS_ENTROPIES else loss)


def _row_losses(loss, y, outputs):
    """Return a loss given by the user, one value per row where it has them."""
    function = loss.call if isinstance(loss, keras.losses.Loss) else loss
    values = function(y, outputs)
    if len(values.shape) > 1:
        values = ops.mean(values, axis=tuple(range(1, len(values.shape))))
    return values


def _of_each_class(logits):
    """Return logits with a column for each class, where one may stand for two."""
    if logits.shape[-1] == 1:
        return ops.concatenate([ops.zeros_like(logits), logits], axis=-1)
    return logits


class NumberLabels:
    """Numeric labels: the outputs of the task network are the predictions."""

    classes = None

    def __init__(self, y, loss):
        self.shape = y.shape[1:]
        self.n_outputs = y.shape[1] if y.ndim == 2 else 1
        self.loss = keras.losses.get(loss) if isinstance(loss, str) else loss

    def fit_outputs(self, output_shape, probabilities):
        """Check the outputs of the task network against the labels."""
        if output_shape != (self.n_outputs,):
            raise ValueError(
                f"`task` has outputs of shape {output_shape}, but the labels need "
                f"{self.n_outputs} per row. Give a task network with that many outputs."
            )

    def encode(self, y):
        """Return labels as what `losses` takes."""
        return np.asarray(y, dtype=np.float32).reshape(len(y), self.n_outputs)

    def scores(self, outputs):
        """Return what `losses` takes, from the outputs of a task network."""
        return outputs

    def scores_of(self, network, x, training=True):
        """Return what `losses` takes, for rows that a task network is given."""
        return ops.cast(network(x, training=training), "float32")

    def predictions(self, scores):
        """Return numbers, or one probability per class."""
        return scores

    def losses(self, y, scores):
        """Return one loss per row."""
        if self.loss is None:
            return squared_error(y, scores)
        return _row_losses(self.loss, y, scores)

    def measure(self, metric, y, scores):
        """Return a metric, ``metric(y_true, y_pred)``, averaged over rows."""
        return ops.mean(metric(y, scores))

    def decode(self, outputs):
        """Return predictions in the form of the labels."""
        return outputs.reshape(len(outputs), *self.shape).astype(np.float64)

    def same_form(self, y):
        """Return labels given to `score` in the form of predictions."""
        return y


class ClassLabels:
    """Class labels of any kind: the task network gives logits or probabilities.

    Scores are logits of the two or more classes, whatever the network gives.
    """

    def __init__(self, y, loss):
        if loss is not None and isinstance(loss, str):
            loss = keras.losses.get(loss)
        self.loss = loss
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self.one_hot = y.ndim == 2
        if self.one_hot:
            if not _is_one_hot(y):
                raise ValueError(
                    "`y` of two dimensions must be one-hot for classes: one 1 per row "
                    f"and zeros, got shape {y.shape}. For numbers give `loss='mse'`."
                )
            self.encoder = LabelEncoder().fit(np.arange(y.shape[1]))
        else:
            if y.dtype.kind == "f" and not np.all(y == np.rint(y)):
                raise ValueError(
                    "Unknown label type: continuous. `loss` is for classes, and `y` "
                    "has fractional values. For numbers give `loss='mse'`."
                )
            self.encoder = LabelEncoder().fit(y)
        self.classes = self.encoder.classes_
        if len(self.classes) < 2:
            raise ValueError(
                "Deep methods need labels of at least 2 classes in the source, got one "
                f"class only: {self.classes[0]}."
            )
        self.n_outputs = len(self.classes)

    def fit_outputs(self, output_shape, probabilities):
        one = output_shape == (1,) and len(self.classes) == 2
        if not one and output_shape != (len(self.classes),):
            raise ValueError(
                f"`task` has outputs of shape {output_shape}, but `y` has "
                f"{len(self.classes)} classes. Give a task network with "
                f"{len(self.classes)} outputs"
                + (" or with one." if len(self.classes) == 2 else ".")
            )
        self.n_columns = output_shape[0]
        self.probabilities = probabilities

    def encode(self, y):
        y = self.same_form(np.asarray(y))
        known = np.isin(y, self.classes)
        if not known.all():
            raise ValueError(
                f"`y` has labels that the source has not: {np.unique(y[~known])[:5]}."
            )
        return self.encoder.transform(y).astype(np.int32)

    def scores(self, outputs):
        return _of_each_class(
            logits_of_probabilities(outputs) if self.probabilities else outputs
        )

    def scores_of(self, network, x, training=True):
        return _of_each_class(network_logits(network, x, training))

    def predictions(self, scores):
        return ops.softmax(scores, axis=-1)

    def losses(self, y, scores):
        if self.loss is not None:
            return _row_losses(self.loss, *self._as_keras(self.loss, y, scores))
        return softmax_cross_entropy(y, scores)

    def _as_keras(self, function, y, scores):
        """Return labels and outputs as a loss or metric of Keras takes them.

        These are one-hot labels and probabilities in as many columns as outputs, or
        class numbers, which take a column for each class, or logits.
        """
        outputs = scores if _takes_logits(function) else self.predictions(scores)
        if _takes_numbers(function):
            return y, outputs
        one_hot = ops.cast(membership(y, len(self.classes)), "float32")
        return one_hot[:, -self.n_columns :], outputs[:, -self.n_columns :]

    def measure(self, metric, y, scores):
        if metric is None:
            return ops.mean(ops.cast(ops.argmax(scores, axis=-1) == y, "float32"))
        return ops.mean(metric(*self._as_keras(metric, y, scores)))

    def probability(self, outputs):
        """Return the probabilities of the classes, from outputs as arrays."""
        logits = to_numpy(self.scores(ops.convert_to_tensor(outputs)))
        p = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
        return p / p.sum(axis=1, keepdims=True)

    def decode(self, outputs):
        return self.classes[self.probability(outputs).argmax(axis=1)]

    def same_form(self, y):
        y = np.asarray(y)
        if y.ndim == 2:
            return y[:, 0] if y.shape[1] == 1 else y.argmax(axis=1)
        return y
