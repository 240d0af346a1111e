"""What methods with a discriminator of domains share."""

from numbers import Real

import numpy as np
from keras import ops
from scipy.special import expit, softmax

from adapt._sklearn import Interval
from adapt.deep._base import DeepAdapter
from adapt.deep._class_weights import ClassWeighting
from adapt.deep._losses import domain_cross_entropy, reverse_gradient
from adapt.deep._networks import default_discriminator, default_encoder, default_task
from adapt.deep._outputs import emits_probabilities, network_logits

__all__ = ["AdversarialAdapter", "DiscriminatorAdapter"]


class DiscriminatorAdapter(DeepAdapter):
    """Train an encoder and a task network together with a discriminator of domains.

    A subclass writes `_losses`, with the help of `_domain_loss`. Parameters are those
    of `AdversarialAdapter`, but for `lambda_`.
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
        copy=True,
        verbose=0,
        random_state=None,
        *,
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
        return network_logits(self.discriminator_, z)

    def _domain_loss(self, batch, z, strength=None, weights=None):
        """Return the discriminator's loss on source and, below them, target features.

        With a ``strength`` the gradient is reversed on its way back to the features.
        ``weights`` are those of the rows, beside those of classes.
        """
        n_source = batch["Xs"].shape[0]
        if "class_weights" in batch:
            of_classes = self._weights_of_classes(batch)
            ones = ops.ones((z.shape[0] - n_source,))
            both = ops.concatenate([of_classes, ones])
            weights = both if weights is None else weights * both
        if strength is not None:
            z = reverse_gradient(z, strength)
        return domain_cross_entropy(self._logits(z), n_source, weights, batch.get("ds"))

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


class AdversarialAdapter(ClassWeighting, DiscriminatorAdapter):
    """Train an encoder and a task network against a discriminator of domains.

    A subclass writes `_losses`, with the help of ``self._domain_loss(batch, z,
    batch["lambda_"])``: the discriminator's loss on features ``z`` of source and, below
    them, of target rows, whose gradient is reversed on its way back to the encoder.

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
        1. Where `sample_domain` has several sources, to an output for each of them, in
        the order of their numbers, and a last one for the target. If None, it has one
        hidden layer.

    Xt : array-like of shape (n_target_samples, ...), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt` where some are known; NaN or None (or -1, where it is no class)
        for the others. The task loss of the labelled target rows is added to the one of
        the source. In the form of one table, labels of target rows are not read.

    lambda_ : float or callable, default=0.1
        Weight of the adversary. A callable is a schedule: it returns the values at an
        array of step numbers, as `adapt.deep.UpdateLambda` does. No value compiles
        anything again.

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

    class_weights : {"auto"} or array-like of shape (n_classes,), or None, default=None
        Weights of the classes in the alignment: source rows count by that of their
        class where the domains are compared, not in the task loss. "auto" is for shares
        of classes that differ between the domains: the ratio of the shares is estimated
        after epochs from the predictions on the target and on a fifth of the source,
        which is not trained on. It has no effect where labels are numbers.

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

    discriminator_ : keras.Model
        The trained discriminator; other attributes are those of `DeepAdapter`.

    See Also
    --------
    PenalizedAdapter : The base of methods without a discriminator.

    Examples
    --------
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.deep import AdversarialAdapter
    >>> class Adversary(AdversarialAdapter):
    ...     def _losses(self, batch):
    ...         z = self._encode_both(batch)
    ...         zs, _ = self._split(batch, z)
    ...         return {
    ...             "task_loss": self._task_loss(batch, zs),
    ...             "disc_loss": self._domain_loss(batch, z, batch["lambda_"]),
    ...         }
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = Adversary(epochs=2, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict_disc(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **DiscriminatorAdapter._parameter_constraints,
        **ClassWeighting._parameter_constraints,
        "lambda_": [Interval(Real, None, None, closed="neither"), callable],
    }

    _scheduled = ("lambda_",)

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
        class_weights=None,
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
        self.lambda_ = lambda_
        self.class_weights = class_weights
