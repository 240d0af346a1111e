"""Maximum classifier discrepancy.

Where two task networks that both fit the source disagree, the target is far from it.
They learn to disagree as much as they can, and the encoder to leave them no room.
"""

from numbers import Integral

import numpy as np
from keras import ops

from adapt._sklearn import Interval
from adapt.deep._base import DeepAdapter, Phase, Update
from adapt.deep._networks import default_encoder, default_task

__all__ = ["MCD"]


class MCD(DeepAdapter):
    """Maximum classifier discrepancy [1]_.

    Each step has three parts. All networks minimise the loss of two task networks on
    the source; then the task networks minimise it less their discrepancy on the target;
    then the encoder alone minimises the discrepancy, `n_steps` times. The discrepancy
    is the mean absolute difference of the class probabilities, or of predicted numbers.
    Target labels are not needed; where `yt` has some, they join both tasks.

    Parameters
    ----------
    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them, used when `fit` is given none.

    pretrain : bool, default=True
        Whether to train all networks on the source first.

    n_steps : int, default=1
        How many times in a row the encoder is moved. The paper uses up to 4.

    pretrain_epochs : int or None, default=None
        Number of epochs of the pre-training. If None, as many as `epochs`.

    copy, verbose, random_state : bool, int, int or RandomState
        As in `adapt.deep.DeepAdapter`, where all that follows is explained.

    loss, optimizer, learning_rate, optimizer_enc, metrics : object
        What is minimised, how, and what is recorded.

    optimizer_disc : str, dict, keras.optimizers.Optimizer or None, default=None
        For the discriminator, if not `optimizer`.

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

    discriminator_ : keras.Model
        The second task network.

    pretrain_history_ : dict of list of float
        Mean losses of each epoch of the pre-training.

    Notes
    -----
    A step costs ``2 + n_steps`` passes of the encoder and of both task networks. The
    second task network is as `task` describes, but starts from other weights. Unlike in
    ADAPT 0.4.5 the encoder keeps the loss on the source, as in the paper.

    References
    ----------
    .. [1] Saito et al. "Maximum classifier discrepancy for unsupervised domain
       adaptation." CVPR, 2018.

    Examples
    --------
    >>> from adapt.feature_based import MCD
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = MCD(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **DeepAdapter._parameter_constraints,
        "pretrain": ["boolean"],
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "pretrain_epochs": [Interval(Integral, 1, None, closed="left"), None],
    }

    _network_names = ("encoder", "task", "discriminator")
    _scheduled = ()

    def __init__(
        self,
        encoder=None,
        task=None,
        Xt=None,
        pretrain=True,
        n_steps=1,
        copy=True,
        verbose=0,
        random_state=None,
        *,
        yt=None,
        pretrain_epochs=None,
        loss=None,
        optimizer="adam",
        learning_rate=None,
        optimizer_enc=None,
        optimizer_disc=None,
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
        self.pretrain = pretrain
        self.n_steps = n_steps
        self.copy = copy
        self.verbose = verbose
        self.random_state = random_state
        self.yt = yt
        self.pretrain_epochs = pretrain_epochs
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.optimizer_enc = optimizer_enc
        self.optimizer_disc = optimizer_disc
        self.metrics = metrics
        self.epochs = epochs
        self.batch_size = batch_size
        self.callbacks = callbacks
        self.validation_split = validation_split
        self.validation_data = validation_data
        self.jit_compile = jit_compile
        self.joint_batch = joint_batch
        self.device_budget = device_budget

    def _make_networks(self, make, shape, n_outputs):
        features = make("encoder", default_encoder, shape)
        make("task", default_task, features, n_outputs)
        make("discriminator", default_task, features, n_outputs, like="task")

    def _phases(self):
        if self.pretrain:
            epochs = self.pretrain_epochs
            epochs = self.epochs if epochs is None else epochs
            yield Phase(epochs, "_pretraining", pretrain=True)
        yield Phase(self.epochs, "_updates")

    def _pretraining(self):
        return [Update(self._source_losses, self._network_names)]

    def _updates(self):
        return [
            Update(self._source_losses, self._network_names),
            Update(self._separate, ("task", "discriminator")),
            Update(self._agree, ("encoder",), self.n_steps),
        ]

    def _source_losses(self, batch):
        zs = self._features(batch["Xs"])
        return {
            "task_loss": self._task_loss(batch, zs),
            "second_loss": self._task_loss(batch, zs, "discriminator"),
        }

    def _discrepancy(self, own, other):
        """Return the mean distance of what both task networks say of target rows."""
        own, other = map(self._labels.predictions, (own, other))
        return ops.mean(ops.abs(own - other))

    def _separate(self, batch):
        z = self._encode_both(batch)
        own = self._scores_of_both(batch, z)
        other = self._scores_of_both(batch, z, "discriminator")
        return {
            "task_loss": self._task_loss(batch, scores=own[0]),
            "second_loss": self._task_loss(
                batch, head="discriminator", scores=other[0]
            ),
            "separation": -self._discrepancy(own[1], other[1]),
        }

    def _agree(self, batch):
        zt = self._features(batch["Xt"])
        scores = self._scores(zt), self._scores(zt, "discriminator")
        return {"disc_loss": self._discrepancy(*scores)}

    def predict_disc(self, X):
        """Return the outputs of the second task network.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows of either domain.

        Returns
        -------
        outputs : ndarray of shape (n_samples, n_outputs), dtype float32
            Logits or probabilities, or numbers, as those of `predict_task`.
        """
        return self._outputs(X, "encoder", "discriminator")

    def predict_avg(self, X):
        """Predict labels by the mean of both task networks.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows of either domain.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, by the mean of the probabilities, or numbers.
        """
        outputs = self.predict_task(X), self.predict_disc(X)
        if self._labels.classes is None:
            return self._labels.decode(np.mean(outputs, axis=0))
        p = sum(self._labels.probability(each) for each in outputs)
        return self.classes_[p.argmax(axis=1)]
