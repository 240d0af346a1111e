"""Tuners of several tasks on one frozen network, trained together."""

from numbers import Integral, Real

import keras
import numpy as np
from keras import ops
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import ClassifierTags, RegressorTags, check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from adapt._adapt_arguments import ExplainsArguments
from adapt._domains import check_rows, require_weight
from adapt._sklearn import (
    Interval,
    StrOptions,
    _check_sample_weight,
    _check_y,
    _fit_context,
)
from adapt.deep._engine import seeded, weights_of
from adapt.deep._feed import Feed
from adapt.deep._forward import outputs_of
from adapt.deep._labels import is_class_loss, read_labels
from adapt.deep._recipes import output_shape_of, prepare, recipe_of
from adapt.deep._trainer import Trainer, Update
from adapt.parameter_based._deep._heads import split_model
from adapt.parameter_based._deep._tuning import count
from adapt.parameter_based.tuners._deep._adapters import Adapters
from adapt.parameter_based.tuners._deep._multi_task import (
    check_sharing,
    multi_task_network,
)
from adapt.parameter_based.tuners._deep._tuner import Tuner

__all__ = ["MultiTaskTuning"]


def _read_tasks(sample_domain, n_samples):
    """Return the task of each row: whole numbers or strings."""
    task = np.asarray(0 if sample_domain is None else sample_domain)
    if task.ndim == 0:
        task = np.full(n_samples, task)
    if task.shape != (n_samples,):
        raise ValueError(
            f"`sample_domain` must be a scalar or of shape ({n_samples},), got shape "
            f"{task.shape}."
        )
    if task.dtype.kind == "O":
        task = np.array(task.tolist())
    if task.dtype.kind not in "iuU":
        raise ValueError(
            "`sample_domain` must be whole numbers or strings, without missing values; "
            f"got values such as {task.tolist()[:3]}."
        )
    return task


def _predicts_classes(self):
    labels = vars(self).get("_labels")
    if labels is None:
        return is_class_loss(self.loss) is not False
    return labels.classes is not None


