"""Fine-tuning of a source network on a few labelled rows of the target."""

import copy as copying
import math
from numbers import Integral, Real

import numpy as np
from keras import ops
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from adapt._domains import check_rows
from adapt._sklearn import Interval, StrOptions
from adapt.deep._base import DeepAdapter
from adapt.deep._engine import weights_of
from adapt.deep._hooks import Phase
from adapt.deep._recipes import prepare, recipe_of
from adapt.deep._row_streams import read_rows
from adapt.deep._trainer import frozen
from adapt.parameter_based._deep import _delta
from adapt.parameter_based._deep._anchor import accumulated, fisher_information
from adapt.parameter_based._deep._freeze_out import N_BLOCKS, last_epochs, stages
from adapt.parameter_based._deep._heads import split_model, weighted_layers
from adapt.parameter_based._deep._network_transfer import NetworkTransfer, Start
from adapt.parameter_based._deep._tuning import (
    check_tuner,
    count,
    merged,
    with_tuner,
)
from adapt.parameter_based.tuners._deep._tuner import Tuner

__all__ = ["FineTuning"]


def layer_flags(training, n_layers):
    """Return which layers are trained, from the first to the last.

    Parameters
    ----------
    training : bool or list of bool
        One for all, or one for each layer from the last to the first; the last of a
        shorter list is for all further layers.

    n_layers : int
        Number of layers.

    Returns
    -------
    flags : list of bool
    """
    if isinstance(training, bool | np.bool_):
        return [bool(training)] * n_layers
    given = [bool(flag) for flag in training][:n_layers]
    return [*given, *[given[-1]] * (n_layers - len(given))][::-1]


def block_numbers(n_layers, n_blocks):
    """Return for each of ``n_layers`` the number of its block, blocks of equal size."""
    n_blocks = n_layers if n_blocks is None else min(n_blocks, n_layers)
    parts = np.array_split(np.arange(n_layers), n_blocks)
    return np.repeat(np.arange(n_blocks), [len(part) for part in parts]).tolist()


