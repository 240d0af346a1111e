"""Conditional domain-adversarial networks.

The discriminator sees features together with the class probabilities that go with them,
so that classes are aligned one by one.
"""

from numbers import Integral

import keras
import numpy as np
from keras import ops

from adapt._sklearn import Interval
from adapt.deep._adversarial import AdversarialAdapter
from adapt.deep._losses import entropy, flatten, reverse_gradient
from adapt.deep._networks import default_encoder, default_task

__all__ = ["CDAN"]


@keras.saving.register_keras_serializable("adapt")
class Conditioning(keras.layers.Layer):
    """Products of features and class probabilities, which are its last inputs.

    Parameters
    ----------
    n_classes : int
        Number of class probabilities.

    n_random : int or None
        If not None, the product of two random maps with so many outputs takes the place
        of the outer product, of which it has the inner products on average.
    """

    def __init__(self, n_classes, n_random=None, **kwargs):
        super().__init__(**kwargs)
        self.n_classes = n_classes
        self.n_random = n_random

    def build(self, shape):
        sizes = shape[-1] - self.n_classes, self.n_classes
        # Kernels are drawn uniformly, with a variance of 2 / (inputs + outputs).
        self.maps, self.scale = [], 1.0
        for size in sizes if self.n_random else ():
            kernel = self.add_weight((size, self.n_random), trainable=False)
            self.maps.append(kernel)
            self.scale *= ((size + self.n_random) / 2) ** 0.5
        self.scale /= self.n_random**0.5 if self.n_random else 1.0

    def call(self, x):
        z, p = x[:, : -self.n_classes], x[:, -self.n_classes :]
        if self.n_random:
            z, p = (ops.matmul(v, m) for v, m in zip((z, p), self.maps, strict=True))
            return z * p * self.scale
        # Features are the last axis: loops over few classes would not be vectorised.
        return ops.reshape(p[:, :, None] * z[:, None], (-1, z.shape[1] * p.shape[1]))

    def get_config(self):
        config = {"n_classes": self.n_classes, "n_random": self.n_random}
        return {**super().get_config(), **config}


def _conditioning(shape, n_classes, n_random):
    layers = [keras.Input(shape), Conditioning(n_classes, n_random, name="products")]
    return keras.Sequential(layers, name="conditioning")


