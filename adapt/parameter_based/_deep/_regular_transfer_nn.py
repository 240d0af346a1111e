"""A neural network drawn towards the weights of a source network."""

import math
from numbers import Real

import keras
import numpy as np
from keras import ops

from adapt._sklearn import Interval, StrOptions
from adapt.deep._hooks import Phase
from adapt.deep._networks import default_encoder, default_task
from adapt.parameter_based._deep._heads import identity, weighted_layers
from adapt.parameter_based._deep._network_transfer import NetworkTransfer, Start

__all__ = ["RegularTransferNN"]


def default_network(shape, n_outputs, numbers=False):
    """Return a whole network: the default encoder, and the default task after it."""
    encoder = default_encoder(shape)
    task = default_task(tuple(encoder.output_shape[1:]), n_outputs, numbers)
    body = [keras.Input(shape), *encoder.layers, *task.layers]
    return keras.Sequential(body, name="task")


class RegularTransferNN(NetworkTransfer):
    r"""Neural network drawn towards the weights of a source network [1]_.

    On the labelled target rows it minimises the task loss :math:`L_t` and, layer by
    layer, the distance of the weights :math:`w_k` to those of the source

    .. math:: \min_w L_t(w) + \sum_k \lambda_k \|w_k - w^s_k\|^2

    or with `regularizer="l1"` the sum of absolute differences, which leaves most
    weights where they were. The given network is never changed.

    Parameters
    ----------
    task : keras.Model, callable or None, default=None
        The source network, from samples to predictions: trained already, with the
        target alone given to `fit`; or trained on the source that `fit` is given. A
        function without arguments may return it. If None, it is sized from the data.

    Xt : array-like of shape (n_target_samples, ...), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,) or (.., n_outputs), default=None
        Labels of `Xt`, used with it; unlabelled rows are not used.

    lambdas : float or list of float, default=1.0
        Weights of the distances. A list goes from the last layer with weights to the
        first; its last value is for all further ones. Layers with a weight of infinity
        stay as they are.

    regularizer : {"l2", "l1"}, default="l2"
        Squared or absolute differences.

    copy : bool, default=True
        Whether networks that are given are copied, or trained themselves.

    verbose : int, default=0
        If positive, a line is printed after each epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, batches, dropout and the validation split. Default
        networks start from the same weights on every backend.

    classes : array-like of shape (n_classes,) or None, default=None
        What the outputs of a given network stand for, in their order. If None and
        labels are integers below the number of outputs, output k is class k; other
        labels are taken in sorted order if there are as many as outputs.

    source_epochs : int or None, default=None
        Number of epochs on the source, where `fit` is given one. None is `epochs`. At 0
        the network counts as trained there.

    patience : int or None, default=None
        Number of epochs without a lower loss of held-out target rows after which
        training stops; the weights with the lowest loss are kept. It takes
        `validation_split` or `validation_data`.

    loss : str, callable, keras.losses.Loss or None, default=None
        The task loss. If None, the labels decide: cross-entropy for strings, integers,
        booleans and one-hot rows, squared error for floats. "crossentropy" or a number
        loss such as "mse" decides whatever the labels are, and lets scikit-learn know
        before `fit` (for stratified folds). A function gets `(y_true, y_pred)`, for
        classes one-hot labels and probabilities.

    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        How weights are updated. Each network gets an optimizer of its own, made as this
        one is.

    learning_rate : float or None, default=None
        Learning rate of every optimizer. If None, the optimizer's own.

    metrics : list of str or callable, or None, default=None
        What `history_` records beside the losses: "accuracy", names of Keras losses or
        functions `(y_true, y_pred)`.

    epochs : int, default=50
        Number of passes through the larger domain.

    batch_size : int, default=64
        Rows of each domain in a step. A smaller domain is gone through again.

    callbacks : list of keras.callbacks.Callback or None, default=None
        Called at the ends of epochs, on a model of encoder and task.

    validation_split : float, default=0.0
        Share of the labelled target rows to hold out, in [0, 1), for `val_loss`, the
        task loss on them.

    validation_data : tuple (X, y) or None, default=None
        Rows and labels for `val_loss`, in the place of a split.

    jit_compile : bool or None, default=None
        Whether to compile with XLA (TensorFlow), whole epochs and not steps (JAX), or
        to trace a step and replay it (PyTorch; not where a step draws random numbers).
        If None, what was measured to be faster: with TensorFlow and PyTorch True for
        long trainings of networks that neither convolve nor recur; with JAX True,
        except on CPUs for networks that do.

    device_budget : float, default=2**31
        Bytes of data, as float32, that are put on the device at once; more is streamed
        in chunks, for example from a `numpy.memmap`.

    Attributes
    ----------
    task_ : keras.Model
        The trained network.

    encoder_ : keras.Model
        The identity.

    source_ : estimator
        The source model; only where `fit` was given the source.

    classes_ : ndarray of shape (n_classes,)
        Class labels; for classes only.

    history_ : dict of list of float
        Mean losses and metrics of each epoch, `val_loss` with a validation set.

    n_epochs_ : int
        Number of epochs done on the target.

    n_features_in_ : int
        Number of features seen in `fit`, or of time steps, or of rows of pixels.

    Raises
    ------
    ValueError
        If labels need another head, and the last layer with weights is no dense layer;
        if `patience` has no held-out rows.

    See Also
    --------
    FineTuning : One weight for all layers, or that of the Fisher information.
    RegularTransferLR, RegularTransferLC : The same for linear models.

    Notes
    -----
    Departures from [1]_: none in the loss, which the paper has for a linear model, as
    `RegularTransferLC` does. Its ``1 / (2 variance)`` is `lambdas` times the number of
    target rows, because the task loss is a mean.

    An epoch of ``s`` steps costs ``s`` forward and backward passes over `batch_size`
    rows; memory is that of the weights three times. New outputs of a head that is
    replaced, as `FineTuning` does, are not drawn anywhere.

    A gradient step of size ``r`` overshoots where ``r * lambdas`` is above 1: with
    plain gradient descent choose a smaller `learning_rate` then.

    References
    ----------
    .. [1] Chelba and Acero. "Adaptation of maximum entropy capitalizer: little data can
       help a lot." Computer Speech & Language, 2006.

    Examples
    --------
    >>> from adapt.datasets import make_regression_da
    >>> from adapt.parameter_based import RegularTransferNN
    >>> Xs, ys, Xt, yt = make_regression_da()
    >>> source = RegularTransferNN(lambdas=0.0, random_state=0).fit(Xs, ys)
    >>> model = RegularTransferNN(source.task_, lambdas=0.1, random_state=0)
    >>> model.fit(Xt[:3], yt[:3]).predict(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **NetworkTransfer._parameter_constraints,
        "lambdas": [Interval(Real, 0, None, closed="both"), list, tuple],
        "regularizer": [StrOptions({"l2", "l1"})],
    }

    _not_compiled = (*NetworkTransfer._not_compiled, "lambdas")
    _reads_rows = ("task",)
    _default_encoder = staticmethod(identity)
    _default_task = staticmethod(default_network)

    def __init__(
        self,
        task=None,
        Xt=None,
        yt=None,
        lambdas=1.0,
        regularizer="l2",
        copy=True,
        verbose=0,
        random_state=None,
        *,
        classes=None,
        source_epochs=None,
        patience=None,
        loss=None,
        optimizer="adam",
        learning_rate=None,
        metrics=None,
        epochs=50,
        batch_size=64,
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        jit_compile=None,
        device_budget=2**31,
    ):
        super().__init__(
            task=task,
            Xt=Xt,
            yt=yt,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
            loss=loss,
            optimizer=optimizer,
            learning_rate=learning_rate,
            metrics=metrics,
            epochs=epochs,
            batch_size=batch_size,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            jit_compile=jit_compile,
            device_budget=device_budget,
        )
        self.lambdas = lambdas
        self.regularizer = regularizer
        self.classes = classes
        self.source_epochs = source_epochs
        self.patience = patience

    def _source_trainer(self):
        return super()._source_trainer().set_params(lambdas=0.0)

    def _given(self, rng):
        return Start(None, self.task, self.classes, self.copy)

    def _layer_lambdas(self):
        """Return for each layer of the network its weight, 0 where it has none."""
        given = self.lambdas
        given = list(given) if isinstance(given, list | tuple) else [given]
        if not given or not all(isinstance(v, Real) and v >= 0 for v in given):
            raise ValueError(
                "`lambdas` must be a number >= 0 or a list of such, got "
                f"{self.lambdas!r}."
            )
        n_layers = len(weighted_layers(self.task_))
        given = iter([*given, *[given[-1]] * n_layers][:n_layers][::-1])
        return [next(given) if layer.weights else 0.0 for layer in self.task_.layers]

    def _holds(self):
        given = self.lambdas
        return any(given) if isinstance(given, list | tuple) else given > 0

    def _hold(self, rows, labels, rng):
        by_weight = {
            id(w): 0.0 if value == math.inf else value
            for layer, value in zip(
                self.task_.layers, self._layer_lambdas(), strict=True
            )
            for w in layer.weights
        }
        return [
            np.full(w.shape, by_weight[id(w)], dtype=np.float32)
            for w in self.task_.weights
        ]

    def _penalty(self, batch):
        return self._distance(ops.square if self.regularizer == "l2" else ops.abs)

    def _phases(self):
        moving = self._all_layers()
        moving["task"] = [value < math.inf for value in self._layer_lambdas()]
        weighted = [i for i, layer in enumerate(self.task_.layers) if layer.weights]
        if self._has_new_head and weighted:
            moving["task"][weighted[-1]] = True
        yield Phase(self.epochs, "_updates", moving=moving)
