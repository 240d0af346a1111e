"""Classification and contrastive semantic alignment, with few target labels.

Source and target rows of one class are drawn together, those of two classes apart.
"""

from numbers import Real

from adapt._sklearn import Interval
from adapt.deep import _losses
from adapt.deep._base import DeepAdapter

__all__ = ["CCSA"]


class CCSA(DeepAdapter):
    """Classification and contrastive semantic alignment [1]_, for classes.

    The encoder and the task network minimise ``(1 - gamma)`` times the task loss plus
    `gamma` times the contrastive loss of all pairs of a source row and a labelled
    target row of the batch. It needs the labels of some target rows; rows without are
    not used.

    Parameters
    ----------
    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them (NaN, None or -1 for the others),
        used when `fit` is given none.

    margin : float, default=1.0
        Distance in the features beyond which rows of two classes are far enough apart.

    gamma : float, default=0.5
        Share of the contrastive loss, in [0, 1].

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
    ``2 * batch_size`` rows; the pairs add O(batch_size^2 d) a step. The task loss is
    that of the source plus that of the labelled target rows; the paper has the first
    alone.

    References
    ----------
    .. [1] Motiian et al. "Unified deep supervised domain adaptation and
       generalization." ICCV, 2017.

    Examples
    --------
    >>> from adapt.feature_based import CCSA
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = CCSA(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt, yt=yt)
    >>> model.predict(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **DeepAdapter._parameter_constraints,
        "margin": [Interval(Real, 0, None, closed="neither")],
        "gamma": [Interval(Real, 0, 1, closed="both")],
    }

    _scheduled = ("margin", "gamma")
    _classes_only = True
    _uses_target_labels = True
    _requires_target_labels = True

    def __init__(
        self,
        encoder=None,
        task=None,
        Xt=None,
        yt=None,
        margin=1.0,
        gamma=0.5,
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
        self.encoder = encoder
        self.task = task
        self.Xt = Xt
        self.yt = yt
        self.margin = margin
        self.gamma = gamma
        self.copy = copy
        self.verbose = verbose
        self.random_state = random_state
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.optimizer_enc = optimizer_enc
        self.metrics = metrics
        self.epochs = epochs
        self.batch_size = batch_size
        self.callbacks = callbacks
        self.validation_split = validation_split
        self.validation_data = validation_data
        self.jit_compile = jit_compile
        self.joint_batch = joint_batch
        self.device_budget = device_budget

    def _losses(self, batch):
        z = self._encode_both(batch, "Xl")
        zs, zl = self._split(batch, _losses.flatten(z))
        contrast = _losses.contrastive(
            zs, batch["ys"], zl, batch["yl"], batch["margin"]
        )
        own, labelled = self._scores_of_both(batch, z)
        task_loss = self._task_loss(batch, scores=own, labelled=labelled)
        return {
            "task_loss": (1 - batch["gamma"]) * task_loss,
            "contrast": batch["gamma"] * contrast,
        }
