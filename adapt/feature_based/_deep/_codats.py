"""Convolutional domain adaptation for time series."""

import keras
import numpy as np
from keras import layers, ops

from adapt.deep import _losses
from adapt.deep._adversarial import AdversarialAdapter
from adapt.deep._networks import Standardise, default_encoder, default_task

__all__ = ["CoDATS"]


def _convolutional_encoder(shape):
    body = [keras.Input(shape), Standardise(name="encoder_0")]
    for i, (n_filters, width) in enumerate([(128, 8), (256, 5), (128, 3)]):
        body += [
            layers.Conv1D(n_filters, width, padding="same", name=f"convolution_{i}"),
            layers.BatchNormalization(name=f"normalisation_{i}"),
            layers.Activation("relu", name=f"activation_{i}"),
        ]
    body.append(layers.GlobalAveragePooling1D(name="pool"))
    return keras.Sequential(body, name="encoder")


class CoDATS(AdversarialAdapter):
    """Convolutional deep domain adaptation for time series [1]_.

    A fully convolutional encoder of series is trained as in `DANN`: the encoder and the
    task network minimise the loss on the source while the encoder maximises, with
    weight `lambda_`, the loss of a discriminator of domains. Where it is known how
    frequent each class is in the target, `target_proportions` adds the divergence of
    the mean prediction from that (CoDATS-WS). Target labels are not needed; where `yt`
    has some, they join the task.

    Parameters
    ----------
    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    discriminator : keras.Model, callable or None, default=None
        From the encoder's features to one output, a logit or a sigmoid: the source is
        1. Where `sample_domain` has several sources, to an output for each of them,
        in the order of their numbers, and a last one for the target. If None, one
        hidden layer.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them, used when `fit` is given none.

    lambda_ : float or callable, default=0.1
        Weight of the reversed gradient. A callable is a schedule: it returns the values
        at an array of step numbers, as `adapt.deep.UpdateLambda` does. No value
        compiles anything anew.

    target_proportions : array-like of shape (n_classes,), default=None
        Share of each class in the target, in the order of `classes_`.

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
    An epoch of ``s`` steps costs ``s`` forward and backward passes of the networks over
    ``2 * batch_size`` rows. Without an `encoder`, series get three convolutions with
    batch normalisation, of 128, 256 and 128 filters over 8, 5 and 3 steps, and global
    pooling; other samples get the default encoder.

    References
    ----------
    .. [1] Wilson et al. "Multi-source deep domain adaptation with weak supervision for
       time-series sensor data." KDD, 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import CoDATS
    >>> rng = np.random.default_rng(0)
    >>> Xs, ys = rng.normal(size=(40, 16, 2)), np.arange(40) % 2
    >>> Xt = Xs[:20] + 0.5
    >>> model = CoDATS(epochs=1, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (20,)
    """

    _parameter_constraints: dict = {
        **AdversarialAdapter._parameter_constraints,
        "target_proportions": ["array-like", None],
    }

    def __init__(
        self,
        encoder=None,
        task=None,
        discriminator=None,
        Xt=None,
        yt=None,
        lambda_=0.1,
        target_proportions=None,
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
            discriminator,
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
            optimizer_disc=optimizer_disc,
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
        self.target_proportions = target_proportions

    def _make_networks(self, make, shape, n_outputs):
        if self.target_proportions is not None:
            self._check_proportions()
        default = _convolutional_encoder if len(shape) == 2 else default_encoder
        features = make("encoder", default, shape)
        make("task", default_task, features, n_outputs)
        self._make_discriminator(make, features)

    def _check_proportions(self):
        if self._labels.classes is None:
            raise ValueError("`target_proportions` are for classes, got numbers.")
        p = np.asarray(self.target_proportions, dtype=float)
        n = len(self._labels.classes)
        if p.shape != (n,) or p.min() < 0 or not np.isclose(p.sum(), 1):
            raise ValueError(
                "`target_proportions` must hold one share for each of the "
                f"{n} classes, and sum to 1; got {p}."
            )

    def _losses(self, batch):
        z = self._encode_both(batch)
        zs, zt = self._split(batch, z)
        losses = {
            "task_loss": self._task_loss(batch, zs),
            "disc_loss": self._domain_loss(batch, z, batch["lambda_"]),
        }
        if self.target_proportions is not None:
            known = ops.convert_to_tensor(self.target_proportions, dtype="float32")
            p = self._labels.predictions(self._scores(zt))
            mean = ops.mean(p, axis=0)
            log_ratio = ops.log(known + _losses.TINY) - ops.log(mean + _losses.TINY)
            losses["proportion_loss"] = ops.sum(known * log_ratio)
        return losses
