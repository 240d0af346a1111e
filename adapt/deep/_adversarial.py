"""What methods with a discriminator of domains share."""

import numpy as np
from scipy.special import expit, softmax

from adapt.deep import _losses
from adapt.deep._base import DeepAdapter
from adapt.deep._networks import (
    default_discriminator,
    default_encoder,
    default_task,
    emits_probabilities,
    logits_of,
)

__all__ = ["AdversarialAdapter"]


class AdversarialAdapter(DeepAdapter):
    """Train an encoder and a task network against a discriminator of domains.

    A subclass writes `_losses`, with the help of `_domain_loss`.

    Parameters
    ----------
    encoder, task, Xt, yt, copy, verbose, random_state
        As in `DeepAdapter`, and so are all that follow `optimizer_disc`.

    discriminator : keras.Model, callable or None, default=None
        From the encoder's features to one output, a logit or a sigmoid: the source is
        1. Or to an output for each domain, where `sample_domain` tells several sources
        apart: sources in the order of their numbers, the target last. If None, one
        hidden layer, with an output for each domain if there are several sources.

    lambda_ : float or callable, default=0.1
        Weight of the adversary.

    optimizer_disc : str, dict, keras.optimizers.Optimizer or None, default=None
        For the discriminator, if not `optimizer`.
    """

    _parameter_constraints: dict = {
        **DeepAdapter._parameter_constraints,
        "discriminator": [callable, None],
    }

    _network_names = ("encoder", "task", "discriminator")
    _tells_sources_apart = True

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

    def _data(self, domains, rng):
        groups, rows, held_out = super()._data(domains, rng)
        self._n_sources = 1
        if self._tells_sources_apart and domains.source_domain is not None:
            names, numbers = np.unique(domains.source_domain, return_inverse=True)
            self._n_sources = len(names)
            if self._n_sources > 1:
                groups["source"]["ds"] = numbers
        return groups, rows, held_out

    def _make_networks(self, make, shape, n_outputs):
        features = make("encoder", default_encoder, shape)
        make("task", default_task, features, n_outputs)
        self._make_discriminator(make, features)

    def _make_discriminator(self, make, shape):
        n_outputs = 1 if self._n_sources == 1 else self._n_sources + 1
        output_shape = make("discriminator", default_discriminator, shape, n_outputs)
        if output_shape not in ((1,), (n_outputs,)):
            several = f", or {n_outputs}, one for each domain" if n_outputs > 1 else ""
            raise ValueError(
                f"`discriminator` must have one output for each row{several}; got "
                f"outputs of shape {output_shape}."
            )

    def _logits(self, z):
        """Return the discriminator's logits for features."""
        return logits_of(self.discriminator_, z)

    def _domain_loss(self, batch, z, strength=None, weights=None):
        """Return the discriminator's loss on source and, below them, target features.

        With a ``strength`` the gradient is reversed on its way back to the features.
        ``weights`` are those of the rows.
        """
        if strength is not None:
            z = _losses.reverse_gradient(z, strength)
        n_source = batch["Xs"].shape[0]
        return _losses.domain_cross_entropy(
            self._logits(z), n_source, weights, batch.get("ds")
        )

    def _probabilities(self, outputs):
        """Return the probability of the source, from outputs as arrays."""
        is_probability = emits_probabilities(self.discriminator_)
        if outputs.shape[1] > 1:
            p = outputs if is_probability else softmax(outputs, axis=1)
            return 1 - p[:, -1]
        return outputs[:, 0] if is_probability else expit(outputs[:, 0])

    def predict_disc(self, X, *, sample_domain=None):
        """Return the discriminator's probability that rows are of a source.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.

        sample_domain : int or array-like of shape (n_samples,), default=None
            As in `predict`.

        Returns
        -------
        p : ndarray of shape (n_samples,), dtype float32
            Probabilities.
        """
        names = "encoder", "discriminator"
        return self._probabilities(
            self._outputs(X, *names, sample_domain=sample_domain)
        )