class MultiTaskTuning(Trainer, ExplainsArguments, BaseEstimator):
    r"""Tune one frozen network for several tasks at once.

    Each task gets adapters, or a prompt, in the same network, and tasks share what
    `sharing` says, so that tasks with few labels learn from the others. The tasks are
    the values of `sample_domain`: people, devices, hospitals. The network itself is
    frozen, and left as it is.

    ==================== ==============================================================
    `sharing`            What tasks share of the tuner
    ==================== ==============================================================
    ``"none"``           Nothing: as many tuners as tasks
    ``"half"``           The matrices to the bottleneck; those back are their own [1]_
    ``"full"``           All: one tuner [1]_
    ``"hypernetwork"``   A network that writes all matrices, from a vector of the task
                         and one of the place [2]_
    ``"low-rank"``       The prompt :math:`P`, which each task multiplies by two vectors
                         of its own, :math:`P \circ u v^T`, from 1 [3]_
    ==================== ==============================================================

    Parameters
    ----------
    model : keras.Model, callable or None, default=None
        A trained network, or a function without arguments that returns one. It is split
        before its last layer with weights. Where that is a dense layer with as many
        outputs as the labels need, the heads start from it.

    encoder : keras.Model, callable or None, default=None
        A trained network from samples to features, in place of `model`. Heads are new.

    tuner : Adapters, Prompt or None, default=None
        What each task gets. None is ``Adapters()``.

    sharing : {"none", "half", "full", "hypernetwork", "low-rank"}, default="half"
        What tasks share, as above. "half" and "hypernetwork" are for adapters,
        "low-rank" is for prompts.

    shared_head : bool, default=False
        Whether all tasks have one linear layer from features to outputs, or each its
        own.

    embedding : int, default=8
        Length of the vectors for tasks and places, for ``sharing="hypernetwork"``.

    loss : str, callable, keras.losses.Loss or None, default=None
        The loss. If None, the labels decide, as in `FineTuning`.

    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        How weights are updated.

    learning_rate : float or None, default=None
        Learning rate. If None, the optimizer's own. Tuners need larger ones than
        networks, such as .005.

    epochs : int, default=50
        Number of passes through the largest task.

    batch_size : int, default=32
        Rows of each task in a step. A smaller task is gone through again.

    jit_compile : bool or None, default=None
        As in `FineTuning`.

    device_budget : float, default=2**31
        Bytes of data, as float32, that are put on the device at once; more is streamed
        in chunks, for example from a `numpy.memmap`.

    verbose : int, default=0
        If positive, a line is printed after each epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds initial weights and batches.

    Attributes
    ----------
    tasks_ : ndarray of shape (n_tasks,)
        The values of `sample_domain`, sorted.

    classes_ : ndarray of shape (n_classes,)
        Class labels of all tasks; for classes only.

    network_ : keras.Model
        The trained network, with as many inputs and outputs as tasks.

    n_trainable_ : int
        Number of weights that are trained, those of the heads among them.

    trainable_share_ : float
        That number as a share of the weights of the frozen network and one head.

    history_ : dict of list of float
        Mean losses of each epoch.

    n_epochs_ : int
        Number of epochs done.

    n_features_in_ : int
        Number of features seen in `fit`, or of time steps.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of columns, if `X` had names.

    Raises
    ------
    ValueError
        If no network is given, if `sharing` is not for `tuner`, or if a task has no
        rows of positive weight.

    See Also
    --------
    FineTuning : One task.
    adapt.parameter_based.tuners.ScaLearn : From tasks that were learned before.

    Notes
    -----
    The loss is the mean over tasks of the mean over their rows: each counts the same,
    however many rows it has. A step passes `batch_size` rows of each task.

    Departures: [1]_ has adapters after attention and after the dense layers of each
    block, as `targets` can say; [2]_ also writes the scales of layer normalisation, and
    has one writer for all places, which here is one for those of equal width; [3]_
    distils the prompt :math:`P` from prompts of single tasks first, and here all are
    trained from the start.

    References
    ----------
    .. [1] Sung, Cho and Bansal. "VL-Adapter: parameter-efficient transfer learning for
       vision-and-language tasks." CVPR, 2022.

    .. [2] Mahabadi et al. "Parameter-efficient multi-task fine-tuning for transformers
       via shared hypernetworks." ACL, 2021.

    .. [3] Wang et al. "Multitask prompt tuning enables parameter-efficient transfer
       learning." ICLR, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.deep import default_encoder
    >>> from adapt.parameter_based import MultiTaskTuning
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> task = np.arange(60) % 3
    >>> y = (X[:, 0] > task - 1).astype(int)
    >>> model = MultiTaskTuning(encoder=default_encoder((2,)), epochs=2, random_state=0)
    >>> model.fit(X, y, sample_domain=task).predict(X[:4], sample_domain=1).shape
    (4,)
    """

    __metadata_request__fit = {"sample_domain": True}
    __metadata_request__predict = {"sample_domain": True}
    __metadata_request__predict_proba = {"sample_domain": True}
    __metadata_request__score = {"sample_domain": True}

    _parameter_constraints: dict = {
        "model": [callable, None],
        "encoder": [callable, None],
        "tuner": [Tuner, None],
        "sharing": [StrOptions({"none", "half", "full", "hypernetwork", "low-rank"})],
        "shared_head": ["boolean"],
        "embedding": [Interval(Integral, 1, None, closed="left")],
        "loss": [str, callable, None],
        "optimizer": [str, dict, keras.optimizers.Optimizer],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "jit_compile": ["boolean", None],
        "device_budget": [Interval(Real, 0, None, closed="neither")],
        "verbose": [Interval(Integral, 0, None, closed="left")],
        "random_state": ["random_state"],
    }

    _network_names = ("network",)
    _data_parameters = ()
    _read_by_losses = ("_labels", "tasks_")
    _not_compiled = (
        *("model", "tuner", "sharing", "shared_head", "embedding"),
        *("batch_size", "epochs"),
    )

    def __init__(
        self,
        model=None,
        *,
        encoder=None,
        tuner=None,
        sharing="half",
        shared_head=False,
        embedding=8,
        loss=None,
        optimizer="adam",
        learning_rate=None,
        epochs=50,
        batch_size=32,
        jit_compile=None,
        device_budget=2**31,
        verbose=0,
        random_state=None,
    ):
        self.model = model
        self.encoder = encoder
        self.tuner = tuner
        self.sharing = sharing
        self.shared_head = shared_head
        self.embedding = embedding
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.jit_compile = jit_compile
        self.device_budget = device_budget
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, *, sample_domain=None, sample_weight=None):
        """Train the tuners and heads of all tasks.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows of all tasks.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their labels.

        sample_domain : array-like of shape (n_samples,), int or str, default=None
            The task of each row. If None, there is one.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, scaled to a mean of 1 in each task.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        tuner = Adapters() if self.tuner is None else self.tuner
        check_sharing(tuner, self.sharing)
        tuner._validate_params()
        if (self.model is None) == (self.encoder is None):
            raise ValueError("Give the trained network: one of `model` and `encoder`.")
        X, y, task, weight = self._read(X, y, sample_domain, sample_weight)
        rng = check_random_state(self.random_state)
        self.tasks_, number = np.unique(task, return_inverse=True)
        self._labels = read_labels(y, self.loss)
        self.__dict__.pop("classes_", None)
        if self._labels.classes is not None:
            self.classes_ = self._labels.classes
        self._shape = X.shape[1:]
        self._make_network(tuner, y, rng)
        groups = self._groups(X, y, number, weight)
        rows = {name: np.arange(len(arrays["w"])) for name, arrays in groups.items()}
        # Names of arrays are those of batches, so each task has its own.
        groups = {
            name: {f"{key}_{name}": array for key, array in arrays.items()}
            for name, arrays in groups.items()
        }
        feed = Feed(groups, rows, self.batch_size, self.device_budget)
        self.history_, self.n_epochs_ = {}, 0
        networks = {"network": self.network_}
        for phase in self._phases():
            self._train(0, phase, networks, feed, None, rng)
        self._task_recipes = [
            recipe_of(self._network_of(k)) for k in range(len(self.tasks_))
        ]
        return self

    def _read(self, X, y, sample_domain, sample_weight):
        X = check_rows(self, X, reset=True)
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None."
            )
        y = _check_y(y, multi_output=True, estimator=self)
        check_consistent_length(X, y)
        task = _read_tasks(sample_domain, len(X))
        if sample_weight is None:
            return X, y, task, np.ones(len(X))
        weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        for name in np.unique(task):
            require_weight(weight[task == name], f"{name!r} ")
        return X, y, task, weight

    def _groups(self, X, y, number, weight):
        """Return rows, labels and weights of each task, by a name for it."""
        encoded, groups = self._labels.encode(y), {}
        for k in range(len(self.tasks_)):
            own = number == k
            w = weight[own] / weight[own].mean()
            groups[f"{k}"] = {"X": X[own], "y": encoded[own], "w": w}
        return groups

    def _make_network(self, tuner, y, rng):
        """Make the network of all tasks, and count its weights."""
        name = "encoder" if self.model is None else "model"
        given, _, _ = prepare(name, getattr(self, name), None, self._shape, rng=rng)
        base, head = given, None
        if self.model is not None:
            base, head = split_model(given, self._shape)
            output_shape_of("encoder", base, self._shape)
        n_tasks, n_outputs = len(self.tasks_), self._labels.n_outputs
        n_heads = 1 if self.shared_head else n_tasks
        sizes = n_tasks, n_heads, n_outputs
        with seeded(rng.randint(2**31 - 1)):
            self.network_, heads = multi_task_network(
                base, tuner, self.sharing, *sizes, self.embedding
            )
        taken = _dense_of(head, n_outputs)
        if taken is not None:
            for w, array in zip((heads.kernel, heads.bias), taken, strict=True):
                w.assign(np.broadcast_to(array, w.shape))
        elif self._labels.classes is None:
            numbers = self._labels.encode(y)
            heads.mean.assign(numbers.mean(axis=0))
            spread = numbers.std(axis=0)
            heads.spread.assign(np.where(spread > 0, spread, 1))
        self._labels.fit_outputs((n_outputs,), False)
        self._recipes = {"network": recipe_of(self.network_)}
        self.n_trainable_ = count(self.network_.trainable_weights)
        one_head = count([heads.kernel, heads.bias]) // n_heads
        self.trainable_share_ = self.n_trainable_ / (count(base.weights) + one_head)

    def _network_of(self, number):
        """Return the network of one task, which shares its weights with `network_`."""
        whole = self.network_
        return keras.Model(whole.inputs[number], whole.outputs[number])

    def _structure(self):
        return type(self._labels), self._labels.n_outputs, len(self.tasks_)

    def _updates(self):
        return [Update(self._losses, ("network",))]

    def _watchers(self):
        return []

    def _losses(self, batch):
        n = len(self.tasks_)
        rows = [batch[f"X_{k}"] for k in range(n)]
        outputs = self.network_(rows if n > 1 else rows[0], training=True)
        loss = 0.0
        for k, z in enumerate(outputs if n > 1 else [outputs]):
            scores = self._labels.scores(ops.cast(z, "float32"))
            losses = self._labels.losses(batch[f"y_{k}"], scores)
            loss = loss + ops.mean(batch[f"w_{k}"] * losses) / n
        return {"task_loss": loss}

    def _outputs(self, X, sample_domain):
        check_is_fitted(self)
        X = check_rows(self, X)
        if X.shape[1:] != self._shape:
            raise ValueError(
                f"`X` has samples of shape {X.shape[1:]}, but {type(self).__name__} "
                f"was fitted with samples of shape {self._shape}."
            )
        number = self._numbers(sample_domain, len(X))
        outputs = np.empty((len(X), self._labels.n_outputs), dtype=np.float32)
        for k in np.unique(number):
            own = number == k
            networks, recipes = [self._network_of(k)], [self._task_recipes[k]]
            outputs[own] = outputs_of(networks, recipes, X[own])
        return outputs

    def _numbers(self, sample_domain, n_samples):
        """Return the number of each row's task, which must be known."""
        if sample_domain is None and len(self.tasks_) > 1:
            raise ValueError(
                f"{type(self).__name__} knows {len(self.tasks_)} tasks: give "
                "`sample_domain`, the task of each row, or one for all."
            )
        if sample_domain is None:
            return np.zeros(n_samples, dtype=int)
        task = _read_tasks(sample_domain, n_samples)
        unknown = np.setdiff1d(task, self.tasks_)
        if len(unknown):
            raise ValueError(
                f"`sample_domain` has {unknown[0].item()!r}, which was no task in "
                f"`fit`: these are {self.tasks_.tolist()[:8]}."
            )
        return np.searchsorted(self.tasks_, task)

    def predict(self, X, *, sample_domain=None):
        """Predict labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.

        sample_domain : array-like of shape (n_samples,), int or str, default=None
            The task of each row, or one for all. It may be None where `fit` saw one.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or numbers in the shape of the `y` of `fit`.
        """
        return self._labels_of(self._outputs(X, sample_domain))

    def _labels_of(self, outputs):
        return self._labels.decode(outputs)

    @available_if(_predicts_classes)
    def predict_proba(self, X, *, sample_domain=None):
        """Predict class probabilities; parameters as in `predict`.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        return self._labels.probability(self._outputs(X, sample_domain))

    def score(self, X, y, sample_weight=None, *, sample_domain=None):
        """Return the accuracy for classes, R2 for numbers.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        sample_domain : array-like of shape (n_samples,), int or str, default=None
            As in `predict`.

        Returns
        -------
        score : float
            The larger, the better.
        """
        predicted = self.predict(X, sample_domain=sample_domain)
        y = self._labels.same_form(np.asarray(y))
        score = r2_score if self._labels.classes is None else accuracy_score
        return float(score(y, predicted, sample_weight=sample_weight))

    def model_of(self, task):
        """Return the network of one task, from rows to its logits or numbers.

        Parameters
        ----------
        task : int or str
            One of `tasks_`.

        Returns
        -------
        network : keras.Model
            It shares its weights with `network_`.
        """
        check_is_fitted(self)
        return self._network_of(int(self._numbers(task, 1)[0]))

    def __sklearn_tags__(self):
        """Return tags: rows may be series, and labels are needed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        labels = vars(self).get("_labels")
        classes = is_class_loss(self.loss)
        if labels is not None:
            classes = labels.classes is not None
        if classes is not None:
            tags.estimator_type = "classifier" if classes else "regressor"
        if classes:
            tags.classifier_tags = ClassifierTags()
            tags.target_tags.multi_output = False
        elif classes is not None:
            tags.regressor_tags = RegressorTags()
        return tags


def _dense_of(head, n_outputs):
    """Return kernel and bias of a head of one dense layer, None for other heads."""
    if head is None:
        return None
    weighted = [layer for layer in head.layers if layer.weights]
    arrays = weights_of(weighted[-1]) if len(weighted) == 1 else []
    is_dense = len(arrays) == 2 and isinstance(weighted[0], keras.layers.Dense)
    if not is_dense or len(arrays[1]) != n_outputs:
        return None
    return arrays
