"""The base of deep methods: a method is its networks and its losses, nothing else."""

import copy as copying
import warnings
from numbers import Integral, Real

import keras
import numpy as np
from keras import ops
from sklearn.utils import check_random_state

from adapt._domains import check_rows, require_labels
from adapt._sklearn import Interval, StrOptions
from adapt.base import BaseAdapter
from adapt.deep._augment import augmenter
from adapt.deep._engine import layout
from adapt.deep._feed import Feed
from adapt.deep._forward import outputs_of
from adapt.deep._labels import read_labels
from adapt.deep._layers import learn_scales
from adapt.deep._monitor import as_list, metrics_of
from adapt.deep._networks import default_encoder, default_task
from adapt.deep._outputs import emits_probabilities
from adapt.deep._predictor import DeepPredictor
from adapt.deep._recipes import check_copyable, prepare, without_tensorflow
from adapt.deep._row_streams import read_rows
from adapt.deep._schedules import check_schedules
from adapt.deep._statistics import learn_statistics, moving_norms, statistics_of
from adapt.deep._trainer import Phase, Trainer, Update
from adapt.deep._validation import (
    HeldOut,
    check_pair,
    hold_out,
    some_of,
    validation_logs,
    warn_of_collapse,
)

__all__ = ["DeepAdapter", "Phase", "Update"]

_FIT_OPTIONS = (
    "epochs",
    "batch_size",
    "callbacks",
    "validation_data",
    "validation_split",
    "verbose",
)


# How long trainings are by default: steps by the number of axes of a sample, and at
# least so many epochs. Two moons needed 1,000 steps and more, activities of people 300.
_STEPS = {1: 1000, 2: 300, 3: 300}
_EPOCHS = 10

# Fewer rows that are held out are normalised by running averages.
_FEW = 32


