"""Source hypothesis transfer: a trained classifier adapted to target rows alone.

The task network stays; the encoder learns to give it target features that it classifies
surely and evenly, as the nearest class centre does.
"""

from numbers import Integral

import numpy as np
from keras import ops
from sklearn.preprocessing import normalize

from adapt._sklearn import Interval
from adapt.deep import _losses
from adapt.deep._schedules import in_rounds
from adapt.deep._source_free import SourceFreeAdapter
from adapt.deep._source_only import DeepSource
from adapt.deep._trainer import Phase, Update

__all__ = ["SHOT"]


def pseudo_labels(z, p):
    """Return the class whose centre is nearest, by the angle.

    Parameters
    ----------
    z : ndarray of shape (n_samples, n_features)
        Features.

    p : ndarray of shape (n_samples, n_classes)
        Class probabilities. Centres are means weighted by them at first, and then by
        the classes found; a class that is predicted nowhere has none.

    Returns
    -------
    y : ndarray of int of shape (n_samples,)
    """
    z = normalize(np.column_stack([z, np.ones(len(z))]))
    present = np.unique(p.argmax(axis=1))
    weight = p[:, present]
    for _ in range(2):
        centres = normalize(weight.T @ z)
        nearest = (z @ centres.T).argmax(axis=1)
        weight = np.eye(len(present))[nearest]
    return present[nearest].astype(np.int32)


class SHOT(SourceFreeAdapter):
    """Source hypothesis transfer [1]_, for classes, without the source.

    It starts from a fitted model and needs no source rows. The encoder alone moves: it
    maximises the mutual information of target rows and predicted classes, and
    minimises, with weight `lambda_`, the cross-entropy of pseudo-labels. Those are
    found anew at the start of each of `n_rounds` rounds: the class whose centre, a mean
    of features weighted by predictions, is nearest. Where `yt` has some labels, their
    loss is added.

    Parameters
    ----------
    model : DeepAdapter or None, default=None
        A fitted deep adapter, such as `DeepSource`, to start from. If None, a
        `DeepSource` is trained first, on the source given to `fit`.

    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them, used when `fit` is given none. With
        a `model`, ``fit(Xt)`` does.

    lambda_ : float or callable, default=0.3
        Weight of the pseudo-labels. A callable is a schedule: it returns the values at
        an array of step numbers, as `adapt.deep.UpdateLambda` does. No value compiles
        anything anew.

    n_rounds : int, default=5
        How often pseudo-labels are found.

    adapt_epochs : int, default=15
        Epochs on the target, over all rounds; `epochs` are those on the source, if a
        model is trained first.

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

    source_ : DeepAdapter
        The model that was adapted; it stays as it was.

    Notes
    -----
    An epoch of ``s`` steps costs ``s`` passes of both networks over `batch_size` target
    rows; a round adds a pass over all of them. It spreads predictions over classes, and
    so it harms where some are absent from the target.

    References
    ----------
    .. [1] Liang et al. "Do we really need to access the source data? Source hypothesis
       transfer for unsupervised domain adaptation." ICML, 2020.

    Examples
    --------
    >>> from adapt.feature_based import DeepSource, SHOT
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> source = DeepSource(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model = SHOT(source, random_state=0).fit(Xt)  # no source rows
    >>> model.predict(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **SourceFreeAdapter._parameter_constraints,
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "adapt_epochs": [Interval(Integral, 1, None, closed="left")],
    }

    _source_class = DeepSource

    def __init__(
        self,
        model=None,
        encoder=None,
        task=None,
        Xt=None,
        yt=None,
        lambda_=0.3,
        n_rounds=5,
        adapt_epochs=15,
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
        self.model = model
        self.n_rounds = n_rounds
        self.adapt_epochs = adapt_epochs

    def _refine(self, networks, feed_of, Xt, rng):
        for epochs in in_rounds(self.adapt_epochs, self.n_rounds):
            z = self._chain(Xt, ("encoder",)).reshape(len(Xt), -1)
            p = self._labels.probability(self._chain(Xt, ("encoder", "task")))
            feed = feed_of(pseudo=pseudo_labels(z, p))
            phase = Phase(epochs, "_updates")
            if not self._train(0, phase, networks, feed, (None, None), rng):
                break

    def _updates(self):
        return [Update(self._losses, ("encoder",))]

    def _losses(self, batch):
        logits = self._target_logits(batch)
        wrong = _losses.softmax_cross_entropy(batch["pseudo"], logits)
        losses = {
            "information_loss": -_losses.mutual_information(logits),
            "pseudo_loss": batch["lambda_"] * ops.mean(wrong),
        }
        return self._with_labelled(batch, losses)
