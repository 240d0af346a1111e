"""Test-time adaptation: entropy minimised by batch normalisation alone."""

from numbers import Integral

import keras
from keras import ops

from adapt._sklearn import Interval
from adapt.deep import _losses
from adapt.deep._networks import default_task, learn_statistics, normalised_encoder
from adapt.deep._source_free import SourceFreeAdapter
from adapt.deep._source_only import DeepSource
from adapt.deep._trainer import Phase, Update

__all__ = ["Tent"]


class _NormalisedSource(DeepSource):
    """A source model whose default encoder has batch normalisation."""

    def _make_networks(self, make, shape, n_outputs):
        features = make("encoder", normalised_encoder, shape)
        make("task", default_task, features, n_outputs)


class Tent(SourceFreeAdapter):
    """Test-time entropy minimisation [1]_, for classes, without the source.

    It starts from a fitted model whose encoder has batch normalisation, and needs no
    source rows. The layers of batch normalisation take over the statistics of the
    target, as in `AdaBN`; then their scales and offsets, and nothing else, are moved to
    lower the entropy of the predictions. Where `yt` has some labels, their loss is
    added.

    Parameters
    ----------
    model : DeepAdapter or None, default=None
        A fitted deep adapter, such as `DeepSource`, to start from. If None, a
        `DeepSource` with batch normalisation is trained first, on the source given to
        `fit`.

    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them, used when `fit` is given none. With
        a `model`, ``fit(Xt)`` does.

    adapt_epochs : int, default=1
        Epochs on the target; `epochs` are those on the source, if a model is trained
        first. Many let all predictions become one.

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

    source_ : DeepAdapter
        The model that was adapted; it stays as it was.

    Notes
    -----
    An epoch of ``s`` steps costs ``s`` passes of both networks over `batch_size` target
    rows; before and after there is a pass over up to 16,384 of them.

    References
    ----------
    .. [1] Wang et al. "Tent: fully test-time adaptation by entropy minimization." ICLR,
       2021.

    Examples
    --------
    >>> from adapt.feature_based import AdaBN, Tent
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> source = AdaBN(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model = Tent(source, random_state=0).fit(Xt)  # no source rows
    >>> model.predict(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **SourceFreeAdapter._parameter_constraints,
        "adapt_epochs": [Interval(Integral, 1, None, closed="left")],
    }

    _scheduled = ()
    _source_class = _NormalisedSource

    def __init__(
        self,
        model=None,
        encoder=None,
        task=None,
        Xt=None,
        yt=None,
        adapt_epochs=1,
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
        self.model = model
        self.encoder = encoder
        self.task = task
        self.Xt = Xt
        self.yt = yt
        self.adapt_epochs = adapt_epochs
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

    def _refine(self, networks, feed_of, Xt, rng):
        if not learn_statistics(self.encoder_, Xt):
            raise ValueError(
                "The encoder of `model` has no layer of batch normalisation, which is "
                "what Tent moves. Give one that has, or None for `model`."
            )
        phase = Phase(self.adapt_epochs, "_updates")
        self._train(0, phase, networks, feed_of(), (None, None), rng)
        learn_statistics(self.encoder_, Xt)

    def _blocks(self, name, network):
        layers = network._flatten_layers()
        norms = [x for x in layers if isinstance(x, keras.layers.BatchNormalization)]
        return {name: [v for layer in norms for v in layer.trainable_variables]}

    def _updates(self):
        return [Update(self._losses, ("encoder",))]

    def _losses(self, batch):
        entropy = ops.mean(_losses.entropy(self._target_logits(batch)))
        return self._with_labelled(batch, {"entropy": entropy})
