"""Self-training of networks: they are taught their own surest guesses on the target."""

from numbers import Integral, Real

import numpy as np
from keras import ops

from adapt._sklearn import Interval
from adapt.deep import _losses, _program
from adapt.deep._base import DeepAdapter
from adapt.deep._schedules import in_rounds
from adapt.deep._trainer import Phase, Update
from adapt.feature_based._self_training import confident_labels

__all__ = ["DeepSelfTraining"]


class DeepSelfTraining(DeepAdapter):
    r"""Self-training of networks, with a schedule and balanced classes [1]_.

    The encoder and the task network are trained on the source. Then, at the start of
    each of `n_rounds` rounds, they label the target rows; of the rows given to a class
    the surest share is chosen, which rises evenly from `start` to `stop`; and training
    goes on with the loss on the source plus `lambda_` times that on the chosen rows,
    the others counting as zero. It is `SelfTraining` for networks, which are not
    trained anew in each round. Target labels are not needed; where `yt` has some, they
    join the task.

    Parameters
    ----------
    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them, used when `fit` is given none.

    lambda_ : float or callable, default=1.0
        Weight of the guesses. A callable is a schedule: it returns the values at an
        array of step numbers, as `adapt.deep.UpdateLambda` does. No value compiles
        anything anew.

    n_rounds : int, default=5
        How often target rows are labelled.

    start : float, default=0.2
        Share of the target rows that is chosen in the first round.

    stop : float, default=0.8
        Share that is chosen in the last round.

    balanced : bool, default=True
        Whether that share is chosen of each class, or else of all rows together.

    pretrain_epochs : int or None, default=None
        Epochs on the source at first; `epochs` are those of all rounds together. If
        None, as many. With 0, `encoder` and `task` are to be trained ones.

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

    target_guess_ : ndarray of shape (n_target_samples,)
        The guesses of the last round.

    joined_ : ndarray of bool of shape (n_target_samples,)
        Which target rows were trained on in the last round.

    history_ : dict of list of float
        Mean losses and metrics of each epoch, `val_loss` with a validation set.

    pretrain_history_ : dict of list of float
        The same, of the epochs on the source.

    n_epochs_ : int
        Number of epochs done.

    n_features_in_ : int
        Number of features seen in `fit`, or of time steps, or of rows of pixels.

    See Also
    --------
    SelfTraining : The same for any classifier of scikit-learn.
    SHOT : Guesses by the nearest class centre, without the source.

    Notes
    -----
    An epoch of ``s`` steps costs ``s`` forward and backward passes of the networks over
    ``2 * batch_size`` rows; a round adds a pass over all target rows. Where the source
    model is surely wrong, it makes that worse.

    References
    ----------
    .. [1] Zou, Yu, Kumar and Wang. "Unsupervised domain adaptation for semantic
       segmentation via class-balanced self-training." ECCV, 2018.

    Examples
    --------
    >>> from adapt.feature_based import DeepSelfTraining
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = DeepSelfTraining(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **DeepAdapter._parameter_constraints,
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "start": [Interval(Real, 0, 1, closed="right")],
        "stop": [Interval(Real, 0, 1, closed="right")],
        "balanced": ["boolean"],
        "pretrain_epochs": [Interval(Integral, 0, None, closed="left"), None],
    }

    _not_compiled = ("n_rounds", "start", "stop", "balanced", "pretrain_epochs")
    _classes_only = True

    def __init__(
        self,
        encoder=None,
        task=None,
        Xt=None,
        yt=None,
        lambda_=1.0,
        n_rounds=5,
        start=0.2,
        stop=0.8,
        balanced=True,
        pretrain_epochs=None,
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
        self.n_rounds = n_rounds
        self.start = start
        self.stop = stop
        self.balanced = balanced
        self.pretrain_epochs = pretrain_epochs

    def _run(self, networks, groups, rows, held_out, rng):
        Xt = groups["target"]["Xt"]
        sizes = rows, self.batch_size, self.device_budget
        epochs = self.pretrain_epochs
        epochs = self.epochs if epochs is None else epochs
        if epochs:
            phase = Phase(epochs, "_pretraining", pretrain=True)
            feed = _program.Feed(groups, *sizes)
            if not self._train(0, phase, networks, feed, held_out, rng):
                return
        rounds = in_rounds(self.epochs, self.n_rounds)
        shares = np.linspace(self.start, self.stop, len(rounds))
        for epochs, share in zip(rounds, shares, strict=True):
            p = self._labels.probability(self._chain(Xt, ("encoder", "task")))
            guess, self.joined_ = confident_labels(p, share, balanced=self.balanced)
            self.target_guess_ = self.classes_[guess]
            guesses = {"guess": guess.astype(np.int32), "joined": self.joined_}
            feed = _program.Feed({**groups, "target": {"Xt": Xt, **guesses}}, *sizes)
            phase = Phase(epochs, "_updates")
            if not self._train(1, phase, networks, feed, held_out, rng):
                return

    def _pretraining(self):
        return [Update(self._source_losses, ("encoder", "task"))]

    def _losses(self, batch):
        own, other = self._scores_of_both(batch, self._encode_both(batch))
        wrong = _losses.softmax_cross_entropy(batch["guess"], other)
        return {
            "task_loss": self._task_loss(batch, scores=own),
            "guess_loss": batch["lambda_"] * ops.mean(batch["joined"] * wrong),
        }
