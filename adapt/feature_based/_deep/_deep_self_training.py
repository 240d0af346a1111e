"""Self-training of networks: they are taught their own surest guesses on the target."""

from numbers import Integral, Real

import numpy as np
from keras import ops

from adapt._sklearn import Interval
from adapt.deep._hooks import Phase, Update
from adapt.deep._losses import softmax_cross_entropy
from adapt.deep._penalized import PenalizedAdapter
from adapt.deep._schedules import in_rounds
from adapt.feature_based._self_training import confident_labels

__all__ = ["DeepSelfTraining"]


class DeepSelfTraining(PenalizedAdapter):
    r"""Self-training of networks, with a schedule and balanced classes [1]_.

    The encoder and the task network are trained on the source. Then, at the start of
    each of `n_rounds` rounds, they label the target rows; of the rows given to a class
    the surest share is chosen, which rises evenly from `start` to `stop`; and training
    goes on with the loss on the source plus `lambda_` times that on the chosen rows,
    the others counting as zero. It is `SelfTraining` for networks, which are not
    trained from the start in each round. Target labels are not needed. If `yt` has
    some, they are added to the task loss.

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

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt` where some are known; NaN or None (or -1, where it is no class)
        for the others. The task loss of the labelled target rows is added to the one of
        the source. In the form of one table, labels of target rows are not read.

    lambda_ : float or callable, default=1.0
        Weight of the guesses. A callable is a schedule: it returns the values at an
        array of step numbers, as `adapt.deep.UpdateLambda` does. No value compiles
        anything again.

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

    copy : bool, default=True
        Whether networks that are given are copied, or trained themselves.

    verbose : int, default=0
        If positive, a line is printed after each epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, batches, dropout and the validation split. Default
        networks start from the same weights on every backend.

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
    Departures from [1]_:

    - the share of the rows that are chosen rises from 0.2 to 0.8, and in the paper from
      0.2 to 0.5, by 0.05 in each round; the authors' commands start from 0.15 or 0.2,
      by task, and also draw a growing share of the source.

    As published: ``DeepSelfTraining(n_rounds=7, stop=0.5)``, without the priors of
    places in an image.

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
        **PenalizedAdapter._parameter_constraints,
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
        self.n_rounds = n_rounds
        self.start = start
        self.stop = stop
        self.balanced = balanced
        self.pretrain_epochs = pretrain_epochs

    def _run(self, networks, groups, rows, held_out, rng):
        Xt = groups["target"]["Xt"]
        epochs = self.pretrain_epochs
        epochs = self.epochs if epochs is None else epochs
        feed = self._feed(groups, rows, rng)
        if epochs != 0:
            phase = Phase(epochs, "_pretraining", pretrain=True)
            if not self._train(0, phase, networks, feed, held_out, rng):
                return
        n_epochs, _ = self._plan(self.epochs, feed.n_steps)
        rounds = in_rounds(n_epochs, self.n_rounds)
        shares = np.linspace(self.start, self.stop, len(rounds))
        for epochs, share in zip(rounds, shares, strict=True):
            self._learn_from(Xt)
            p = self._labels.probability(self._chain(Xt, ("encoder", "task")))
            guess, self.joined_ = confident_labels(p, share, balanced=self.balanced)
            self.target_guess_ = self.classes_[guess]
            guesses = {"guess": guess.astype(np.int32), "joined": self.joined_}
            target = {"Xt": Xt, **guesses}
            feed = self._feed({**groups, "target": target}, rows, rng)
            phase = Phase(epochs, "_updates")
            if not self._train(1, phase, networks, feed, held_out, rng):
                return

    def _pretraining(self):
        return [Update(self._source_losses, ("encoder", "task"))]

    def _losses(self, batch):
        own, other = self._scores_of_both(batch, self._encode_both(batch))
        wrong = softmax_cross_entropy(batch["guess"], other)
        return {
            "task_loss": self._task_loss(batch, scores=own),
            "guess_loss": batch["lambda_"] * ops.mean(batch["joined"] * wrong),
        }
