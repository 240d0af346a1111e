"""Deep CORAL: an encoder whose features have one covariance in both domains."""

from adapt.deep._class_weights import ClassWeighting
from adapt.deep._losses import coral, flatten, mean_gap
from adapt.deep._penalized import PenalizedAdapter

__all__ = ["DeepCORAL"]


class DeepCORAL(ClassWeighting, PenalizedAdapter):
    """Correlation alignment for deep networks [1]_.

    The encoder and the task network minimise the loss on the source plus `lambda_`
    times the squared distance of the covariances of source and target features. Target
    labels are not needed. If `yt` has some, they are added to the task loss.

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

    Xt : array-like of shape (n_target_samples, ...), default=None
        Target rows, used when `fit` is given none.

    lambda_ : float or callable, default=1.0
        Weight of the CORAL loss. A callable is a schedule: it returns the values at an
        array of step numbers, as `adapt.deep.UpdateLambda` does. No value compiles
        anything again.

    match_mean : bool, default=False
        Whether to add the mean squared difference of the means.

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

    Notes
    -----
    Departures from [1]_:

    - the loss compares the features that `encoder` gives, and in the paper the outputs
      of the last layer. With that layer in the encoder it does.

    As published: ``DeepCORAL(encoder=network, task=keras.layers.Identity())``, where
    ``network`` goes from samples to logits.

    With ``d`` features of the encoder, a step costs ``O(batch_size d^2)`` more than
    training on the source and the target rows alone. Here the encoder also gets the
    gradient of the task, as in the paper; in ADAPT 0.4.5 it does not.

    References
    ----------
    .. [1] Sun & Saenko. "Deep CORAL: correlation alignment for deep domain adaptation."
       ECCV workshops, 2016.

    Examples
    --------
    >>> from adapt.feature_based import DeepCORAL
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = DeepCORAL(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **PenalizedAdapter._parameter_constraints,
        **ClassWeighting._parameter_constraints,
        "match_mean": ["boolean"],
    }

    def __init__(
        self,
        encoder=None,
        task=None,
        Xt=None,
        lambda_=1.0,
        match_mean=False,
        copy=True,
        verbose=0,
        random_state=None,
        *,
        yt=None,
        loss=None,
        optimizer=None,
        learning_rate=None,
        optimizer_enc=None,
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
        self.class_weights = class_weights
        self.match_mean = match_mean

    def _losses(self, batch):
        zs, zt = self._encode(batch)
        losses = {"task_loss": self._task_loss(batch, zs)}
        zs, zt = flatten(zs), flatten(zt)
        weights = self._weights_of_classes(batch)
        losses["coral_loss"] = batch["lambda_"] * coral(zs, zt, weights)
        if self.match_mean:
            losses["mean_loss"] = batch["lambda_"] * mean_gap(zs, zt, weights)
        return losses
