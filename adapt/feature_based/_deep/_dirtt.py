"""Decision-boundary iterative refinement training.

A model that was adapted with the source still serves it, too. Refined on the target
alone, its boundaries move out of the target's clusters, in steps that are kept small.
"""

from numbers import Integral, Real

from keras import ops

from adapt._sklearn import Interval
from adapt.deep import _losses
from adapt.deep._schedules import in_rounds
from adapt.deep._source_free import SourceFreeAdapter
from adapt.deep._trainer import Phase, Update
from adapt.feature_based._deep._vada import VADA, VirtualAdversary

__all__ = ["DIRTT"]


class DIRTT(VirtualAdversary, SourceFreeAdapter):
    """Decision-boundary iterative refinement training with a teacher [1]_, for classes.

    It starts from a fitted `VADA`, and needs no source rows. Encoder and task network
    minimise, on the target, the entropy of the predictions, the virtual adversarial
    loss, and `beta` times the divergence of the predictions from those of the teacher:
    the model itself as it was at the start of each of `n_rounds` rounds. Where `yt` has
    some labels, their loss is added.

    Parameters
    ----------
    model : DeepAdapter or None, default=None
        A fitted deep adapter, such as `VADA`, to start from. If None, a `VADA` is
        trained first, on the source given to `fit`.

    encoder, task : keras.Model, callable or None, default=None
        From samples to features and from features to predictions. If None, they are
        sized from the data.

    discriminator : keras.Model, callable or None, default=None
        From the encoder's features to one output, for the `VADA` that is trained first.

    Xt, yt : array-like, default=None
        Target rows, and the labels of some of them, used when `fit` is given none. With
        a `model`, ``fit(Xt)`` does.

    beta : float or callable, default=1.0
        Weight of the teacher. The paper's is this times its weight of the target.

    n_rounds : int, default=10
        How often the teacher is renewed.

    adapt_epochs : int, default=20
        Epochs on the target, over all rounds; `epochs` are those of the `VADA`, if one
        is trained first.

    epsilon, n_power : float or callable, int
        Radius and power iterations of the virtual adversarial loss, as in `VADA`.

    lambda_, lambda_source, lambda_target : float or callable
        Weights of the `VADA` that is trained first.

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

    source_ : DeepAdapter
        The model that was refined; it stays as it was.

    Notes
    -----
    A step costs ``3 + n_power`` forward and ``2 + n_power`` backward passes of both
    networks over `batch_size` target rows; a round adds a pass over all of them, whose
    predictions are kept.

    It follows the clusters of the target: where classes overlap, or where the model to
    start from is worse than chance in a cluster, it makes that surer.

    References
    ----------
    .. [1] Shu, Bui, Narui and Ermon. "A DIRT-T approach to unsupervised domain
       adaptation." ICLR, 2018.

    Examples
    --------
    >>> from adapt.feature_based import DIRTT, VADA
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> vada = VADA(epochs=20, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model = DIRTT(vada, random_state=0).fit(Xt)  # no source rows
    >>> model.predict(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **VADA._parameter_constraints,
        **SourceFreeAdapter._parameter_constraints,
        "beta": [Interval(Real, 0, None, closed="left"), callable],
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "adapt_epochs": [Interval(Integral, 1, None, closed="left")],
    }

    _scheduled = ("beta", "epsilon")
    _source_class = VADA

    def __init__(
        self,
        model=None,
        encoder=None,
        task=None,
        discriminator=None,
        Xt=None,
        yt=None,
        beta=1.0,
        n_rounds=10,
        adapt_epochs=20,
        epsilon=0.2,
        n_power=1,
        lambda_=0.1,
        lambda_source=1.0,
        lambda_target=0.1,
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
        self.discriminator = discriminator
        self.beta = beta
        self.n_rounds = n_rounds
        self.adapt_epochs = adapt_epochs
        self.epsilon = epsilon
        self.n_power = n_power
        self.lambda_source = lambda_source
        self.lambda_target = lambda_target
        self.optimizer_disc = optimizer_disc

    def _refine(self, networks, feed_of, Xt, rng):
        for epochs in in_rounds(self.adapt_epochs, self.n_rounds):
            p = self._labels.probability(self._chain(Xt, ("encoder", "task")))
            feed = feed_of(teacher=p)
            phase = Phase(epochs, "_updates")
            if not self._train(0, phase, networks, feed, (None, None), rng):
                break

    def _updates(self):
        return [Update(self._losses, ("encoder", "task"))]

    def _losses(self, batch):
        logits = self._target_logits(batch)
        teacher = ops.log(batch["teacher"] + _losses.TINY)
        losses = {
            "entropy_loss": ops.mean(_losses.entropy(logits)),
            "vat_loss": ops.mean(self._divergence(batch, batch["Xt"], logits)),
            "teacher_loss": batch["beta"]
            * ops.mean(_losses.kl_divergence(teacher, logits)),
        }
        return self._with_labelled(batch, losses)
