"""Adversarial discriminative domain adaptation.

The target gets an encoder of its own, which starts as the source's and learns to fool a
discriminator.
"""

from numbers import Integral, Real

from keras import ops

from adapt._sklearn import Interval
from adapt.deep._adversarial import DiscriminatorAdapter
from adapt.deep._engine import weights_of
from adapt.deep._hooks import Phase, Update
from adapt.deep._losses import sigmoid_cross_entropy
from adapt.deep._networks import default_encoder

__all__ = ["ADDA"]


class ADDA(DiscriminatorAdapter):
    """Adversarial discriminative domain adaptation [1]_.

    Do not use it if class shares differ between the domains or rows are few: the
    target's encoder is trained to look like the source, without the source labels, so
    that nothing keeps it from mapping one class onto another. `DANN` trains on them
    throughout.

    First an encoder and a task network are trained on the source. Then the encoder is
    held, and a copy of it for the target is trained against a discriminator, until the
    features of target rows look to it like those of source rows. The task network
    stays. Target labels are not needed; where `yt` has some, the target's encoder is
    trained on them too.

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

    discriminator : keras.Model, callable or None, default=None
        From the encoder's features to one output, a logit or a sigmoid: the source is
        1, and several sources are one. If None, it has one hidden layer.

    Xt : array-like of shape (n_target_samples, ...), default=None
        Target rows, used when `fit` is given none.

    pretrain : bool, default=True
        Whether to train on the source first. If False, `encoder` and `task` must be
        given, trained on the source.

    tol : float, default=0.001
        The pre-training ends when an epoch changes its loss by less than this.

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
        Most epochs of the pre-training. If None, as many as `epochs`.

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

    encoder_src_ : keras.Model
        The encoder of the source; `encoder_` is that of the target.

    discriminator_ : keras.Model
        The trained discriminator.

    pretrain_history_ : dict of list of float
        Mean losses of each epoch of the pre-training.

    Notes
    -----
    Departures from [1]_:

    - the pre-training ends early, by `tol`; in the paper its length is given;
    - the learning rate of Adam is 0.001, and in the paper 0.0002, with a first moment
      that decays by 0.5.

    As published: ``ADDA(tol=0.0, optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5))``.

    An epoch of ``s`` steps costs ``s`` passes of both encoders and of the discriminator
    over `batch_size` rows of each domain, the target's twice. Rows with a
    `sample_domain` of 0 or more go through the source's encoder in `predict` and
    `transform`.

    Nothing but the discriminator holds the target's encoder: at the learning rate of
    the source it often forgets the classes. Train a `DeepSource` first and give its
    networks, with `pretrain=False` and a small `learning_rate`.

    References
    ----------
    .. [1] Tzeng et al. "Adversarial discriminative domain adaptation." CVPR, 2017.

    Examples
    --------
    >>> from adapt.feature_based import ADDA
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = ADDA(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **DiscriminatorAdapter._parameter_constraints,
        "pretrain": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "pretrain_epochs": [Interval(Integral, 1, None, closed="left"), None],
    }

    _network_names = ("encoder", "task", "discriminator", "encoder_src")
    _tells_sources_apart = False
    _source_networks = {"encoder": "encoder_src"}

    def __init__(
        self,
        encoder=None,
        task=None,
        discriminator=None,
        Xt=None,
        pretrain=True,
        tol=0.001,
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
            discriminator,
            Xt,
            yt,
            copy,
            verbose,
            random_state,
            loss=loss,
            optimizer=optimizer,
            learning_rate=learning_rate,
            optimizer_enc=optimizer_enc,
            optimizer_disc=optimizer_disc,
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
        self.tol = tol
        self.pretrain_epochs = pretrain_epochs

    def _make_networks(self, make, shape, n_outputs):
        if not self.pretrain and (self.encoder is None or self.task is None):
            raise ValueError(
                "`pretrain=False` needs `encoder` and `task`, trained on the source."
            )
        super()._make_networks(make, shape, n_outputs)
        make("encoder_src", default_encoder, shape, like="encoder")

    def _passes_joint(self):
        return False  # each encoder has rows of its own domain

    def _phases(self):
        if self.pretrain:
            epochs = self.pretrain_epochs
            epochs = self.epochs if epochs is None else epochs
            yield Phase(epochs, "_pretraining", pretrain=True, tol=self.tol)
        self.encoder_src_.set_weights(weights_of(self.encoder_))
        yield Phase(self.epochs, "_updates")

    def _pretraining(self):
        return [Update(self._source_losses, ("encoder", "task"))]

    def _updates(self):
        return [
            Update(self._disc_losses, ("discriminator",)),
            Update(self._encoder_losses, ("encoder",)),
        ]

    def _disc_losses(self, batch):
        zs = ops.cast(self.encoder_src_(batch["Xs"], training=False), "float32")
        z = ops.concatenate([zs, self._features(batch["Xt"])])
        return {"disc_loss": self._domain_loss(batch, z)}

    def _encoder_losses(self, batch):
        logits = self._logits(self._features(batch["Xt"]))
        losses = {"enc_loss": ops.mean(sigmoid_cross_entropy(1.0, logits))}
        if "Xl" in batch:
            losses["task_loss"] = self._labelled_loss(batch)
        return losses
