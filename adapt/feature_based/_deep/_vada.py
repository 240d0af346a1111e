"""Virtual adversarial domain adaptation.

If the target falls into clusters of one class each, a boundary should not cut through
them: predictions are to be sure, and the same for rows next to each other.
"""

from numbers import Integral, Real

from keras import ops

from adapt._sklearn import Interval
from adapt.deep import _losses
from adapt.deep._adversarial import AdversarialAdapter
from adapt.deep._base import DeepAdapter

__all__ = ["VADA", "VirtualAdversary"]


class VirtualAdversary(DeepAdapter):
    """What methods share that train on virtual adversarial examples.

    It is mixed into deep adapters that have the parameters ``epsilon`` and ``n_power``,
    with ``epsilon`` among the scheduled ones.
    """

    _virtual_constraints: dict = {
        "epsilon": [Interval(Real, 0, None, closed="left"), callable],
        "n_power": [Interval(Integral, 1, None, closed="left")],
    }

    def _draw(self, rng, size):
        # One start for all rows of a step: each still starts from normal numbers.
        return {"start": rng.normal(size=(size[0], *self._shape))}

    def _divergence(self, batch, X, logits):
        """Return how far the worst offsets of rows move their predictions.

        ``logits`` are the predictions of ``X``, which are held constant. The offsets
        are sought without dropout, and without batches in batch normalisation.
        """

        def still_logits(X):
            z = ops.cast(self.encoder_(X, training=False), "float32")
            return self._labels.scores_of(self.task_, z, training=False)

        offset = _losses.adversarial_offset(
            still_logits, X, batch["start"], batch["epsilon"], self.n_power
        )
        moved = self._scores(self._features(X + offset))
        return _losses.kl_divergence(ops.stop_gradient(logits), moved)


class VADA(VirtualAdversary, AdversarialAdapter):
    """Virtual adversarial domain adaptation [1]_, for classes.

    To the losses of `DANN` it adds, on the target, the entropy of the predictions, and,
    on both domains, the virtual adversarial loss [2]_: how far predictions move when
    each row moves by `epsilon` in the direction in which they move most. Boundaries
    then pass where there are few rows. `DIRTT` goes on from here. Target labels are not
    needed; where `yt` has some, they join the task.

    Parameters
    ----------
    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    discriminator : keras.Model, callable or None, default=None
        From the encoder's features to one output, a logit or a sigmoid: the source is
        1. Where `sample_domain` has several sources, to an output for each of them,
        in the order of their numbers, and a last one for the target. If None, one
        hidden layer.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them, used when `fit` is given none.

    lambda_ : float or callable, default=0.1
        Weight of the reversed gradient. A callable is a schedule: it returns the values
        at an array of step numbers, as `adapt.deep.UpdateLambda` does. No value
        compiles anything anew.

    lambda_source : float or callable, default=1.0
        Weight of the virtual adversarial loss on the source.

    lambda_target : float or callable, default=0.1
        Weight of the entropy and of the virtual adversarial loss on the target.

    epsilon : float or callable, default=0.2
        How far rows are moved: the root mean square over columns, in units of their
        standard deviations in a batch. In series and images those are of channels.

    n_power : int, default=1
        Power iterations by which the direction is found. One is exact for two classes.

    copy, verbose, random_state : bool, int, int or RandomState
        As in `adapt.deep.DeepAdapter`, where all that follows is explained.

    loss, optimizer, learning_rate, optimizer_enc, metrics : object
        What is minimised, how, and what is recorded.

    optimizer_disc : str, dict, keras.optimizers.Optimizer or None, default=None
        For the discriminator, if not `optimizer`.

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

    discriminator_ : keras.Model
        The trained discriminator.

    Notes
    -----
    A step costs ``3 + n_power`` forward and ``2 + n_power`` backward passes of encoder
    and task network over ``2 * batch_size`` rows, where that of `DANN` costs one of
    each.

    In the paper the radius is the norm over all pixels; here it is their root mean
    square, in units of their spread, so that one value serves data of any scale and
    number of columns.

    References
    ----------
    .. [1] Shu, Bui, Narui and Ermon. "A DIRT-T approach to unsupervised domain
       adaptation." ICLR, 2018.
    .. [2] Miyato, Maeda, Koyama and Ishii. "Virtual adversarial training: a
       regularization method for supervised and semi-supervised learning." IEEE
       Transactions on Pattern Analysis and Machine Intelligence, 2018.

    Examples
    --------
    >>> from adapt.feature_based import VADA
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = VADA(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **AdversarialAdapter._parameter_constraints,
        **VirtualAdversary._virtual_constraints,
        "lambda_source": [Interval(Real, 0, None, closed="left"), callable],
        "lambda_target": [Interval(Real, 0, None, closed="left"), callable],
    }

    _scheduled = ("lambda_", "lambda_source", "lambda_target", "epsilon")
    _classes_only = True

    def __init__(
        self,
        encoder=None,
        task=None,
        discriminator=None,
        Xt=None,
        yt=None,
        lambda_=0.1,
        lambda_source=1.0,
        lambda_target=0.1,
        epsilon=0.2,
        n_power=1,
        copy=True,
        verbose=0,
        random_state=None,
        *,
        loss=None,
        optimizer="adam",
        learning_rate=None,
        optimizer_enc=None,
        optimizer_disc=None,
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
            discriminator,
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
            optimizer_disc=optimizer_disc,
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
        self.lambda_source = lambda_source
        self.lambda_target = lambda_target
        self.epsilon = epsilon
        self.n_power = n_power

    def _losses(self, batch):
        z = self._encode_both(batch)
        Xs, Xt = batch["Xs"], batch["Xt"]
        logits = self._of_both(self._scores, batch, z)
        ls, lt = self._split(batch, logits)
        if self.joint_batch:
            both = self._divergence(batch, ops.concatenate([Xs, Xt]), logits)
            source, target = self._split(batch, both)
        else:
            source = self._divergence(batch, Xs, ls)
            target = self._divergence(batch, Xt, lt)
        return {
            "task_loss": self._task_loss(batch, scores=ls),
            "disc_loss": self._domain_loss(batch, z, batch["lambda_"]),
            "entropy_loss": batch["lambda_target"] * ops.mean(_losses.entropy(lt)),
            "source_vat_loss": batch["lambda_source"] * ops.mean(source),
            "target_vat_loss": batch["lambda_target"] * ops.mean(target),
        }