class DeepAdapter(Trainer, DeepPredictor):
    """Train networks on a source and a target.

    A subclass writes `_losses`, and where it has more than an encoder and a task
    network, `_make_networks`. A method of several players writes `_updates`, one of
    several phases `_phases`. Losses are compiled once and used again for other fits:
    they may read the networks (``self.encoder_``, ...), the batch, parameters of the
    constructor, and fitted attributes that the class names in ``_read_by_losses`` and
    tells apart in `_structure`. On others they raise an AttributeError.

    A batch is a dict of tensors: ``Xs, ys, ws`` (rows, encoded labels and weights of
    the source), ``Xt``, where target labels are given ``Xl, yl`` (labelled target
    rows), the parameters named in ``_scheduled`` at this step, what `_draw` draws, and
    ``notes``, a dict in which numbers can be left for the history.

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

    history_ : dict of list of float
        Mean losses and metrics of each epoch, `val_loss` with a validation set.

    n_epochs_ : int
        Number of epochs done.

    n_features_in_ : int
        Number of features seen in `fit`, or of time steps, or of rows of pixels.
    """

    _parameter_constraints: dict = {
        **BaseAdapter._parameter_constraints,
        "encoder": [callable, None],
        "task": [callable, None],
        "loss": [str, callable, None],
        "optimizer": [str, dict, keras.optimizers.Optimizer, None],
        "optimizer_enc": [str, dict, keras.optimizers.Optimizer, None],
        "optimizer_disc": [str, dict, keras.optimizers.Optimizer, None],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "metrics": [str, callable, list, tuple, None],
        "epochs": [Interval(Integral, 1, None, closed="left"), None],
        "max_steps": [Interval(Integral, 1, None, closed="left"), None],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "callbacks": [list, tuple, keras.callbacks.Callback, None],
        "validation_split": [Interval(Real, 0, 1, closed="left")],
        "validation_data": [tuple, list, None],
        "jit_compile": ["boolean", None],
        "joint_batch": ["boolean", StrOptions({"auto"})],
        "augment": [StrOptions({"auto", "signs"}), callable, None],
        "device_budget": [Interval(Real, 0, None, closed="neither")],
    }

    _network_names = ("encoder", "task")
    _read_by_losses = ("_labels",)
    _heads = ("task",)  # networks that take the encoder's features as they are
    _pools_units = True  # whether columns are standardised by the target too
    _uses_target = True  # whether batch normalisation is, for target rows
    _data_parameters = ("Xt", "yt", "validation_data")
    _target_labels = "extra"

    def __init__(
        self,
        encoder=None,
        task=None,
        Xt=None,
        yt=None,
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
        self.encoder = encoder
        self.task = task
        self.Xt = Xt
        self.yt = yt
        self.copy = copy
        self.verbose = verbose
        self.random_state = random_state
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.optimizer_enc = optimizer_enc
        self.metrics = metrics
        self.epochs = epochs
        self.max_steps = max_steps
        self.batch_size = batch_size
        self.callbacks = callbacks
        self.validation_split = validation_split
        self.validation_data = validation_data
        self.jit_compile = jit_compile
        self.joint_batch = joint_batch
        self.augment = augment
        self.device_budget = device_budget

    def fit(
        self,
        X,
        y=None,
        Xt=None,
        yt=None,
        *,
        sample_domain=None,
        sample_weight=None,
        epochs=None,
        batch_size=None,
        callbacks=None,
        validation_data=None,
        validation_split=None,
        verbose=None,
    ):
        """Train on the source and the target, from fresh weights.

        Ctrl-C ends the training: the networks stay as far as they have come, with a
        warning that says how many epochs were done.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or stream of batches
            Source rows; with `sample_domain`, source and target rows in one array. A
            stream is a `tf.data.Dataset` of rows or batches, a `keras.utils.PyDataset`,
            a `torch.utils.data.DataLoader` or a generator of batches, of rows or of
            pairs (rows, labels). It is read once, into a temporary file.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels of `X`, if they do not come with it; those of target rows are not
            read by unsupervised methods.

        Xt : array-like of shape (n_target_samples, ...), or stream, default=None
            Target rows. If None, `Xt` as given to the constructor.

        yt : array-like of shape (n_target_samples,), default=None
            Labels of `Xt`, missing where unknown. If None, `yt` as given to the
            constructor.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Domain of each row of `X`: negative for a target, otherwise a source.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows of `X` in the task loss, scaled to a mean of 1.

        epochs, batch_size : int, default=None
            If given, used in place of the constructor's.

        callbacks : list of keras.callbacks.Callback, default=None
            If given, used in place of the constructor's.

        validation_data : tuple of array-likes, default=None
            If given, used in place of the constructor's.

        validation_split : float, default=None
            If given, used in place of the constructor's.

        verbose : int, default=None
            If given, used in place of the constructor's.

        Returns
        -------
        self : object
            The fitted adapter.
        """
        given = (epochs, batch_size, callbacks, validation_data, validation_split)
        pairs = zip(_FIT_OPTIONS, (*given, verbose), strict=True)
        options = {name: value for name, value in pairs if value is not None}
        # What is given here are parameters of a copy, which trains in the place of this
        # adapter: they are validated as such, and the adapter's own stay as they are.
        trained = copying.copy(self).set_params(**options) if options else self
        try:
            X, y = read_rows(X, y)
            Xt, yt = read_rows(Xt, yt, "Xt")
            super(DeepAdapter, trained).fit(
                X, y, Xt, yt, sample_domain=sample_domain, sample_weight=sample_weight
            )
        finally:
            if trained is not self:
                self._take_over(trained)
        return self

    def _take_over(self, trained):
        """Get the fitted attributes of a copy of this adapter, and no others."""
        own = self.get_params(deep=False).keys()
        for name in vars(self).keys() - own:
            delattr(self, name)
        fitted = {k: v for k, v in vars(trained).items() if k not in own}
        vars(self).update(fitted)

    def _validate_params(self):
        schedules = {name: getattr(self, name) for name in self._scheduled}
        check_schedules(type(self).__name__, schedules, as_list(self.callbacks))
        super()._validate_params()

    # What a method writes

    def _make_networks(self, make, shape, n_outputs):
        """Make the networks for samples of ``shape``.

        ``make(name, default, shape, *args)`` prepares the network that the parameter of
        that name describes, and returns its output shape. With ``like="task"`` it is as
        that other parameter describes, but from weights of its own.
        """
        features = make("encoder", default_encoder, shape)
        make("task", default_task, features, n_outputs)

    def _losses(self, batch):
        """Return the named losses of a batch, whose sum is minimised."""
        return self._source_losses(batch)

    def _structure(self):
        return type(self._labels), self._labels.n_outputs

    # What it gets

    def _source_losses(self, batch):
        """Return the losses of training without adaptation."""
        return {"task_loss": self._task_loss(batch, self._features(batch["Xs"]))}

    def _features(self, X):
        """Return the features of rows, as float32."""
        return ops.cast(self.encoder_(X, training=True), "float32")

    def _encode(self, batch, target="Xt"):
        """Return the features of source and target rows, as float32.

        ``target="Xl"`` takes the labelled target rows.
        """
        return self._split(batch, self._encode_both(batch, target))

    def _encode_both(self, batch, target="Xt"):
        """Return the features of source rows and, below them, of target rows."""
        rows = ops.concatenate([batch["Xs"], batch[target]])
        return self._of_both(self._features, batch, rows)

    def _split(self, batch, values):
        """Return the source's part and the target's of a tensor of both."""
        return ops.split(values, [batch["Xs"].shape[0]])

    def _passes_joint(self):
        """Return whether rows of both domains pass networks as one batch."""
        if self.joint_batch != "auto":
            return self.joint_batch
        heads = [getattr(self, f"{name}_") for name in ("encoder", *self._heads)]
        return not moving_norms(*heads)

    def _of_both(self, function, batch, rows):
        """Return a function of rows of both, which pass as one batch or as two."""
        if self._passes_joint():
            return function(rows)
        return ops.concatenate([function(part) for part in self._split(batch, rows)])

    def _task_loss(self, batch, zs=None, head="task", scores=None, labelled=None):
        """Return the weighted task loss of source features.

        Where there are labelled target rows, their mean loss is added. ``head`` names
        the network from features to predictions. Those that are given need not be
        computed again: ``scores`` for source rows, and ``labelled`` for labelled target
        rows.
        """
        if scores is None:
            scores = self._scores(zs, head)
        if head == "task":
            for name, metric in metrics_of(self.metrics).items():
                value = self._labels.measure(metric, batch["ys"], scores)
                batch["notes"][name] = value
        loss = ops.mean(batch["ws"] * self._labels.losses(batch["ys"], scores))
        return loss + self._labelled_loss(batch, head, labelled)

    def _labelled_loss(self, batch, head="task", scores=None):
        """Return the mean task loss of labelled target rows, 0 if there are none."""
        if "Xl" not in batch:
            return 0.0
        if scores is None:
            scores = self._scores(self._features(batch["Xl"]), head)
        return ops.mean(self._labels.losses(batch["yl"], scores))

    def _scores(self, z, head="task"):
        """Return the predictions for features: numbers, or one logit per class."""
        return self._labels.scores_of(getattr(self, f"{head}_"), z)

    def _scores_of_both(self, batch, z, head="task"):
        """Return the predictions for features of both, for each, like `_encode`."""
        scores = self._of_both(lambda z: self._scores(z, head), batch, z)
        return self._split(batch, scores)

    def __sklearn_clone__(self):
        for name in self._network_names:
            check_copyable(name, getattr(self, name, None))
        with without_tensorflow():
            return super().__sklearn_clone__()

    # How it is trained

    def _adapt(self, domains):
        layout(self.batch_size)  # to refuse devices before any work
        rng = check_random_state(self.random_state)
        self._labels = self._read_labels(domains.ys)
        self.__dict__.pop("classes_", None)
        if self._labels.classes is not None:
            self.classes_ = self._labels.classes
        self._shape = domains.Xs.shape[1:]
        groups, rows, held_out = self._data(domains, rng)
        networks = self._prepare_networks(domains, rng)
        self.history_ = {}
        self.__dict__.pop("pretrain_history_", None)
        self.n_epochs_ = 0
        if self.verbose and held_out.target is None:
            held_out = held_out._replace(watched=some_of(domains.Xt))
        self._run(networks, groups, rows, held_out, rng)
        self._learn_statistics(domains.Xs, domains.Xt)
        self._look_at_predictions(domains.Xt, groups["source"]["ys"])

    def _learn_statistics(self, Xs, Xt):
        """Give batch normalisation the statistics of each domain, for predictions."""
        self._source_statistics = {}
        if self._passes_joint():
            return  # what layers keep are running averages over both
        names = "encoder", *self._heads
        of_source = [self._source_networks.get(name, name) for name in names]
        if self._learn_from(Xs, of_source) and self._uses_target and len(Xt):
            self._source_statistics = {
                name: statistics_of(getattr(self, f"{name}_")) for name in of_source
            }
            self._learn_from(Xt, names)

    def _learn_from(self, X, names=None):
        """Learn the statistics of rows in an encoder, and in the networks upon it.

        It returns how many layers did.
        """
        encoder, *heads = ("encoder", *self._heads) if names is None else names
        chains = [[encoder]]
        chains += [
            [encoder, head] for head in heads if moving_norms(getattr(self, f"{head}_"))
        ]
        return sum(
            learn_statistics(
                [getattr(self, f"{name}_") for name in chain],
                [self._recipes[name] for name in chain],
                X,
            )
            for chain in chains
        )

    def _plan(self, epochs, n_steps):
        if epochs is None:
            steps = self.max_steps
            if steps is None:
                steps = max(_STEPS.get(len(self._shape), 300), _EPOCHS * n_steps)
            epochs = -(-steps // n_steps)
        if self.max_steps is None:
            return epochs, epochs * n_steps
        return epochs, min(self.max_steps, epochs * n_steps)

    def _look_at_predictions(self, Xt, ys=None):
        """Warn if the classes of the target have collapsed."""
        if self._labels.classes is None or Xt is None or not len(Xt):
            return
        n = len(self._labels.classes)
        shares = np.full(n, 1 / n)
        if ys is not None:
            shares = np.bincount(ys, minlength=n) / len(ys)
        p = self._labels.probability(self._chain(some_of(Xt), ("encoder", "task")))
        warn_of_collapse(self._title(), p, self._labels.classes, shares)

    def _run(self, networks, groups, rows, held_out, rng):
        """Train the networks, phase after phase."""
        feed = self._feed(groups, rows, rng)
        for number, phase in enumerate(self._phases()):
            if not self._train(number, phase, networks, feed, held_out, rng):
                break

    def _feed(self, groups, rows, rng):
        """Return the batches of a training that has source rows."""
        change = augmenter(self.augment, self._shape)
        sizes = self.batch_size, self.device_budget
        return Feed(groups, rows, *sizes, change=change, rng=rng)

    def _read_labels(self, ys):
        """Return what the labels of the source are, or refuse them."""
        require_labels(self, ys, "learns from the labels of the source")
        labels = read_labels(ys, self.loss)
        if self._classes_only and labels.classes is None:
            raise ValueError(
                f"{type(self).__name__} is a method for classes, but `y` holds "
                "numbers. Give class labels as strings or integers, or take a method "
                "for numbers, such as `DAN` or `DeepCORAL`."
            )
        return labels

    def _data(self, domains, rng):
        """Return the arrays by group, the rows to train on, and what is `HeldOut`."""
        weight = domains.source_weight
        if weight is None:
            weight = np.ones(len(domains.Xs))
        elif not weight.sum() > 0:
            raise ValueError("`sample_weight` is zero for every source row.")
        ys = self._labels.encode(domains.ys)
        source = {"Xs": domains.Xs, "ys": ys, "ws": weight / weight.mean()}
        groups = {"source": source, "target": {"Xt": domains.Xt}}
        rows = {"source": np.arange(len(ys)), "target": np.arange(len(domains.Xt))}
        if domains.labelled is not None:
            Xl, yl, _ = domains.labelled_target()
            self._warn_of_target_labels(len(yl))
            groups["labelled"] = {"Xl": Xl, "yl": self._labels.encode(yl)}
            rows["labelled"] = np.arange(len(yl))
        if self.validation_data is not None:
            X, y = check_pair(self.validation_data)
            X = self._check_shape(check_rows(self, X, name="validation_data"))
            return groups, rows, HeldOut((X, self._labels.encode(y)))
        if self.validation_split == 0:
            return groups, rows, HeldOut()
        left, held_out = hold_out(
            self.validation_split, domains.Xs, ys, domains.Xt, rng
        )
        return groups, {**rows, **left}, held_out

    def _warn_of_target_labels(self, n_labels):
        """Warn that a method that needs no target labels was given some."""
        if self._target_labels == "extra":
            warnings.warn(
                f"{type(self).__name__} was given {n_labels} labels of target rows as "
                "`yt`, and trains its task on them too. Leave `yt` out for adaptation "
                "without target labels; hand it to `score` to look at the result.",
                UserWarning,
                stacklevel=4,
            )

    def _prepare_networks(self, domains, rng):
        numbers = self._labels.classes is None
        networks, self._recipes = {}, {}

        def make(name, default, shape, *args, like=None):
            if default is default_task:
                args = *args, numbers
            network, output_shape, self._recipes[name] = prepare(
                name,
                getattr(self, name if like is None else like, None),
                default,
                tuple(shape),
                *args,
                rng=rng,
                copy=self.copy or like is not None,
                redraw=like is not None,
            )
            networks[name] = network
            if name == "encoder":
                self._n_features_out = int(np.prod(output_shape))
            setattr(self, f"{name}_", network)
            if name == "task":
                self._labels.fit_outputs(output_shape, emits_probabilities(network))
            return output_shape

        self._make_networks(make, self._shape, self._labels.n_outputs)
        ys = self._labels.encode(domains.ys) if numbers else None
        rows = [domains.Xs]
        if self._pools_units and domains.Xt is not None and len(domains.Xt):
            rows.append(domains.Xt)
        for network in networks.values():
            learn_scales(network, rows, ys)
        return networks

    def _evaluate(self, networks, held_out):
        def forward(X):
            of_target = X is held_out.target or X is held_out.watched
            known = self._uses_target or not of_target
            return self._outputs_while_training(networks, X, known)

        return validation_logs(held_out, forward, self._labels, self.metrics)

    def _outputs_while_training(self, networks, X, known=True):
        """Return the outputs of the task network for rows of one domain.

        ``known`` is whether batch normalisation may know the rows.
        """
        names = "encoder", "task"
        chain = [networks[name] for name in names]
        recipes = [self._recipes[name] for name in names]
        if known and len(X) >= _FEW and not self._passes_joint():
            learn_statistics(chain, recipes, X)
        return outputs_of(chain, recipes, X)
