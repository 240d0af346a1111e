"""Deep adaptation network: features whose distributions agree in a kernel's space."""

from adapt.deep import _losses
from adapt.deep._base import DeepAdapter

__all__ = ["DAN"]


class DAN(DeepAdapter):
    """Deep adaptation network [1]_: multi-kernel maximum mean discrepancy.

    The encoder and the task network minimise the loss on the source plus `lambda_`
    times the squared maximum mean discrepancy of source and target features, with the
    mean of five Gaussian kernels around the mean distance in the batch. Target labels
    are not needed; where `yt` has some, they join the task.

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
    a step. The paper compares several layers and learns the weights of the kernels;
    here the encoder's features are compared, with equal weights.

    References
    ----------
    .. [1] Long et al. "Learning transferable features with deep adaptation networks."
       ICML, 2015.

    Examples
    --------
    >>> from adapt.feature_based import DAN
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = DAN(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (100,)
    """

    def _losses(self, batch):
        zs, zt = self._encode(batch)
        mmd = _losses.joint_mmd((_losses.flatten(zs), _losses.flatten(zt)))
        return {
            "task_loss": self._task_loss(batch, zs),
            "mmd_loss": batch["lambda_"] * mmd,
        }