class CDAN(AdversarialAdapter):
    """Conditional domain-adversarial network [1]_, for classification.

    As in `DANN`, the encoder and the task network minimise the loss on the source while
    the encoder maximises, with weight `lambda_`, the loss of a discriminator of
    domains. Its input is the outer product of the features and the class probabilities
    or, where that has more than `max_features` numbers, a random map of it. With
    `entropy`, rows whose class is certain count more (CDAN+E). Target labels are not
    needed. If `yt` has some, they are added to the task loss.

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
        From the products of features and class probabilities to one output, a logit or
        a sigmoid: the source is 1. Where `sample_domain` has several sources, to an
        output for each of them, in the order of their numbers, and a last one for the
        target. If None, it has one hidden layer.

    Xt : array-like of shape (n_target_samples, ...), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt` where some are known; NaN or None (or -1, where it is no class)
        for the others. The task loss of the labelled target rows is added to the one of
        the source. In the form of one table, labels of target rows are not read.

    lambda_ : float or callable, default=0.1
        Weight of the reversed gradient. A callable is a schedule: it returns the values
        at an array of step numbers, as `adapt.deep.UpdateLambda` does. No value
        compiles anything again.

    entropy : bool, default=True
        Whether rows count by ``1 + exp(-H)``, with ``H`` the entropy of their class
        probabilities.

    max_features : int, default=4096
        Most inputs of the discriminator.

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

    is_overloaded_ : bool
        Whether the discriminator sees a random map of the outer product.

    Notes
    -----
    Departures from [1]_:

    - `lambda_` is the same at all steps, and in the paper rises from 0 to 1 with the
      share of the steps that are done;
    - AdamW takes the place of stochastic gradient descent with a momentum of 0.9, whose
      learning rate falls as ``0.01 / (1 + 10 p) ** 0.75`` with that share ``p``; here
      it is changed after each epoch.
    - with `entropy`, the weights of the rows of a batch are scaled to a mean of one in
      each domain, and no gradient passes through them. In the paper they are not
      scaled; the authors' code scales them too, but passes their gradient to the
      networks, reversed. This cannot be undone; ``entropy=False`` has no weights, as
      CDAN.

    As published: ``CDAN(lambda_=UpdateLambda(max_steps=n_steps, gamma=10.0),
    optimizer=keras.optimizers.SGD(0.01, momentum=0.9),
    callbacks=[keras.callbacks.LearningRateScheduler(
    lambda epoch: 0.01 / (1 + 10 * epoch / n_epochs) ** 0.75)], epochs=n_epochs)``, with
    ``n_steps`` the number of batches in ``n_epochs`` epochs.

    An epoch of ``s`` steps costs ``s`` forward and backward passes of the networks over
    ``2 * batch_size`` rows; the discriminator has ``min(d k, max_features)`` inputs for
    ``d`` features and ``k`` classes. No gradient passes through the probabilities to
    the task network, as in the authors' code.

    References
    ----------
    .. [1] Long et al. "Conditional adversarial domain adaptation." NeurIPS, 2018.

    Examples
    --------
    >>> from adapt.feature_based import CDAN
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = CDAN(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **AdversarialAdapter._parameter_constraints,
        "entropy": ["boolean"],
        "max_features": [Interval(Integral, 1, None, closed="left")],
    }

    _network_names = ("encoder", "task", "discriminator", "conditioning")
    _classes_only = True

    def __init__(
        self,
        encoder=None,
        task=None,
        discriminator=None,
        Xt=None,
        yt=None,
        lambda_=0.1,
        entropy=True,
        max_features=4096,
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
            max_steps=max_steps,
            batch_size=batch_size,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            jit_compile=jit_compile,
            joint_batch=joint_batch,
            class_weights=class_weights,
            augment=augment,
            device_budget=device_budget,
        )
        self.entropy = entropy
        self.max_features = max_features

    def _make_networks(self, make, shape, n_outputs):
        features = make("encoder", default_encoder, shape)
        make("task", default_task, features, n_outputs)
        sizes = int(np.prod(features)), n_outputs
        self.is_overloaded_ = sizes[0] * sizes[1] > self.max_features
        n_random = self.max_features if self.is_overloaded_ else None
        shape = make("conditioning", _conditioning, (sum(sizes),), sizes[1], n_random)
        self._make_discriminator(make, shape)

    def _conditional(self, z, p):
        return self.conditioning_(ops.concatenate([flatten(z), p], axis=-1))

    def _losses(self, batch):
        z = self._encode_both(batch)
        scores = self._of_both(self._scores, batch, z)
        own, _ = self._split(batch, scores)
        logits = ops.stop_gradient(scores)
        z = reverse_gradient(z, batch["lambda_"])
        joint = self._conditional(z, ops.softmax(logits))
        weights = 1 + ops.exp(-entropy(logits)) if self.entropy else None
        return {
            "task_loss": self._task_loss(batch, scores=own),
            "disc_loss": self._domain_loss(batch, joint, weights=weights),
        }

    def predict_disc(self, X, *, sample_domain=None):
        """Return the discriminator's probabilities that rows are of the source.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows of either domain.

        sample_domain : int or array-like of shape (n_samples,), default=None
            As in `predict`.

        Returns
        -------
        p : ndarray
            As the base of adversarial methods returns it: see `DANN.predict_disc`.
        """
        z = self._outputs(X, "encoder", sample_domain=sample_domain)
        p = self.predict_proba(X, sample_domain=sample_domain)
        joint = np.concatenate([z.reshape(len(z), -1), p], axis=1)
        outputs = self._chain(joint, ("conditioning", "discriminator"))
        return self._probabilities(outputs)
