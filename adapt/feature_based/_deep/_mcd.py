"""Maximum classifier discrepancy.

Where two task networks that both fit the source disagree, the target is far from it.
They learn to disagree as much as they can, and the encoder to leave them no room.
"""

from numbers import Integral

import numpy as np
from keras import ops

from adapt._sklearn import Interval
from adapt.deep._base import DeepAdapter
from adapt.deep._hooks import Phase, Update
from adapt.deep._networks import default_encoder, default_task

__all__ = ["MCD"]


class MCD(DeepAdapter):
    """Maximum classifier discrepancy [1]_.

    Each step has three parts. All networks minimise the loss of two task networks on
    the source; then the task networks minimise it less their discrepancy on the target;
    then the encoder alone minimises the discrepancy, `n_steps` times. The discrepancy
    is the mean absolute difference of the class probabilities, or of predicted numbers.
    Target labels are not needed. If `yt` has some, they are added to the loss of both
    task networks.

    Parameters
    ----------
    encoder : keras.Model, callable or None, default=None
        From samples to features: a network, which is copied with its weights, or a
        function without arguments that returns one. If None, it is sized from the data:
        a perceptron for tables, a convolutional network for series and images, which
        begins by standardising columns or channels by both domains (see
        `adapt.deep.Standardise`).

    task : keras.Model, callable or None, default=None
        From features to predictions: a network, or a function without arguments that
        returns one. For classes it has one output per class, or one for two classes; if
        its last activation is a softmax or a sigmoid its outputs are probabilities,
        otherwise logits. If None, it has one hidden layer.

    Xt : array-like of shape (n_target_samples, ...), default=None
        Target rows, used when `fit` is given none.

    pretrain : bool, default=True
        Whether to train all networks on the source first.

    n_steps : int, default=1
        How many times in a row the encoder is moved. The paper uses up to 4.

    copy : bool, default=True
        Whether networks that are given are copied, or trained themselves.

    verbose : int, default=0
        If positive, a line is printed after each epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, batches, dropout and the validation split. Default
        networks start from the same weights on every backend.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt` where some are known; NaN or None (or -1, where it is no class)
        for the others. The task loss of the labelled target rows is added to the one of
        the source. In the form of one table, labels of target rows are not read.

    pretrain_epochs : int or None, default=None
        Number of epochs of the pre-training. If None, as many as `epochs`.

    loss : str, callable, keras.losses.Loss or None, default=None
        The task loss. If None, the labels decide: cross-entropy for strings, integers,
        booleans and one-hot rows, squared error for floats. "crossentropy" or a number
        loss such as "mse" decides whatever the labels are, and lets scikit-learn know
        before `fit` (for stratified folds). A function gets `(y_true, y_pred)`, for
        classes one-hot labels and probabilities.

    optimizer : str, dict, keras.optimizers.Optimizer or None, default=None
        How weights are updated. Each network gets an optimizer of its own, made as this
        one is. If None, AdamW with a weight decay of 0.1.

    learning_rate : float or None, default=None
        Learning rate of every optimizer. If None, the optimizer's own.

    optimizer_enc : str, dict, keras.optimizers.Optimizer or None, default=None
        Optimizer of the encoder. If None, as `optimizer`.

    optimizer_disc : str, dict, keras.optimizers.Optimizer or None, default=None
        Optimizer of the discriminator. If None, as `optimizer`.

    metrics : list of str or callable, or None, default=None
        What `history_` records beside the losses: "accuracy", names of Keras losses or
        functions `(y_true, y_pred)`.

    epochs : int or None, default=None
        Number of passes through the larger domain. If None, `max_steps` decides; if
        that is None too, at least 10 epochs and at least 1,000 steps for tables, 300
        for series and images.

    max_steps : int or None, default=None
        Number of steps, of a batch each, after which a training ends.

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

    joint_batch : bool or "auto", default="auto"
        Whether the source and target rows of a step pass a network as one batch or as
        two. If "auto", as two if the encoder or the task network has batch
        normalisation: each domain is normalised by its own rows, in training and for
        predictions.

    augment : {"auto", "signs"} or callable, or None, default="auto"
        Changed copies of the source rows to train on beside the rows: "auto" scales the
        channels of series and adds noise, and leaves other rows alone; "signs" turns
        the signs of channels at random as well. A function gets rows and a
        `numpy.random.Generator`, and returns as many rows. See
        `adapt.deep.scale_and_jitter`.

    device_budget : float, default=2**31
        Bytes of data, as float32, that are put on the device at once; more is streamed
        in chunks, for example from a `numpy.memmap`.

    Attributes
    ----------
    encoder_ : keras.Model
        The trained encoder.

    task_ : keras.Model
        The trained task network.

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
    Departures from [1]_:

    - all networks are trained on the source first, which in the paper is but the first
      part of each step;
    - the encoder is moved once in a step, and in the paper up to four times.

    As published: ``MCD(pretrain=False, n_steps=4)``.

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
    _heads = ("task", "discriminator")

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
        optimizer=None,
        learning_rate=None,
        optimizer_enc=None,
        optimizer_disc=None,
        metrics=None,
        epochs=None,
        max_steps=None,
        batch_size=64,
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        jit_compile=None,
        joint_batch="auto",
        augment="auto",
        device_budget=2**31,
    ):
        super().__init__(
            encoder,
            task,
            Xt,
            yt,
            copy,
            verbose,
            random_state,
            loss=loss,
            optimizer=optimizer,
            learning_rate=learning_rate,
            optimizer_enc=optimizer_enc,
            metrics=metrics,
            epochs=epochs,
            max_steps=max_steps,
            batch_size=batch_size,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            jit_compile=jit_compile,
            joint_batch=joint_batch,
            augment=augment,
            device_budget=device_budget,
        )
        self.pretrain = pretrain
        self.n_steps = n_steps
        self.pretrain_epochs = pretrain_epochs
        self.optimizer_disc = optimizer_disc

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

    def predict_disc(self, X, *, sample_domain=None):
        """Return the outputs of the second task network.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows of either domain.

        sample_domain : int or array-like of shape (n_samples,), default=None
            As in `predict`.

        Returns
        -------
        outputs : ndarray of shape (n_samples, n_outputs), dtype float32
            Logits or probabilities, or numbers, as those of `predict_task`.
        """
        return self._outputs(X, "encoder", "discriminator", sample_domain=sample_domain)

    def predict_avg(self, X, *, sample_domain=None):
        """Predict labels by the mean of both task networks.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows of either domain.

        sample_domain : int or array-like of shape (n_samples,), default=None
            As in `predict`.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, by the mean of the probabilities, or numbers.
        """
        heads = self.predict_task, self.predict_disc
        outputs = [head(X, sample_domain=sample_domain) for head in heads]
        if self._labels.classes is None:
            return self._labels.decode(np.mean(outputs, axis=0))
        p = sum(self._labels.probability(each) for each in outputs)
        return self.classes_[p.argmax(axis=1)]
