"""Domain-adversarial training of neural networks.

A discriminator learns to tell the domains by the encoder's features, and the encoder,
through a reversed gradient, learns features by which it cannot.
"""

from keras import ops
from scipy.special import expit

from adapt.deep import _losses
from adapt.deep._base import DeepAdapter
from adapt.deep._networks import (
    default_discriminator,
    default_encoder,
    default_task,
    emits_probabilities,
)

__all__ = ["DANN"]


class DANN(DeepAdapter):
    """Domain-adversarial neural network [1]_.

    The encoder and the task network minimise the loss on the source, while the encoder
    maximises, with weight `lambda_`, the loss of a discriminator of domains. Target
    labels are not used. Standardise the features first, for example in a pipeline.

    Parameters
    ----------
    encoder : keras.Model, callable or None, default=None
        From samples to features: a network, which is copied with its weights, or a
        function without arguments that returns one. If None, it is sized from the data:
        a perceptron for tables, a convolutional network for series `(n_samples, time,
        channels)` and images `(n_samples, height, width, channels)`.

    task : keras.Model, callable or None, default=None
        From features to predictions. For classes it has one output per class, or one
        for two classes. If its last activation is a softmax or a sigmoid its outputs
        are probabilities, else logits. If None, one hidden layer.

    discriminator : keras.Model, callable or None, default=None
        From the encoder's features to one output, a logit or a sigmoid: the source is
        1. If None, one hidden layer.

    Xt : array-like of shape (n_target_samples, ...), default=None
        Target rows, used when `fit` is given none.

    yt : array-like, default=None
        Ignored; there for ADAPT's order of parameters.

    lambda_ : float or callable, default=0.1
        Weight of the reversed gradient. A callable is a schedule: it returns the values
        at an array of step numbers, as `adapt.deep.UpdateLambda` does. No value
        compiles anything anew.

    copy : bool, default=True
        Whether networks that are given are copied, or trained themselves.

    verbose : int, default=0
        Whether to print a line per epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, batches, dropout and the validation split. Default
        networks start from the same weights on every backend.

    loss : str, callable, keras.losses.Loss or None, default=None
        The task loss. If None, the labels decide: cross-entropy for strings, integers,
        booleans and one-hot rows, squared error for floats. "crossentropy" or a number
        loss such as "mse" decides whatever the labels, and lets scikit-learn know
        before `fit` (for stratified folds). A function gets `(y_true, y_pred)`, for
        classes one-hot labels and probabilities.

    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        Each network gets one of its own.

    learning_rate : float or None, default=None
        If None, the optimizer's own.

    optimizer_enc : str, dict, keras.optimizers.Optimizer or None, default=None
        For the encoder, if another.

    optimizer_disc : str, dict, keras.optimizers.Optimizer or None, default=None
        For the discriminator, if another.

    metrics : list of str or callable, default=None
        "accuracy", names of Keras losses or functions `(y_true, y_pred)`, recorded
        beside the losses.

    epochs : int, default=50
        Number of passes through the larger domain.

    batch_size : int, default=64
        Rows of each domain per step. A smaller domain is gone through again.

    callbacks : list of keras.callbacks.Callback or None, default=None
        Called at the ends of epochs, on a model of encoder and task.

    validation_split : float, default=0.0
        Share of the source rows to hold out, for `val_loss`, the task loss on them.

    validation_data : tuple (X, y) or None, default=None
        Validation rows, in the place of a split.

    jit_compile : bool or None, default=None
        Whether to compile with XLA (TensorFlow), or whole epochs and not steps (JAX).
        If None, as measured: with TensorFlow for long trainings of networks that
        neither convolve nor recur; with JAX whole epochs, but on CPUs not of such
        networks. Means nothing to PyTorch.

    joint_batch : bool, default=True
        Whether the source and target rows of a step pass the encoder as one batch or as
        two. It matters to layers that look across a batch, such as batch normalisation.

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
        The trained discriminator.

    Notes
    -----
    An epoch of ``s`` steps costs ``s`` forward and backward passes of the three
    networks over ``2 * batch_size`` rows; memory is that of the data, once, as float32.

    References
    ----------
    .. [1] Ganin et al. "Domain-adversarial training of neural networks." JMLR, 2016.

    Examples
    --------
    >>> from adapt.feature_based import DANN
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = DANN(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **DeepAdapter._parameter_constraints,
        "discriminator": [callable, None],
    }

    _network_names = ("encoder", "task", "discriminator")

    def __init__(
        self,
        encoder=None,
        task=None,
        discriminator=None,
        Xt=None,
        yt=None,
        lambda_=0.1,
        copy=True,
        verbose=0,
        random_state=None,
        *,
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
        self.discriminator = discriminator
        self.Xt = Xt
        self.yt = yt
        self.lambda_ = lambda_
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
        self.optimizer_disc = optimizer_disc

    def _make_networks(self, make, shape, n_outputs):
        features = make("encoder", default_encoder, shape)
        make("task", default_task, features, n_outputs)
        output_shape = make("discriminator", default_discriminator, features)
        if output_shape != (1,):
            raise ValueError(
                "`discriminator` must have one output for each row, got outputs of "
                f"shape {output_shape}."
            )

    def _logits(self, z):
        outputs = ops.cast(self.discriminator_(z, training=True), "float32")
        if emits_probabilities(self.discriminator_):
            return _losses.logit(outputs)
        return outputs

    def _losses(self, batch):
        zs, zt = self._encode(batch)
        z = _losses.reverse_gradient(ops.concatenate([zs, zt]), batch["lambda_"])
        logits = self._logits(z)
        n = zs.shape[0]
        return {
            "task_loss": self._task_loss(batch, zs),
            "disc_loss": _losses.domain_cross_entropy(logits[:n], logits[n:]),
        }

    def predict_disc(self, X):
        """Return the discriminator's probability that rows are of the source.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows of either domain.

        Returns
        -------
        p : ndarray of shape (n_samples,), dtype float32
            Probabilities.
        """
        outputs = self._outputs(X, "encoder", "discriminator")[:, 0]
        if emits_probabilities(self.discriminator_):
            return outputs
        return expit(outputs)
