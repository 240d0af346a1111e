"""Joint adaptation network: features and predictions agree together, not one by one."""

from adapt.deep import _losses
from adapt.deep._base import DeepAdapter

__all__ = ["JAN"]


class JAN(DeepAdapter):
    """Joint adaptation network [1]_: joint maximum mean discrepancy.

    The encoder and the task network minimise the loss on the source plus `lambda_`
    times the squared maximum mean discrepancy of the joint distributions of features
    and predictions; the kernel is the product of one for each. Predictions are class
    probabilities, or numbers. Target labels are not needed; where `yt` has some, they
    join the task.

    Parameters
    ----------
    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them, used when `fit` is given none.

    lambda_ : float or callable, default=1.0
        Weight of the discrepancy. A callable is a schedule: it returns the values at an
        array of step numbers, as `adapt.deep.UpdateLambda` does. No value compiles
        anything anew.

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
    ``2 * batch_size`` rows; with ``d`` features, the discrepancy adds O(batch_size^2 d)
    a step.

    References
    ----------
    .. [1] Long et al. "Deep transfer learning with joint adaptation networks." ICML,
       2017.

    Examples
    --------
    >>> from adapt.feature_based import JAN
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = JAN(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (100,)
    """

    def _losses(self, batch):
        z = self._encode_both(batch)
        features = self._split(batch, _losses.flatten(z))
        scores = self._scores_of_both(batch, z)
        predictions = [*map(self._labels.predictions, scores)]
        return {
            "task_loss": self._task_loss(batch, scores=scores[0]),
            "mmd_loss": batch["lambda_"] * _losses.joint_mmd(features, predictions),
        }
