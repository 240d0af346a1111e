"""Deep joint distribution optimal transport.

A plan matches source and target rows whose features are close and where the source's
label fits the target's prediction; then the networks lower the cost of that plan.
"""

from numbers import Integral, Real

from keras import ops

from adapt._sklearn import Interval
from adapt.deep import _losses
from adapt.deep._base import DeepAdapter

__all__ = ["DeepJDOT"]


class DeepJDOT(DeepAdapter):
    """Deep joint distribution optimal transport [1]_.

    In each step, an entropic transport plan between the source and the target batch is
    found for the cost ``alpha |zs - zt|^2 + L(ys, prediction(zt))``, with ``L`` the
    task loss; then the encoder and the task network minimise the loss on the source
    plus `lambda_` times the cost under that plan. Target labels are not needed; where
    `yt` has some, they join the task.

    Parameters
    ----------
    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them, used when `fit` is given none.

    lambda_ : float or callable, default=1.0
        Weight of the transport. A callable is a schedule: it returns the values at an
        array of step numbers, as `adapt.deep.UpdateLambda` does. No value compiles
        anything anew.

    alpha : float, default=0.1
        Weight of the squared distance of features in the cost, beside the task loss.

    reg : float, default=0.05
        Entropic regularisation, in units of the mean cost of a batch. The plan of the
        paper is the limit at 0.

    n_iterations : int, default=50
        Number of Sinkhorn iterations in each step.

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
    ``2 * batch_size`` rows; the plan adds O(batch_size^2 (d + n_iterations)) a step.
    Class proportions that differ between the domains are a known trouble: every source
    row has to be matched.

    References
    ----------
    .. [1] Damodaran et al. "DeepJDOT: deep joint distribution optimal transport for
       unsupervised domain adaptation." ECCV, 2018.

    Examples
    --------
    >>> from adapt.feature_based import DeepJDOT
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = DeepJDOT(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **DeepAdapter._parameter_constraints,
        "alpha": [Interval(Real, 0, None, closed="left")],
        "reg": [Interval(Real, 0, None, closed="neither")],
        "n_iterations": [Interval(Integral, 1, None, closed="left")],
    }

    _scheduled = ("lambda_", "alpha", "reg")

    def __init__(
        self,
        encoder=None,
        task=None,
        Xt=None,
        yt=None,
        lambda_=1.0,
        alpha=0.1,
        reg=0.05,
        n_iterations=50,
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
        self.alpha = alpha
        self.reg = reg
        self.n_iterations = n_iterations

    def _losses(self, batch):
        z = self._encode_both(batch)
        zs, zt = self._split(batch, z)
        own, other = self._scores_of_both(batch, z)
        labels = _losses.cross_cost(batch["ys"], other, self._labels.losses)
        features = _losses.squared_distances(_losses.flatten(zs), _losses.flatten(zt))
        cost = batch["alpha"] * features + labels
        plan = _losses.transport_plan(cost, batch["reg"], self.n_iterations)
        return {
            "task_loss": self._task_loss(batch, scores=own),
            "transport_loss": batch["lambda_"] * ops.sum(plan * cost),
        }
