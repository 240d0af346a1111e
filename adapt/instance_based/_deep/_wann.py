"""Weighting adversarial neural network: weights by the discrepancy of the labels."""

from numbers import Integral, Real

import numpy as np
from keras import ops
from sklearn.utils.validation import check_is_fitted

from adapt._domains import check_rows
from adapt._sklearn import Interval
from adapt.deep._base import DeepAdapter
from adapt.deep._hooks import Phase, Update
from adapt.instance_based._deep._weight_networks import default_scaler, perceptron

__all__ = ["WANN"]

_TINY = 1e-7


class WANN(DeepAdapter):
    r"""Weighting adversarial neural network [1]_.

    Three networks: :math:`W` weighs source rows, :math:`h` learns the task on the
    weighted source, and :math:`h'` looks for the task by which the weighted source and
    the labelled target rows differ most, the discrepancy of the labels. They play

    .. math:: \min_{W, h} \; L_W(h, y_s) + \max_{h'} \;
        | L_t(h', y_t) - L_W(h', y_s) |,

    where :math:`L_W` is the mean loss on the weighted source and :math:`L_t` that on
    the labelled target rows. It is made for numbers, and runs for classes.

    Parameters
    ----------
    task : keras.Model, callable or None, default=None
        From rows to predictions, and the model of `discriminator_` as well. If None,
        two hidden layers of 64 whose kernels are bounded by `C`.

    weighter : keras.Model, callable or None, default=None
        From rows to one output, whose absolute value is the weight. If None, as `task`.

    Xt : array-like of shape (n_target_samples, ...), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,) or (.., n_outputs), default=None
        Labels of at least some of the target rows, used with `Xt`; NaN or None for the
        others. In the form of one table, they are read from it.

    pretrain : bool, default=True
        Whether `weighter` is first trained to give all rows a weight of one.

    C : float, default=1.0
        In the default networks, the largest norm of what a unit multiplies its inputs
        with. It keeps the maximum over :math:`h'` finite: bring numbers to predict to a
        scale of about one, or raise it.

    copy : bool, default=True
        Whether networks that are given are copied, or trained themselves.

    verbose : int, default=0
        If positive, a line is printed after each epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, batches, dropout and the validation split. Default
        networks start from the same weights on every backend.

    scale_weights : bool, default=True
        Whether weights are brought to a mean of one in each batch.

    pretrain_epochs : int, default=10
        Number of epochs of the first training.

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
        Share of the rows to hold out, in [0, 1): of the source for `val_loss`, the task
        loss on them; of the target, where there are classes, for `val_target_entropy`,
        the mean entropy of the predictions, and `val_target_information`, the entropy
        of the mean prediction less that mean. Neither needs target labels; the second
        falls when all rows go to one class.

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
    encoder_, task_, weighter_, discriminator_ : keras.Model
        A layer that standardises columns as they are in the source, and on top of it
        the three trained networks.

    weights_ : ndarray of shape (n_samples,)
        Weights of the source rows, of mean one.

    classes_ : ndarray of shape (n_classes,)
        Class labels; for classes only.

    history_ : dict of list of float
        Mean losses and metrics of each epoch.

    pretrain_history_ : dict of list of float
        The same, of the pre-training; only where there is one.

    n_epochs_ : int
        Number of epochs done.

    n_features_in_ : int
        Number of features seen in `fit`.

    Notes
    -----
    Departures from [1]_:

    - weights are brought to a mean of one in each batch, so that the game does not end
      in weights of zero; in the paper they have any scale;
    - the default networks are bounded in all three players, and in the paper the
      weighting network alone: an architecture, which `task` and `weighter` decide.

    As published: ``WANN(scale_weights=False)``.

    A step passes the source rows of a batch through all networks, and as many labelled
    target rows through `discriminator_`. Rows of the target without labels are not
    used.

    References
    ----------
    .. [1] de Mathelin, Richard, Deheeger, Mougeot and Vayatis. "Adversarial weighting
       for domain adaptation in regression." ICTAI, 2021.

    Examples
    --------
    >>> from adapt.datasets import make_regression_da
    >>> from adapt.instance_based import WANN
    >>> Xs, ys, Xt, yt = make_regression_da()
    >>> model = WANN(epochs=5, random_state=0).fit(Xs, ys, Xt=Xt[:10], yt=yt[:10])
    >>> model.predict(Xt).shape == yt.shape
    True
    """

    _parameter_constraints: dict = {
        **DeepAdapter._parameter_constraints,
        "weighter": [callable, None],
        "pretrain": ["boolean"],
        "pretrain_epochs": [Interval(Integral, 1, None, closed="left")],
        "scale_weights": ["boolean"],
        "C": [Interval(Real, 0, None, closed="neither")],
    }

    _network_names = ("encoder", "task", "weighter", "discriminator")
    _heads = ("task", "weighter", "discriminator")
    _not_compiled = ("weighter", "pretrain_epochs")
    _target_labels = "required"

    def __init__(
        self,
        task=None,
        weighter=None,
        Xt=None,
        yt=None,
        pretrain=True,
        C=1.0,
        copy=True,
        verbose=0,
        random_state=None,
        *,
        scale_weights=True,
        pretrain_epochs=10,
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
            augment=None,
            device_budget=device_budget,
        )
        self.weighter = weighter
        self.pretrain = pretrain
        self.C = C
        self.scale_weights = scale_weights
        self.pretrain_epochs = pretrain_epochs

    def _make_networks(self, make, shape, n_outputs):
        features = make("encoder", default_scaler, shape)
        make("task", perceptron, features, n_outputs, self.C)
        make("discriminator", perceptron, features, n_outputs, self.C, like="task")
        outputs = make("weighter", perceptron, features, 1, self.C)
        if outputs != (1,):
            raise ValueError(
                "`weighter` must have one output for each row, got outputs of shape "
                f"{outputs}."
            )

    def _phases(self):
        if self.pretrain:
            yield Phase(self.pretrain_epochs, "_first_updates", pretrain=True)
        yield Phase(self.epochs, "_updates")

    def _first_updates(self):
        return [Update(self._losses_to_one, ("weighter",))]

    def _updates(self):
        return [
            Update(self._losses, ("task", "weighter")),
            Update(self._discriminator_losses, ("discriminator",)),
        ]

    def _raw_weights(self, zs):
        outputs = ops.cast(self.weighter_(zs, training=True), "float32")
        return ops.abs(outputs[:, 0]) + _TINY

    def _losses_to_one(self, batch):
        weights = self._raw_weights(self._features(batch["Xs"]))
        return {"off_one": ops.mean(ops.square(weights - 1))}

    def _weighted(self, batch):
        """Return the batch with the weights in it, and its features."""
        zs = self._features(batch["Xs"])
        weights = self._raw_weights(zs)
        if self.scale_weights:
            weights = weights / ops.mean(weights)
        return {**batch, "ws": batch["ws"] * weights}, zs

    def _discrepancy(self, batch, zs):
        scores = self._scores(zs, "discriminator")
        on_source = ops.mean(batch["ws"] * self._labels.losses(batch["ys"], scores))
        return ops.abs(self._labelled_loss(batch, "discriminator") - on_source)

    def _losses(self, batch):
        batch, zs = self._weighted(batch)
        on_source = {k: v for k, v in batch.items() if k not in ("Xl", "yl")}
        return {
            "task_loss": self._task_loss(on_source, zs),
            "disc_loss": self._discrepancy(batch, zs),
        }

    def _discriminator_losses(self, batch):
        return {"minus_discrepancy": -self._discrepancy(*self._weighted(batch))}

    def _adapt(self, domains):
        super()._adapt(domains)
        weights = self._weights_of(domains.Xs)
        self._mean_weight = weights.mean()
        self.weights_ = weights / self._mean_weight

    def _weights_of(self, X):
        outputs = self._chain(X, ("encoder", "weighter"), of_source=True)[:, 0]
        return np.abs(outputs.astype(np.float64)) + _TINY

    def predict_weights(self, X=None):
        """Return the weights of rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), default=None
            Rows to weigh. If None, the source rows seen in `fit`.

        Returns
        -------
        weights : ndarray of shape (n_samples,)
            Weights in units of the source's mean.
        """
        if X is None:
            check_is_fitted(self)
            return self.weights_
        check_is_fitted(self)
        X = self._check_shape(check_rows(self, X))
        return self._weights_of(X) / self._mean_weight

    def predict_disc(self, X, *, sample_domain=None):
        """Return what the discriminating task predicts.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of either domain.

        sample_domain : int or array-like of shape (n_samples,), default=None
            As in `predict`.

        Returns
        -------
        outputs : ndarray of shape (n_samples, n_outputs), dtype float32
            Outputs of `discriminator_`.
        """
        return self._outputs(X, "encoder", "discriminator", sample_domain=sample_domain)
