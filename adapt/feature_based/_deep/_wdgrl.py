"""Wasserstein distance guided representation learning.

A critic estimates the Wasserstein distance of source and target features, and the
encoder makes it small.
"""

from numbers import Integral, Real

from keras import ops

from adapt._sklearn import Interval
from adapt.deep import _losses
from adapt.deep._adversarial import AdversarialAdapter
from adapt.deep._base import Update

__all__ = ["WDGRL"]


def _distance(values, n_source):
    """Return how much higher the critic's values are in the source, which is first."""
    return ops.mean(values[:n_source]) - ops.mean(values[n_source:])


class WDGRL(AdversarialAdapter):
    """Wasserstein distance guided representation learning [1]_.

    In each step a critic is trained `n_critic` times to give source features higher
    values than target features; `gamma` times the squared distance from 1 of the norm
    of its gradient, at the features and between them, keeps it from being steep. Then
    the encoder and the task network minimise the loss on the source plus `lambda_`
    times the difference of the critic's means. Target labels are not needed; where `yt`
    has some, they join the task.

    Parameters
    ----------
    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    discriminator : keras.Model, callable or None, default=None
        The critic, from the encoder's features to one number. If None, one hidden
        layer.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them, used when `fit` is given none.

    lambda_ : float or callable, default=0.1
        Weight of the distance. A callable is a schedule: it returns the values at an
        array of step numbers, as `adapt.deep.UpdateLambda` does. No value compiles
        anything anew.

    gamma : float, default=10.0
        Weight of the gradient penalty.

    n_critic : int, default=5
        Number of critic's updates in a step, on one batch. The distance is worth what
        the critic is: the more, the better.

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
        The trained critic.

    Notes
    -----
    A step costs ``n_critic + 1`` passes of the encoder and ``3 n_critic`` of the
    critic's second derivatives. In ADAPT 0.4.5 the norm of the penalty is taken over no
    axis, so that each partial derivative is drawn to 1; here it is that of each row's
    gradient.

    References
    ----------
    .. [1] Shen et al. "Wasserstein distance guided representation learning for domain
       adaptation." AAAI, 2018.

    Examples
    --------
    >>> from adapt.feature_based import WDGRL
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = WDGRL(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **AdversarialAdapter._parameter_constraints,
        "gamma": [Interval(Real, 0, None, closed="left")],
        "n_critic": [Interval(Integral, 1, None, closed="left")],
    }

    _scheduled = ("lambda_", "gamma")
    _tells_sources_apart = False

    def __init__(
        self,
        encoder=None,
        task=None,
        discriminator=None,
        Xt=None,
        lambda_=0.1,
        gamma=10.0,
        copy=True,
        verbose=0,
        random_state=None,
        *,
        yt=None,
        n_critic=5,
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
        self.gamma = gamma
        self.n_critic = n_critic

    def _draw(self, rng, size):
        return {"between": rng.uniform(size=(*size, 1))}

    def _updates(self):
        return [
            Update(self._critic_losses, ("discriminator",), self.n_critic),
            Update(self._losses, ("encoder", "task")),
        ]

    def _critic(self, z):
        return ops.cast(self.discriminator_(z, training=True), "float32")

    def _critic_losses(self, batch):
        z = ops.stop_gradient(self._encode_both(batch))
        zs, zt = self._split(batch, z)
        share = ops.reshape(batch["between"], (-1,) + (1,) * (len(zs.shape) - 1))
        between = share * zs + (1 - share) * zt
        penalty, values = _losses.gradient_penalty(
            self._critic, ops.concatenate([z, between])
        )
        return {
            "disc_loss": -_distance(values[: z.shape[0]], zs.shape[0]),
            "gp": batch["gamma"] * penalty,
        }

    def _losses(self, batch):
        z = self._encode_both(batch)
        zs, _ = self._split(batch, z)
        return {
            "task_loss": self._task_loss(batch, zs),
            "wasserstein_loss": batch["lambda_"]
            * _distance(self._critic(z), zs.shape[0]),
        }

    def predict_disc(self, X, *, sample_domain=None):
        """Return the critic's values, higher for rows like those of the source.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.

        sample_domain : int or array-like of shape (n_samples,), default=None
            As in `predict`.

        Returns
        -------
        values : ndarray of shape (n_samples,), dtype float32
            Values.
        """
        return self._outputs(X, "encoder", "discriminator")[:, 0]
