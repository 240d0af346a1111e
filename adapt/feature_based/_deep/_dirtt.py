"""Decision-boundary iterative refinement training.

A model that was adapted with the source still serves it, too. Refined on the target
alone, its boundaries move out of the target's clusters, in steps that are kept small.
"""

from numbers import Integral, Real

from keras import ops

from adapt._sklearn import Interval
from adapt.deep._hooks import Update
from adapt.deep._losses import TINY, entropy, kl_divergence
from adapt.deep._schedules import in_rounds
from adapt.deep._source_free import SourceFreeAdapter
from adapt.feature_based._deep._vada import VADA, VirtualAdversary

__all__ = ["DIRTT"]


class DIRTT(VirtualAdversary, SourceFreeAdapter):
    """Decision-boundary iterative refinement training with a teacher [1]_, for classes.

    It starts from a fitted `VADA`, and needs no source rows. Encoder and task network
    minimise, on the target, the entropy of the predictions, the virtual adversarial
    loss, and `beta` times the divergence of the predictions from those of the teacher:
    the model itself as it was at the start of each of `n_rounds` rounds. If `yt` has
    some labels, their loss is added.

    Parameters
    ----------
    model : DeepAdapter or None, default=None
        A fitted deep adapter, such as `VADA`, to start from. If None, a `VADA` is
        trained first, on the source given to `fit`.

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
        From the encoder's features to one output, for the `VADA` that is trained first.
        If None, it has one hidden layer.

    Xt : array-like of shape (n_target_samples, ...), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt` where some are known; NaN or None (or -1, where it is no class)
        for the others. The task loss of the labelled target rows is added to the one of
        the source. In the form of one table, labels of target rows are not read.

    beta : float or callable, default=1.0
        Weight of the teacher. The paper's is this times its weight of the target.

    n_rounds : int, default=10
        How often the teacher is renewed.

    adapt_epochs : int, default=20
        Epochs on the target, over all rounds; `epochs` are those of the `VADA`, if one
        is trained first.

    epsilon : float or callable, default=0.2
        How far rows are moved by the virtual adversarial loss.

    n_power : int, default=1
        Power iterations by which the direction of the offsets is found.

    epsilon_unit : {"spread", "norm"}, default="spread"
        What `epsilon` is: the root mean square over columns, in units of their standard
        deviations in a batch, where those of series and images are of channels; or the
        norm of the offset in the units of the rows.

    adversary : {"reversal", "alternating"}, default="reversal"
        How the `VADA` that is trained first gets its adversary.

    lambda_ : float or callable, default=0.1
        Weight of the reversed gradient in the `VADA` that is trained first.

    lambda_source : float or callable, default=1.0
        Weight of the virtual adversarial loss on the source in that `VADA`.

    lambda_target : float or callable, default=0.1
        Weight of the losses on the target in that `VADA`.

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

    source_ : DeepAdapter
        The model that was refined; it stays as it was.

    Notes
    -----
    Departures from [1]_:

    - the units of `epsilon`, and the training of the `VADA`, as told there;
    - all losses are divided by the paper's weight of the target, which Adam does not
      see: `beta` is the paper's weight of the teacher by that of the target;
    - the teacher is the model as it was; in the authors' code it has a running mean of
      the weights, with a decay of 0.998.

    As published, but for the last: ``DIRTT(lambda_=0.01, lambda_target=0.01, beta=1.0,
    epsilon=3.5, epsilon_unit="norm", adversary="alternating",
    optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5))``.

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
    _pools_units = True  # as VADA does

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
        epsilon_unit="spread",
        adversary="reversal",
        lambda_=0.1,
        lambda_source=1.0,
        lambda_target=0.1,
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
            Xt,
            yt,
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
        self.model = model
        self.lambda_ = lambda_
        self.discriminator = discriminator
        self.beta = beta
        self.n_rounds = n_rounds
        self.adapt_epochs = adapt_epochs
        self.epsilon = epsilon
        self.n_power = n_power
        self.epsilon_unit = epsilon_unit
        self.adversary = adversary
        self.lambda_source = lambda_source
        self.lambda_target = lambda_target
        self.optimizer_disc = optimizer_disc

    def _refine(self, networks, feed_of, Xt, rng):
        for epochs in in_rounds(self.adapt_epochs, self.n_rounds):
            p = self._labels.probability(self._chain(Xt, ("encoder", "task")))
            feed = feed_of(teacher=p)
            if not self._train_on_target(epochs, networks, feed, rng):
                break
            self._learn_from(Xt)

    def _updates(self):
        return [Update(self._losses, ("encoder", "task"))]

    def _losses(self, batch):
        logits = self._target_logits(batch)
        teacher = ops.log(batch["teacher"] + TINY)
        losses = {
            "entropy_loss": ops.mean(entropy(logits)),
            "vat_loss": ops.mean(self._divergence(batch, batch["Xt"], logits)),
            "teacher_loss": batch["beta"] * ops.mean(kl_divergence(teacher, logits)),
        }
        return self._with_labelled(batch, losses)
