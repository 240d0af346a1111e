"""Minimum class confusion.

A classifier that hesitates between two classes on target rows confuses them. How much
it does can be measured without labels, and minimised.
"""

from numbers import Real

from adapt._sklearn import Interval
from adapt.deep import _losses
from adapt.deep._base import DeepAdapter

__all__ = ["MCC"]


class MCC(DeepAdapter):
    """Minimum class confusion [1]_, for classes.

    The encoder and the task network minimise the loss on the source plus `lambda_`
    times the confusion of classes on target rows: from the predicted probabilities,
    softened by `temperature` and weighted towards certain rows, follows how often each
    pair of classes is predicted together. Nothing is aligned. Target labels are not
    needed; where `yt` has some, they join the task.

    Parameters
    ----------
    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them, used when `fit` is given none.

    lambda_ : float or callable, default=1.0
        Weight of the confusion. A callable is a schedule: it returns the values at an
        array of step numbers, as `adapt.deep.UpdateLambda` does. No value compiles
        anything anew.

    temperature : float, default=2.5
        What logits are divided by before the softmax.

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
    An epoch of ``s`` steps costs ``s`` forward and backward passes of the networks over
    ``2 * batch_size`` rows; with ``k`` classes, the confusion adds O(batch_size k^2) a
    step.

    References
    ----------
    .. [1] Jin et al. "Minimum class confusion for versatile domain adaptation." ECCV,
       2020.

    Examples
    --------
    >>> from adapt.feature_based import MCC
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = MCC(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **DeepAdapter._parameter_constraints,
        "temperature": [Interval(Real, 0, None, closed="neither")],
    }

    _scheduled = ("lambda_", "temperature")
    _classes_only = True

    def __init__(
        self,
        encoder=None,
        task=None,
        Xt=None,
        yt=None,
        lambda_=1.0,
        temperature=2.5,
        copy=True,
        verbose=0,
        random_state=None,
        *,
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
        self.temperature = temperature

    def _losses(self, batch):
        own, other = self._scores_of_both(batch, self._encode_both(batch))
        confusion = _losses.class_confusion(other, batch["temperature"])
        return {
            "task_loss": self._task_loss(batch, scores=own),
            "confusion_loss": batch["lambda_"] * confusion,
        }
