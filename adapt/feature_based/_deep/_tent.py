"""Test-time adaptation: entropy minimised by batch normalisation alone."""

from numbers import Integral

from keras import ops

from adapt._sklearn import Interval
from adapt.deep._hooks import Update
from adapt.deep._losses import entropy
from adapt.deep._networks import default_task, normalised_encoder
from adapt.deep._source_free import SourceFreeAdapter
from adapt.deep._source_only import DeepSource
from adapt.deep._statistics import moving_norms, norms_of

__all__ = ["Tent"]


class _NormalisedSource(DeepSource):
    """A source model whose default encoder has batch normalisation."""

    def _make_networks(self, make, shape, n_outputs):
        features = make("encoder", normalised_encoder, shape)
        make("task", default_task, features, n_outputs)


class Tent(SourceFreeAdapter):
    """Test-time entropy minimisation [1]_: source-free, for classification.

    It starts from a fitted model whose encoder has batch normalisation, and needs no
    source rows. The layers of batch normalisation take over the statistics of the
    target, as in `AdaBN`; then their scales and offsets, and nothing else, are moved to
    lower the entropy of the predictions. If `yt` has some labels, their loss is added.

    Parameters
    ----------
    model : DeepAdapter or None, default=None
        A fitted deep adapter, such as `DeepSource`, to start from. If None, a
        `DeepSource` with batch normalisation is trained first, on the source given to
        `fit`.

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

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt` where some are known; NaN or None (or -1, where it is no class)
        for the others. The task loss of the labelled target rows is added to the one of
        the source. In the form of one table, labels of target rows are not read.

    adapt_epochs : int, default=1
        Epochs on the target; `epochs` are those on the source, if a model is trained
        first. Many let all predictions become one.

    copy : bool, default=True
        Whether networks that are given are copied, or trained themselves.

    verbose : int, default=0
        If positive, a line is printed after each epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, batches, dropout and the validation split. Default
        networks start from the same weights on every backend.

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

    source_ : DeepAdapter
        The model that was adapted; it stays as it was.

    Notes
    -----
    Departures from [1]_: none in losses and updates, for layers of batch normalisation
    in the encoder. In the paper each batch is predicted with its own statistics, while
    the model is adapted; here `predict` follows, with those of all target rows.

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
        optimizer=None,
        learning_rate=None,
        optimizer_enc=None,
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
        self.model = model
        self.adapt_epochs = adapt_epochs

    def _refine(self, networks, feed_of, Xt, rng):
        if not moving_norms(self.encoder_):
            raise ValueError(
                "The encoder of `model` has no layer of batch normalisation, which is "
                "what Tent moves. Give one that has, or None for `model`."
            )
        self._train_on_target(self.adapt_epochs, networks, feed_of(), rng)

    def _blocks(self, name, network):
        norms = norms_of(network)
        return {name: [v for layer in norms for v in layer.trainable_variables]}

    def _updates(self):
        return [Update(self._losses, ("encoder",))]

    def _losses(self, batch):
        unsure = ops.mean(entropy(self._target_logits(batch)))
        return self._with_labelled(batch, {"entropy": unsure})