class FineTuning(NetworkTransfer):
    r"""Train a source network further on a few labelled target rows [1]_.

    The source network is given, trained already, with the target alone given to `fit`;
    or it is trained on the source that `fit` is given, and then on the target. All its
    layers move, or those that `training` names; from the head downwards
    (`unfreeze_epochs`), or the lower the slower (`layer_decay`) [2]_; or they stop one
    after the other, from below (`freeze_out`) [5]_. A penalty can draw the weights
    :math:`w` back to those of the source :math:`w^s`:

    .. math:: \min_w L_t(w) + \frac{\lambda}{2} \sum_i F_i (w_i - w^s_i)^2

    with :math:`F_i = 1` (L2-SP [3]_), or the Fisher information of the source model,
    which holds what the source needs and leaves the rest free (elastic weight
    consolidation [4]_). Or the encoder is frozen, and a `tuner` adds the few weights
    that are trained. The given network is never changed.

    Parameters
    ----------
    encoder : keras.Model, callable or None, default=None
        First part of the source network, from samples to features: a trained network,
        or a function without arguments that returns one. If None, it is sized from the
        data.

    task : keras.Model, callable or None, default=None
        Second part of the source network, from features to predictions: a trained
        network, or a function without arguments that returns one. If None, it is a new
        head.

    Xt : array-like of shape (n_target_samples, ...), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,) or (.., n_outputs), default=None
        Labels of `Xt`, used with it; unlabelled rows are not used.

    training : bool or list of bool, default=True
        Whether the layers of the encoder are trained. A list goes from the last of
        ``encoder.layers`` to the first; its last value is for all further ones. The
        task network is always trained. Frozen batch normalisation uses the means and
        variances of the source.

    pretrain : bool, default=False
        Whether the task network is trained alone first, for `pretrain_epochs`.

    copy : bool, default=True
        Whether networks that are given are copied, or trained themselves.

    verbose : int, default=0
        If positive, a line is printed after each epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, batches, dropout and the validation split. Default
        networks start from the same weights on every backend.

    model : keras.Model, callable, DeepAdapter or None, default=None
        The source model as one, in the place of `encoder` and `task`. It is split
        before its last layer with weights. A deep adapter, such as `DANN`, hands over
        its networks and classes; one that is not fitted is fitted first on the two
        domains that `fit` is given.

    classes : array-like of shape (n_classes,) or None, default=None
        What the outputs of given networks stand for, in their order. If None and
        labels are integers below the number of outputs, output k is class k; other
        labels are taken in sorted order if there are as many as outputs.

    source_epochs : int or None, default=None
        Number of epochs on the source, where `fit` is given one. None is `epochs`. At 0
        the networks count as trained there, and the source rows serve `penalty="ewc"`.

    pretrain_epochs : int or None, default=None
        Number of epochs for the task network alone. None is `epochs`.

    unfreeze_epochs : int, default=0
        If positive, the last block of layers is trained alone for so many epochs, then
        the last two, and so on until only the first is frozen [2]_. `epochs` with all
        layers follow.

    layer_decay : float, default=1.0
        By what the learning rate is multiplied from one block to the one below, 0.4 for
        example [2]_. The head has `learning_rate`.

    n_blocks : int or None, default=None
        Number of blocks of consecutive layers, of about equal size, that
        `unfreeze_epochs`, `layer_decay` and `freeze_out` count. If None, each layer
        with weights is one; with `freeze_out`, at most 4 blocks.

    freeze_out : float or None, default=None
        If given, the first block is frozen after this share of `epochs`, cubed, the
        last at their end, and those between at shares that go up evenly before they are
        cubed [5]_: 0.8 freezes the first block after half of the epochs. Until a block
        is frozen after the share :math:`t_i`, its learning rate at :math:`t` is
        :math:`1 / (2 t_i) (1 + \cos(\pi t / t_i))` of `learning_rate`. Ends are
        rounded to whole epochs. Frozen blocks take no backward pass, but each stage is
        compiled, and starts with a new optimizer.

    penalty : {"l2-sp", "ewc"} or None, default=None
        What draws the weights back to those of the source.

    lambda_ : float or callable, default=0.1
        Weight of `penalty`. At 0 there is none; at infinity layers of the source stay
        as they are, and only a new head moves. A callable is a schedule: it returns the
        values at an array of step numbers, as `adapt.deep.UpdateLambda` does. No value
        compiles anything again.

    tuner : Tuner or None, default=None
        What is trained in place of the weights of the encoder, such as
        ``adapt.parameter_based.tuners.LoRA(rank=4)``. The encoder is then frozen on the
        target, and the task network is trained as ever. It goes with `training`,
        `unfreeze_epochs`, `layer_decay`, `freeze_out` and `penalty` at their defaults
        alone.

    patience : int or None, default=None
        Number of epochs without a lower loss of held-out target rows after which
        training stops; the weights with the lowest loss are kept. It takes
        `validation_split` or `validation_data`.

    loss : str, callable, keras.losses.Loss or None, default=None
        The task loss. If None, the labels decide: cross-entropy for strings, integers,
        booleans and one-hot rows, squared error for floats. "crossentropy" or a number
        loss such as "mse" decides whatever the labels are, and lets scikit-learn know
        before `fit` (for stratified folds). A function gets `(y_true, y_pred)`, for
        classes one-hot labels and probabilities.

    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        How weights are updated. Each network gets an optimizer of its own, made as this
        one is.

    learning_rate : float or None, default=None
        Learning rate of every optimizer. If None, the optimizer's own.

    optimizer_enc : str, dict, keras.optimizers.Optimizer or None, default=None
        Optimizer of the encoder. If None, as `optimizer`.

    metrics : list of str or callable, or None, default=None
        What `history_` records beside the losses: "accuracy", names of Keras losses or
        functions `(y_true, y_pred)`.

    epochs : int, default=50
        Number of passes through the larger domain.

    batch_size : int, default=64
        Rows of each domain in a step. A smaller domain is gone through again.

    callbacks : list of keras.callbacks.Callback or None, default=None
        Called at the ends of epochs, on a model of encoder and task.

    validation_split : float, default=0.0
        Share of the labelled target rows to hold out, in [0, 1), for `val_loss`, the
        task loss on them.

    validation_data : tuple (X, y) or None, default=None
        Rows and labels for `val_loss`, in the place of a split.

    jit_compile : bool or None, default=None
        Whether to compile with XLA (TensorFlow), whole epochs and not steps (JAX), or
        to trace a step and replay it (PyTorch; not where a step draws random numbers).
        If None, what was measured to be faster: with TensorFlow and PyTorch True for
        long trainings of networks that neither convolve nor recur; with JAX True,
        except on CPUs for networks that do.

    device_budget : float, default=2**31
        Bytes of data, as float32, that are put on the device at once; more is streamed
        in chunks, for example from a `numpy.memmap`.

    Attributes
    ----------
    encoder_ : keras.Model
        The trained encoder.

    task_ : keras.Model
        The trained task network.

    source_ : estimator
        The source model; only where `fit` was given the source.

    classes_ : ndarray of shape (n_classes,)
        Class labels; for classes only.

    n_trainable_ : int
        Number of weights that are trained on the target, those of the task network
        among them.

    trainable_share_ : float
        That number as a share of the weights of encoder and task without a tuner.

    consolidated_ : tuple of two lists of ndarray
        Optimum and Fisher information of each weight over all stages; only after
        `consolidate`, or where `model` had it.

    history_ : dict of list of float
        Mean losses and metrics of each epoch, `val_loss` with a validation set.

    pretrain_history_ : dict of list of float
        The same, of the pre-training; only where there is one.

    n_epochs_ : int
        Number of epochs done on the target.

    n_features_in_ : int
        Number of features seen in `fit`, or of time steps, or of rows of pixels.

    Raises
    ------
    ValueError
        If labels need another head, and the last layer with weights is no dense layer;
        if `patience` has no held-out rows; if `penalty="ewc"` has no source model.

    See Also
    --------
    RegularTransferNN : A penalty for each layer.
    FrozenFeatures : Features of a trained network for any estimator.
    adapt.parameter_based.tuners.LoRA : A tuner, for few weights to train.

    Notes
    -----
    Departures from [1]_:

    - all layers are trained; in the paper a new head, on layers that are frozen.

    As published: ``FineTuning(encoder, training=False)``. The others are reached by
    ``unfreeze_epochs=1, layer_decay=1 / 2.6`` [2]_, ``penalty="l2-sp"`` [3]_, which
    does not draw a new head to zero, ``penalty="ewc"`` [4]_, and ``freeze_out=0.8``
    with `n_blocks` the number of layers [5]_, but for rates that change with epochs,
    and not steps.

    An epoch of ``s`` steps costs ``s`` forward and backward passes over `batch_size`
    rows; frozen layers take no backward pass. A penalty takes the memory of the weights
    twice more.

    The target may have fewer classes than the source: the model keeps all. If it has
    others, the head is replaced: it knows the classes of both, those of the source with
    their weights; or the target's alone if they share none.

    The Fisher information is a mean over at most 1,000 rows of the source, or of the
    target where there is no source, for labels as the source model has them.

    A penalty with large weights makes descent stiff: Adam then needs a `learning_rate`
    below its default, and more epochs.

    References
    ----------
    .. [1] Oquab et al. "Learning and transferring mid-level image representations using
       convolutional neural networks." CVPR, 2014.

    .. [2] Howard and Ruder. "Universal language model fine-tuning for text
       classification." ACL, 2018.

    .. [3] Li, Grandvalet and Davoine. "Explicit inductive bias for transfer learning
       with convolutional networks." ICML, 2018.

    .. [4] Kirkpatrick et al. "Overcoming catastrophic forgetting in neural networks."
       PNAS, 2017.

    .. [5] Brock et al. "FreezeOut: accelerate training by progressively freezing
       layers." NIPS Workshop on Optimization, 2017.

    Examples
    --------
    >>> from adapt.datasets import make_regression_da
    >>> from adapt.parameter_based import FineTuning
    >>> Xs, ys, Xt, yt = make_regression_da()
    >>> source = FineTuning(random_state=0).fit(Xs, ys)
    >>> model = FineTuning(source.encoder_, source.task_, epochs=30, random_state=0)
    >>> model.fit(Xt[:3], yt[:3]).predict(Xt).shape
    (100,)
    """

    _parameter_constraints: dict = {
        **NetworkTransfer._parameter_constraints,
        "training": ["boolean", list, tuple],
        "pretrain": ["boolean"],
        "model": [callable, DeepAdapter, None],
        "pretrain_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "unfreeze_epochs": [Interval(Integral, 0, None, closed="left")],
        "layer_decay": [Interval(Real, 0, 1, closed="right")],
        "n_blocks": [Interval(Integral, 1, None, closed="left"), None],
        "freeze_out": [Interval(Real, 0, 1, closed="right"), None],
        "penalty": [StrOptions({"l2-sp", "ewc"}), None],
        "lambda_": [Interval(Real, 0, None, closed="both"), callable],
        "tuner": [Tuner, None],
    }

    _scheduled = ("lambda_",)
    _not_compiled = (
        *NetworkTransfer._not_compiled,
        *("model", "training", "pretrain", "pretrain_epochs", "unfreeze_epochs"),
        *("layer_decay", "freeze_out", "tuner"),
    )

    def __init__(
        self,
        encoder=None,
        task=None,
        Xt=None,
        yt=None,
        training=True,
        pretrain=False,
        copy=True,
        verbose=0,
        random_state=None,
        *,
        model=None,
        classes=None,
        source_epochs=None,
        pretrain_epochs=None,
        unfreeze_epochs=0,
        layer_decay=1.0,
        n_blocks=None,
        freeze_out=None,
        penalty=None,
        lambda_=0.1,
        tuner=None,
        patience=None,
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
            batch_size=batch_size,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            jit_compile=jit_compile,
            device_budget=device_budget,
        )
        self.training = training
        self.pretrain = pretrain
        self.model = model
        self.classes = classes
        self.source_epochs = source_epochs
        self.pretrain_epochs = pretrain_epochs
        self.unfreeze_epochs = unfreeze_epochs
        self.layer_decay = layer_decay
        self.n_blocks = n_blocks
        self.freeze_out = freeze_out
        self.penalty = penalty
        self.lambda_ = lambda_
        self.tuner = tuner
        self.patience = patience

    def consolidate(self, X):
        """Hold what was learnt so far, for models that are trained further on others.

        The Fisher information of the model on rows of the stage just learnt is added to
        that of the stages before, each with the weights that were best for it. A
        model ``FineTuning(model=this, penalty="ewc")`` is held by the sum, and needs no
        row of any stage; consolidate it too once it has learnt the next one.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows of the stage; labels are as the model has them.

        Returns
        -------
        self : object
            The model, with `consolidated_`. Its predictions are the same.
        """
        check_is_fitted(self)
        if self.tuner is not None:
            raise ValueError(
                "`consolidate` holds weights of the encoder, which `tuner` leaves as "
                "they are. Fit with `tuner` at None."
            )
        X = self._check_shape(check_rows(self, read_rows(X)[0]))
        rng = check_random_state(self.random_state)
        networks = self.encoder_, self.task_
        information = fisher_information(*networks, self._labels, X, rng)
        weights = [w for network in networks for w in weights_of(network)]
        before = vars(self).get("consolidated_")
        self.consolidated_ = accumulated(before, weights, information)
        return self

    def merged_model(self):
        """Return one network from rows to outputs, without the tuner.

        Returns
        -------
        network : keras.Model
            Encoder and task, all trainable, with outputs as `predict_task` returns
            them. It has layers of Keras alone, but for what a tuner inserts that Keras
            has no layer for: the tokens of `Prefix` and `Prompt`, and the networks that
            `Ladder` and its like put beside the encoder.
        """
        check_is_fitted(self)
        return merged(self.encoder_, self.task_, self._shape)

    def save_delta(self, path):
        """Write what was learnt with a tuner to a file, without the frozen network.

        The file holds the weights of the tuner and of the task network, what builds
        them, the classes, and a hash of the frozen weights. It is written whole or not
        at all.

        Parameters
        ----------
        path : str or path-like
            Name of the file; usually it ends in ".npz".
        """
        check_is_fitted(self)
        if "_base" not in vars(self):
            raise ValueError(
                "`save_delta` is for models that were fitted with a `tuner`; this one "
                "has other weights all over. Use pickle, or save `encoder_` and "
                "`task_`."
            )
        _delta.write(path, self, self._base)

    def load_delta(self, path):
        """Become the model that `save_delta` has written, without a fit.

        The constructor has to be given the network that was tuned, as `model` or
        `encoder`, with the same weights.

        Parameters
        ----------
        path : str or path-like
            Name of the file.

        Returns
        -------
        self : object
            The model, ready to predict.
        """
        self._validate_params()
        about, arrays = _delta.read(path)
        tuner = _delta.tuner_from(about["tuner"])
        rng = check_random_state(self.random_state)
        self._shape = tuple(about["shape"])
        source = self._given_adapter()
        given = self._given(rng).encoder if source is None else source.encoder_
        if given is None:
            raise ValueError(
                "`load_delta` needs the network that was tuned: give `model` or "
                "`encoder`."
            )
        self.encoder_, features, _ = prepare(
            "encoder", given, None, self._shape, rng=rng, copy=self.copy
        )
        if _delta.fingerprint(self.encoder_) != about["base"]:
            raise ValueError(
                f"{str(path)!r} belongs to another network than the one given: layers "
                "or weights differ."
            )
        self.task_ = _delta.network_from(about["task"], arrays["task"])
        self._recipes = {"task": recipe_of(self.task_)}
        whole = count([*self.encoder_.weights, *self.task_.weights])
        self._put_on(tuner, rng)
        for w, array in zip(
            self.encoder_.delta_weights, arrays["encoder"], strict=True
        ):
            w.assign(array)
        self._count(whole, self._all_layers())
        self._become(about, features)
        return self

    def _become(self, about, features):
        """Set what else a fit sets, from what a file says."""
        self._labels = _delta.labels_from(about["labels"], self.task_)
        self.__dict__.pop("classes_", None)
        if self._labels.classes is not None:
            self.classes_ = self._labels.classes
        self.n_features_in_ = self._shape[0]
        if about["columns"]:
            self.feature_names_in_ = np.array(about["columns"], dtype=object)
        self._n_features_out = int(np.prod(features))
        self.history_ = {}
        self.n_epochs_ = 0

    def _consolidated_of(self, source):
        if self.penalty != "ewc" or not isinstance(source, FineTuning):
            return None
        return vars(source).get("consolidated_")

    def _source_trainer(self):
        return (
            super()
            ._source_trainer()
            .set_params(
                training=True,
                pretrain=False,
                unfreeze_epochs=0,
                layer_decay=1.0,
                freeze_out=None,
                penalty=None,
                tuner=None,
            )
        )

    def _given_adapter(self):
        if self.model is not None and not (self.encoder is None is self.task):
            raise ValueError(
                "The source model was given twice: as `model`, and as `encoder` or "
                "`task`. Give one or the other."
            )
        return self.model if isinstance(self.model, DeepAdapter) else None

    def _given(self, rng):
        if self.model is None:
            return super()._given(rng)
        whole, _, _ = prepare(
            "model", self.model, None, self._shape, rng=rng, copy=self.copy
        )
        return Start(*split_model(whole, self._shape), self.classes, False)

    def _stays(self):
        return self.penalty is not None and self.lambda_ == math.inf

    def _holds(self):
        return self.penalty is not None and not self._stays()

    def _hold(self, rows, labels, rng):
        weights = [*self.encoder_.weights, *self.task_.weights]
        if self.penalty == "l2-sp":
            return [np.ones(w.shape, dtype=np.float32) for w in weights]
        if labels is None:
            raise ValueError(
                "`penalty='ewc'` takes a source model with a head, and `task` is None."
            )
        return fisher_information(self.encoder_, self.task_, labels, rows, rng)

    def _penalty(self, batch):
        return batch["lambda_"] / 2 * self._distance(ops.square)

    def _adapt(self, domains):
        check_tuner(self)
        self.__dict__.pop("_base", None)
        super()._adapt(domains)
        if self.tuner is not None:
            self.encoder_.settle()

    def _prepare(self, X, y, start, domains, rng):
        networks = super()._prepare(X, y, start, domains, rng)
        whole = count([*self.encoder_.weights, *self.task_.weights])
        if self.tuner is not None:
            self._put_on(self.tuner, rng)
            networks["encoder"] = self.encoder_
        self._count(whole, self._moving_layers())
        return networks

    def _count(self, whole, moving):
        """Count the weights of moving layers; ``whole`` is that of all weights."""
        parts = {"encoder": self.encoder_, "task": self.task_}
        with frozen(parts, moving):
            trained = [w for part in parts.values() for w in part.trainable_weights]
        self.n_trainable_ = count(trained)
        self.trainable_share_ = self.n_trainable_ / whole

    def _put_on(self, tuner, rng):
        """Put a tuner on the encoder."""
        self._base = _delta.fingerprint(self.encoder_)
        self.encoder_, self._recipes["encoder"] = with_tuner(
            self.encoder_, tuner, self._shape, rng
        )

    def _moving_layers(self):
        """Return for encoder and task, layer by layer, whether it ever moves."""
        moving = self._all_layers()
        moving["encoder"] = layer_flags(self.training, len(moving["encoder"]))
        if self._stays():
            moving["encoder"] = [False] * len(moving["encoder"])
            if not self._has_new_head:
                moving["task"] = [False] * len(moving["task"])
        return moving

    def _phases(self):
        moving = self._moving_layers()
        if self.pretrain:
            head = {**moving, "encoder": [False] * len(moving["encoder"])}
            epochs = self.epochs
            if self.pretrain_epochs is not None:
                epochs = self.pretrain_epochs
            yield Phase(epochs, "_updates", pretrain=True, moving=head)
        blocks = self._block_numbers()
        n_blocks = 1 + max(max(own, default=0) for own in blocks.values())

        def last(first):
            return {
                name: [
                    flag and block >= first
                    for flag, block in zip(flags, blocks[name], strict=True)
                ]
                for name, flags in moving.items()
            }

        for first in range(n_blocks - 1, 0, -1) if self.unfreeze_epochs else ():
            yield Phase(self.unfreeze_epochs, "_updates", moving=last(first))
        if self.freeze_out is None:
            yield Phase(self.epochs, "_updates", moving=moving)
            return
        names = {f"{name}_{i}": i for name, own in blocks.items() for i in own}
        ends = last_epochs(self.freeze_out, n_blocks, self.epochs)
        for first, epochs, factors in stages(ends, names):
            yield Phase(epochs, "_updates", moving=last(first), factors=factors)

    def _block_numbers(self):
        """Return for encoder and task the number of each layer's block.

        A layer without weights is in that of the layer before.
        """
        networks = {"encoder": self.encoder_, "task": self.task_}
        n_layers = sum(len(weighted_layers(network)) for network in networks.values())
        n_blocks = self.n_blocks
        if n_blocks is None and self.freeze_out is not None:
            n_blocks = N_BLOCKS
        numbers = iter(block_numbers(n_layers, n_blocks))
        found, current = {}, 0
        for name, network in networks.items():
            found[name] = []
            for layer in network.layers:
                current = next(numbers) if layer.weights else current
                found[name].append(current)
        return found

    def _has_rates_by_block(self):
        return self.layer_decay != 1 or self.freeze_out is not None

    def _blocks(self, name, network):
        if not self._has_rates_by_block() or name == "anchor":
            return super()._blocks(name, network)
        blocks, seen = {}, set()
        numbers = self._block_numbers()[name]
        for layer, number in zip(network.layers, numbers, strict=True):
            own = [v for v in layer.trainable_variables if id(v) not in seen]
            seen.update(map(id, own))
            blocks.setdefault(f"{name}_{number}", []).extend(own)
        return blocks

    def _optimizers(self):
        optimizers, rates, key = super()._optimizers()
        if not self._has_rates_by_block():
            return optimizers, rates, key
        numbers = self._block_numbers()
        top = max(max(own, default=0) for own in numbers.values())
        for name, own in numbers.items():
            for number in set(own):
                block = f"{name}_{number}"
                if rates[block] is None:
                    given = "layer_decay" if self.freeze_out is None else "freeze_out"
                    raise ValueError(
                        f"`{given}` multiplies a learning rate, but that of "
                        "`optimizer` is a schedule. Give a number."
                    )
                rates[block] *= self.layer_decay ** (top - number)
                # Blocks of one rate may come to share an optimizer: these must not.
                optimizers[block].learning_rate = rates[block] / (
                    1 if self.freeze_out is None else 2 + number
                )
        return optimizers, rates, key

    def __sklearn_clone__(self):
        # A fitted source model is an input: a clone without it could not be fitted.
        model = copying.deepcopy(self.model)
        return super().__sklearn_clone__().set_params(model=model)
