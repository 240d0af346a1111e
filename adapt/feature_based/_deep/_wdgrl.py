"""Wasserstein distance guided representation learning.

A critic estimates the Wasserstein distance of source and target features, and the
encoder makes it small.
"""

from numbers import Integral, Real

from keras import ops

from adapt._sklearn import Interval
from adapt.deep._adversarial import AdversarialAdapter
from adapt.deep._hooks import Update
from adapt.deep._losses import gradient_penalty, shares_of

__all__ = ["WDGRL"]


def critic_gap(values, n_source, weights=None):
    """Return how much higher the critic's values are in the source, which is first.

    ``weights`` are those of source rows.
    """
    own, other = ops.split(values, [n_source])
    if weights is None:
        return ops.mean(own) - ops.mean(other)
    shares = shares_of(weights, n_source)
    return ops.sum(shares * ops.reshape(own, (-1,))) - ops.mean(other)


class WDGRL(AdversarialAdapter):
    """Wasserstein distance guided representation learning [1]_.

    Do not use it if class shares differ between the domains, without `class_weights`:
    the distance that it makes small counts other shares as a shift of features. It
    takes `n_critic` trainings of the critic in each step, so where time is short `DANN`
    is the cheaper method of this kind.

    In each step a critic is trained `n_critic` times to give source features higher
    values than target features; `gamma` times the squared distance from 1 of the norm
    of its gradient, at the features and between them, keeps it from being steep. Then
    the encoder and the task network minimise the loss on the source plus `lambda_`
    times the difference of the critic's means. Target labels are not needed. If `yt`
    has some, they are added to the task loss.

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
        The critic, from the encoder's features to one number. If None, it has
        one hidden layer.

    Xt : array-like of shape (n_target_samples, ...), default=None
        Target rows, used when `fit` is given none.

    lambda_ : float or callable, default=0.1
        Weight of the distance. A callable is a schedule: it returns the values at an
        array of step numbers, as `adapt.deep.UpdateLambda` does. No value compiles
        anything again.

    gamma : float, default=10.0
        Weight of the gradient penalty.

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

    n_critic : int, default=5
        Number of critic's updates in a step, on one batch. More updates give a better
        critic, and hence a better estimate of the distance.

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
        The trained critic.

    Notes
    -----
    Departures from [1]_: none in losses and updates, but that the points between the
    domains are drawn once in a step, and not for each update of the critic.

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
        self.gamma = gamma
        self.n_critic = n_critic

    def _draw(self, rng, size):
        drawn = super()._draw(rng, size)
        return {**drawn, "between": rng.uniform(size=(*size, 1))}

    def _updates(self):
        return [
            Update(self._critic_losses, ("discriminator",), self.n_critic),
            Update(self._losses, ("encoder", "task")),
        ]

    def _critic(self, z):
        return ops.cast(self.discriminator_(z, training=True), "float32")

    def _distance(self, batch, values):
        weights = self._weights_of_classes(batch)
        return critic_gap(values, batch["Xs"].shape[0], weights)

    def _critic_losses(self, batch):
        z = ops.stop_gradient(self._encode_both(batch))
        zs, zt = self._split(batch, z)
        share = ops.reshape(batch["between"], (-1,) + (1,) * (len(zs.shape) - 1))
        between = share * zs + (1 - share) * zt
        penalty, values = gradient_penalty(self._critic, ops.concatenate([z, between]))
        return {
            "disc_loss": -self._distance(batch, values[: z.shape[0]]),
            "gp": batch["gamma"] * penalty,
        }

    def _losses(self, batch):
        z = self._encode_both(batch)
        zs, _ = self._split(batch, z)
        distance = self._distance(batch, self._critic(z))
        return {
            "task_loss": self._task_loss(batch, zs),
            "wasserstein_loss": batch["lambda_"] * distance,
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
        names = "encoder", "discriminator"
        return self._outputs(X, *names, sample_domain=sample_domain)[:, 0]
