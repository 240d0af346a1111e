"""Convolutional domain adaptation for time series."""

import keras
import numpy as np
from keras import layers, ops

from adapt.deep._adversarial import AdversarialAdapter
from adapt.deep._layers import Standardise
from adapt.deep._losses import TINY
from adapt.deep._networks import default_encoder, default_task

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
    the mean prediction from that (CoDATS-WS). Target labels are not needed. If `yt` has
    some, they are added to the task loss.

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
        Weight of the reversed gradient. A callable is a schedule: it returns the values
        at an array of step numbers, as `adapt.deep.UpdateLambda` does. No value
        compiles anything again.

    target_proportions : array-like of shape (n_classes,), default=None
        Share of each class in the target, in the order of `classes_`.

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

    Notes
    -----
    Departures from [1]_:

    - `lambda_` is the same at all steps, and in the paper rises from 0 to 1 as that of
      `DANN`;
    - the optimizer is AdamW with a learning rate of 0.001, and in the paper Adam with
      0.0001.

    As published: ``CoDATS(lambda_=UpdateLambda(max_steps=n_steps, gamma=10.0),
    optimizer="adam", learning_rate=1e-4)``, with ``n_steps`` the number of all
    batches.

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
            log_ratio = ops.log(known + TINY) - ops.log(mean + TINY)
            losses["proportion_loss"] = ops.sum(known * log_ratio)
        return losses
