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
    labels are not needed; where `yt` has some, they join the task.

    Parameters
    ----------
    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    discriminator : keras.Model, callable or None, default=None
        From the encoder's features to one output, a logit or a sigmoid: the source is
        1. If None, one hidden layer.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them, used when `fit` is given none.

    lambda_ : float or callable, default=0.1
        Weight of the reversed gradient. A callable is a schedule: it returns the values
        at an array of step numbers, as `adapt.deep.UpdateLambda` does. No value
        compiles anything anew.

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
        super().__init__(
            encoder,
            task,
            Xt,
            yt,
            lambda_,
            copy,
            verbose,
            random_state,
            loss=loss,
            optimizer=optimizer,
            learning_rate=learning_rate,
            optimizer_enc=optimizer_enc,
            metrics=metrics,
            epochs=epochs,
            batch_size=batch_size,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            jit_compile=jit_compile,
            joint_batch=joint_batch,
            device_budget=device_budget,
        )
        self.discriminator = discriminator
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
