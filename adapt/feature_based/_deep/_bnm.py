"""Batch nuclear-norm maximisation.

The nuclear norm of a batch of predictions is large where they are certain, and where
they do not all say the same.
"""

from adapt.deep import _losses
from adapt.deep._base import DeepAdapter

__all__ = ["BNM"]


class BNM(DeepAdapter):
    """Batch nuclear-norm maximisation [1]_, for classes.

    The encoder and the task network minimise the loss on the source, and maximise, with
    weight `lambda_`, the sum of the singular values of the class probabilities of a
    target batch, per row. Target labels are not needed; where `yt` has some, they join
    the task.

    Parameters
    ----------
    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them, used when `fit` is given none.

    lambda_ : float or callable, default=1.0
        Weight of the norm. A callable is a schedule: it returns the values at an array
        of step numbers, as `adapt.deep.UpdateLambda` does. No value compiles anything
        anew.

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
    ``2 * batch_size`` rows; with ``k`` classes, the norm adds O(batch_size k^2 + k^3) a
    step, for its gradient needs no more than the eigenvectors of a ``k x k`` matrix. It
    is negative in `history_`, for it is maximised.

    References
    ----------
    .. [1] Cui et al. "Towards discriminability and diversity: batch nuclear-norm
       maximization under label insufficient situations." CVPR, 2020.

    Examples
    --------
    >>> from adapt.feature_based import BNM
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = BNM(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (100,)
    """

    _classes_only = True

    def _losses(self, batch):
        own, other = self._scores_of_both(batch, self._encode_both(batch))
        norm = _losses.batch_nuclear_norm(self._labels.predictions(other))
        return {
            "task_loss": self._task_loss(batch, scores=own),
            "norm_loss": -batch["lambda_"] * norm,
        }
