"""Training on the source alone: what every deep method has to beat."""

import keras

from adapt.deep._base import DeepAdapter

__all__ = ["DeepSource"]


class DeepSource(DeepAdapter):
    """Train an encoder and a task network on the source, without adaptation.

    The baseline for the other deep methods, with their networks, their training and
    their interface: what they gain over it is due to adaptation. Target rows are only
    held against the networks, with `validation_split`; where `yt` has some labels, they
    join the task.

    Parameters
    ----------
    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them, used when `fit` is given none.

    copy, verbose, random_state : bool, int, int or RandomState
        As in `adapt.deep.DeepAdapter`, where all that follows is explained.

    loss, optimizer, learning_rate, optimizer_enc, metrics : object
        What is minimised, how, and what is recorded.

    epochs, batch_size, callbacks, validation_split, validation_data : object
        How long, and what is watched.

    jit_compile, joint_batch, device_budget : object
        How it is computed.

    Attributes
    ----------
    encoder_, task_ : keras.Model
        The trained networks.

    classes_ : ndarray of shape (n_classes,)
        Class labels; for classes only.

    history_ : dict of list of float
        Mean losses and metrics of each epoch, `val_loss` with a validation set.

    n_epochs_ : int
        Number of epochs done.

    n_features_in_ : int
        Number of features seen in `fit`, or of time steps, or of rows of pixels.

    Notes
    -----
    An epoch of ``s`` steps costs ``s`` forward and backward passes of the two networks
    over `batch_size` rows, and has as many steps as those of other deep methods, also
    where the target is the larger domain.

    Examples
    --------
    >>> from adapt.feature_based import DeepSource
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = DeepSource(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (100,)
    """

    _scheduled = ()

    def __init__(
        self,
        encoder=None,
        task=None,
        Xt=None,
        yt=None,
        copy=True,
        verbose=0,
        random_state=None,
        *,
        loss=None,
        optimizer="adam",
        learning_rate=None,
        optimizer_enc=None,
        metrics=None,
        epochs=50,
        batch_size=64,
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        jit_compile=None,
        joint_batch=True,
        device_budget=2**31,
    ):
        self.encoder = encoder
        self.task = task
        self.Xt = Xt
        self.yt = yt
        self.copy = copy
        self.verbose = verbose
        self.random_state = random_state
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.optimizer_enc = optimizer_enc
        self.metrics = metrics
        self.epochs = epochs
        self.batch_size = batch_size
        self.callbacks = callbacks
        self.validation_split = validation_split
        self.validation_data = validation_data
        self.jit_compile = jit_compile
        self.joint_batch = joint_batch
        self.device_budget = device_budget


def source_of(model, copy):
    """Return a `DeepSource` that trains a compiled Keras model as it says.

    Parameters
    ----------
    model : keras.Model
        From samples to predictions, compiled with a loss and an optimizer.

    copy : bool
        Whether a copy of the model is trained, or the model itself.

    Returns
    -------
    estimator : DeepSource
    """
    if not model.compiled:
        raise ValueError(
            "`estimator` is a Keras model that was not compiled. Call its `compile` "
            "with a loss and an optimizer first, or give it as "
            "`DeepSource(task=model)`, whose parameters say how to train it."
        )
    return DeepSource(
        encoder=keras.layers.Identity(),
        task=model,
        loss=model.loss,
        optimizer=model.optimizer,
        copy=copy,
    )
