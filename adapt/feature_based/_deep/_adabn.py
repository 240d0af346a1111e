"""Adaptive batch normalisation: each domain is normalised by statistics of its own."""

from adapt.deep import _engine
from adapt.deep._base import DeepAdapter
from adapt.deep._networks import default_task, learn_statistics, normalised_encoder

__all__ = ["AdaBN"]


class AdaBN(DeepAdapter):
    """Adaptive batch normalisation [1]_.

    The encoder, which has layers of batch normalisation, and the task network are
    trained on the source. Then the mean and the variance in each of those layers are
    replaced by those of the target rows. It is the deep form of standardising each
    domain by itself: nothing is to be tuned, and little to be lost where classes are as
    frequent in both domains.

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

    encoder_src_ : keras.Model
        The encoder with the statistics of the source.

    Notes
    -----
    Costs what training on the source costs, and one pass over up to 16,384 target rows.
    Rows with a `sample_domain` of 0 or more are normalised as the source was in
    `predict` and `transform`. Without an `encoder`, the default one has batch
    normalisation after each hidden layer.

    References
    ----------
    .. [1] Li et al. "Adaptive batch normalization for practical domain adaptation."
       Pattern Recognition, 2018.

    Examples
    --------
    >>> from adapt.feature_based import AdaBN
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = AdaBN(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (100,)
    """

    _network_names = ("encoder", "task")
    _scheduled = ()
    _source_networks = {"encoder": "encoder_src"}

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

    def _make_networks(self, make, shape, n_outputs):
        features = make("encoder", normalised_encoder, shape)
        make("task", default_task, features, n_outputs)
        make("encoder_src", normalised_encoder, shape, like="encoder")

    def _adapt(self, domains):
        super()._adapt(domains)
        self.encoder_src_.set_weights(_engine.weights_of(self.encoder_))
        if not learn_statistics(self.encoder_, domains.Xt):
            raise ValueError(
                "`encoder` has no layer of batch normalisation for AdaBN to adapt. Add "
                "some, or give None for a default encoder that has."
            )
