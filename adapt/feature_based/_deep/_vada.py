"""Virtual adversarial domain adaptation.

If the target falls into clusters of one class each, a boundary should not cut through
them: predictions are to be sure, and the same for rows next to each other.
"""

from numbers import Integral, Real

from keras import ops

from adapt._sklearn import Interval, StrOptions
from adapt.deep._adversarial import AdversarialAdapter
from adapt.deep._base import DeepAdapter
from adapt.deep._hooks import Update
from adapt.deep._losses import (
    adversarial_offset,
    domain_confusion,
    entropy,
    kl_divergence,
)

__all__ = ["VADA", "VirtualAdversary"]


class VirtualAdversary(DeepAdapter):
    """What methods share that train on virtual adversarial examples.

    It is mixed into deep adapters that have the parameters ``epsilon`` and ``n_power``,
    with ``epsilon`` among the scheduled ones.
    """

    _virtual_constraints: dict = {
        "epsilon": [Interval(Real, 0, None, closed="left"), callable],
        "n_power": [Interval(Integral, 1, None, closed="left")],
        "epsilon_unit": [StrOptions({"spread", "norm"})],
        "adversary": [StrOptions({"reversal", "alternating"})],
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

        offset = adversarial_offset(
            still_logits,
            X,
            batch["start"],
            batch["epsilon"],
            self.n_power,
            self.epsilon_unit,
        )
        moved = self._scores(self._features(X + offset))
        return kl_divergence(ops.stop_gradient(logits), moved)


class VADA(VirtualAdversary, AdversarialAdapter):
    """Virtual adversarial domain adaptation [1]_, for classification.

    To the losses of `DANN` it adds, on the target, the entropy of the predictions, and,
    on both domains, the virtual adversarial loss [2]_: how far predictions move when
    each row moves by `epsilon` in the direction in which they move most. Boundaries
    then pass where there are few rows. `DIRTT` goes on from here. Target labels are not
    needed. If `yt` has some, they are added to the task loss.

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

    discriminator : keras.Model, callable or None, default=None
        From the encoder's features to one output, a logit or a sigmoid: the source is
        1. Where `sample_domain` has several sources, to an output for each of them, in
        the order of their numbers, and a last one for the target. If None, it has one
        hidden layer.

    Xt : array-like of shape (n_target_samples, ...), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt` where some are known; NaN or None (or -1, where it is no class)
        for the others. The task loss of the labelled target rows is added to the one of
        the source. In the form of one table, labels of target rows are not read.

    lambda_ : float or callable, default=0.1
        Weight of the reversed gradient. A callable is a schedule: it returns the values
        at an array of step numbers, as `adapt.deep.UpdateLambda` does. No value
        compiles anything again.

    lambda_source : float or callable, default=1.0
        Weight of the virtual adversarial loss on the source.

    lambda_target : float or callable, default=0.1
        Weight of the entropy and of the virtual adversarial loss on the target.

    epsilon : float or callable, default=0.2
        How far rows are moved.

    n_power : int, default=1
        Power iterations by which the direction is found. One is exact for two classes.

    epsilon_unit : {"spread", "norm"}, default="spread"
        What `epsilon` is: the root mean square over columns, in units of their standard
        deviations in a batch, where those of series and images are of channels; or the
        norm of the offset in the units of the rows.

    adversary : {"reversal", "alternating"}, default="reversal"
        Whether the encoder and the discriminator move together, by a reversed gradient,
        or in turns: the discriminator on the domains, the encoder on exchanged ones.

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

    optimizer_disc : str, dict, keras.optimizers.Optimizer or None, default=None
        Optimizer of the discriminator. If None, as `optimizer`.

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
    Departures from [1]_:

    - `epsilon` is the root mean square of an offset in units of the columns' spread, so
      that one value serves data of any scale and number of columns; in the paper it is
      the norm of the offset in the units of the rows;
    - the encoder gets the discriminator's gradient reversed; in the paper the two are
      trained in turns, the encoder on exchanged labels;
    - the weights: the paper chooses `lambda_` from 0 and 0.01, `lambda_source` from 0
      and 1, `lambda_target` from 0.01 and 0.1.

    As published: ``VADA(lambda_=0.01, lambda_target=0.01, epsilon=3.5,
    epsilon_unit="norm", adversary="alternating",
    optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5))``, without the running mean of
    the weights that predicts in the authors' code, with a decay of 0.998.

    A step costs ``3 + n_power`` forward and ``2 + n_power`` backward passes of encoder
    and task network over ``2 * batch_size`` rows, where that of `DANN` costs one of
    each.

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
        epsilon_unit="spread",
        adversary="reversal",
        copy=True,
        verbose=0,
        random_state=None,
        *,
        loss=None,
        optimizer=None,
        learning_rate=None,
        optimizer_enc=None,
        optimizer_disc=None,
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
        self.lambda_source = lambda_source
        self.lambda_target = lambda_target
        self.epsilon = epsilon
        self.n_power = n_power
        self.epsilon_unit = epsilon_unit
        self.adversary = adversary

    def _updates(self):
        updates = super()._updates()
        if self.adversary == "reversal":
            return updates
        networks = "encoder", "task"
        return [
            Update(self._discriminator_losses, ("discriminator",)),
            *(update._replace(on=networks) for update in updates),
        ]

    def _discriminator_losses(self, batch):
        z = ops.stop_gradient(self._encode_both(batch))
        return {"disc_loss": self._domain_loss(batch, z)}

    def _confusion(self, batch, z):
        """Return what the encoder is to lower: the domains, or the exchanged ones."""
        if self.adversary == "reversal":
            return {"disc_loss": self._domain_loss(batch, z, batch["lambda_"])}
        confusion = domain_confusion(self._logits(z), batch["Xs"].shape[0])
        return {"confusion_loss": batch["lambda_"] * confusion}

    def _losses(self, batch):
        z = self._encode_both(batch)
        Xs, Xt = batch["Xs"], batch["Xt"]
        logits = self._of_both(self._scores, batch, z)
        ls, lt = self._split(batch, logits)
        if self._passes_joint():
            both = self._divergence(batch, ops.concatenate([Xs, Xt]), logits)
            source, target = self._split(batch, both)
        else:
            source = self._divergence(batch, Xs, ls)
            target = self._divergence(batch, Xt, lt)
        return {
            "task_loss": self._task_loss(batch, scores=ls),
            **self._confusion(batch, z),
            "entropy_loss": batch["lambda_target"] * ops.mean(entropy(lt)),
            "source_vat_loss": batch["lambda_source"] * ops.mean(source),
            "target_vat_loss": batch["lambda_target"] * ops.mean(target),
        }
