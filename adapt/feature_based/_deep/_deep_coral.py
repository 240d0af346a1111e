"""Deep CORAL: an encoder whose features have one covariance in both domains."""

from adapt.deep import _losses
from adapt.deep._base import DeepAdapter

__all__ = ["DeepCORAL"]


class DeepCORAL(DeepAdapter):
    """Correlation alignment for deep networks [1]_.

    The encoder and the task network minimise the loss on the source plus `lambda_`
    times the squared distance of the covariances of source and target features. Target
    labels are not needed; where `yt` has some, they join the task.

    Parameters
    ----------
    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them, used when `fit` is given none.

    lambda_ : float or callable, default=1.0
        Weight of the CORAL loss. A callable is a schedule: it returns the values at an
        array of step numbers, as `adapt.deep.UpdateLambda` does. No value compiles
        anything anew.

    match_mean : bool, default=False
        Whether to add the mean squared difference of the means.

    copy, verbose, random_state : bool, int, int or RandomState
        As in `adapt.deep.DeepAdapter`, where all that follows is explained.

    loss, optimizer, learning_rate, optimizer_enc, metrics : object
        What is minimised, how, and what is recorded.

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

    Notes
    -----
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
        **DeepAdapter._parameter_constraints,
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
        optimizer="adam",
        learning_rate=None,
        optimizer_enc=None,
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
        self.match_mean = match_mean

    def _losses(self, batch):
        zs, zt = self._encode(batch)
        losses = {"task_loss": self._task_loss(batch, zs)}
        zs, zt = _losses.flatten(zs), _losses.flatten(zt)
        losses["coral_loss"] = batch["lambda_"] * _losses.coral(zs, zt)
        if self.match_mean:
            losses["mean_loss"] = batch["lambda_"] * _losses.mean_gap(zs, zt)
        return losses
