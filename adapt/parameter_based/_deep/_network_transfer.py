"""What methods share that train a network of the source further on the target."""

import copy
from abc import abstractmethod
from numbers import Integral
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from adapt._domains import require_labels
from adapt._sklearn import Interval
from adapt.deep._base import DeepAdapter
from adapt.deep._engine import weights_of
from adapt.deep._feed import Feed
from adapt.deep._hooks import Update
from adapt.deep._labels import ClassLabels
from adapt.deep._layers import learn_scales
from adapt.deep._networks import default_encoder, default_task
from adapt.deep._outputs import emits_probabilities
from adapt.deep._recipes import prepare, recipe_of
from adapt.deep._trainer import frozen
from adapt.parameter_based._deep._anchor import Consolidated, anchored, distance
from adapt.parameter_based._deep._heads import match_labels, replace_head, with_columns


class Start(NamedTuple):
    """Networks to start from, the classes of their outputs, and whether to copy.

    Where their training was consolidated, what holds their weights.
    """

    encoder: Any
    task: Any
    classes: Any
    copy: bool
    consolidated: Consolidated | None = None


class NetworkTransfer(DeepAdapter):
    """Train networks on labelled target rows, from where the source has left them.

    The networks may be trained already, with the target given to ``fit`` as ``X, y``;
    or they are trained on the source first, where ``fit`` is given both domains. A
    subclass writes `_source_trainer`, `_hold` where weights are drawn back to those of
    the source, and `_phases` where not all layers move from the start.
    """

    _parameter_constraints: dict = {
        **DeepAdapter._parameter_constraints,
        "classes": ["array-like", None],
        "source_epochs": [Interval(Integral, 0, None, closed="left"), None],
        "patience": [Interval(Integral, 1, None, closed="left"), None],
    }

    _target_labels = "required"
    _source_optional = True
    _not_compiled = ("classes", "source_epochs", "patience")
    _reads_rows = ("encoder",)  # where `Standardise` layers learn from the data
    _default_encoder = staticmethod(default_encoder)
    _default_task = staticmethod(default_task)

    def fit(
        self,
        X=None,
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
        """Train on the target, from the weights of the source.

        Parameters
        ----------
        X, y : array-likes, default=None
            The labelled target, when no other target is given. Otherwise the source,
            on which the networks are trained first; with `sample_domain`, both domains
            in one table.

        Xt, yt : array-likes, default=None
            Target rows and their labels, missing where unknown: such rows are not
            used. If None, those of the constructor.

        sample_domain : int or array-like of shape (n_samples,), default=None
            Domain of each row of `X`: negative for a target, otherwise a source.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows of `X` in the task loss, scaled to a mean of 1.

        epochs, batch_size, callbacks, validation_data, validation_split, verbose
            If given, used in the place of the constructor's.

        Returns
        -------
        self : object
            The fitted adapter.
        """
        return super().fit(
            X,
            y,
            Xt,
            yt,
            sample_domain=sample_domain,
            sample_weight=sample_weight,
            epochs=epochs,
            batch_size=batch_size,
            callbacks=callbacks,
            validation_data=validation_data,
            validation_split=validation_split,
            verbose=verbose,
        )

    # What a method writes

    def _source_trainer(self):
        """Return a copy that trains the given networks on one domain, and no more."""
        source = copy.copy(self)
        source.set_params(
            Xt=None,
            yt=None,
            patience=None,
            validation_data=None,
            validation_split=0.0,
            callbacks=None,
            epochs=self.epochs if self.source_epochs is None else self.source_epochs,
        )
        return source

    def _holds(self):
        """Return whether weights are drawn back to those of the source."""
        return False

    def _hold(self, rows, labels, rng):
        """Return how firmly each weight is held: arrays in the shapes of weights.

        Called before a head is replaced, with rows of the source where there are any,
        and what the outputs of the source's head mean.
        """

    def _penalty(self, batch):
        """Return what is added to the task loss."""

    @abstractmethod
    def _phases(self):
        """Yield each `Phase`, with the layers that move in it."""

    # From the source

    def _given(self, rng):
        """Return the networks that were given, as `Start`."""
        return Start(self.encoder, self.task, self.classes, self.copy)

    def _given_adapter(self):
        """Return a deep adapter that was given as the source model, or None."""
        return None

    def _consolidated_of(self, source):
        """Return what holds the weights of a source model that was given, or None."""

    def _start(self, domains, rng):
        """Return what the source hands over, once trained there, as `Start`."""
        source = self._given_adapter()
        if domains.Xs is None or self.source_epochs == 0:
            if source is None:
                return self._given(rng)
            check_is_fitted(
                source,
                msg="`model` (%(name)s) is not fitted. Fit it on the source first, or "
                "give `fit` the source too.",
            )
            networks = source.encoder_, source.task_
            held = self._consolidated_of(source)
            return Start(*networks, _classes_of(source), True, held)
        require_labels(self, domains.ys, "trains the networks on the source first")
        if source is None:
            source = self._source_trainer()
            source.random_state = rng.randint(2**31 - 1)
            source.fit(domains.Xs, domains.ys, sample_weight=domains.source_weight)
        else:
            source = clone(source).fit(
                domains.Xs,
                domains.ys,
                Xt=domains.Xt,
                sample_weight=domains.source_weight,
            )
        networks = source.encoder_, source.task_
        # What Keras cannot rebuild is trained on, and there is no source model then.
        kept = all(recipe_of(network) is not None for network in networks)
        if kept:
            self.source_ = source
        return Start(*networks, _classes_of(source), kept)

    def _prepare(self, X, y, start, domains, rng):
        """Return encoder and task, ready for the labels, and the anchor if any."""
        output_shape, columns = self._prepare_parts(y, start, rng)
        self._learn_scales(X, y, start)
        own = np.random.RandomState(rng.randint(2**31 - 1))  # for the same batches
        hold = optimum = None
        if self._holds() and start.consolidated is not None:
            optimum, hold = (list(arrays) for arrays in start.consolidated)
        elif self._holds():
            labels = self._labels_of_head(start.task, output_shape, columns)
            rows = X if domains.Xs is None else domains.Xs
            hold = self._hold(rows, labels, own)
        self._has_new_head = start.task is None or columns is not None
        if columns is not None:
            output_shape = self._replace_head(columns, hold, optimum, rng)
        self._labels.fit_outputs(output_shape, emits_probabilities(self.task_))
        networks = {"encoder": self.encoder_, "task": self.task_}
        if hold is not None:
            if start.task is None:
                n = len(self.encoder_.weights)
                hold[n:] = [np.zeros_like(array) for array in hold[n:]]
            weights = [w for v in networks.values() for w in weights_of(v)]
            if optimum is not None:
                weights = optimum
                self.consolidated_ = Consolidated(optimum, hold)
            self.anchor_, self._recipes["anchor"] = anchored(weights, hold)
            networks["anchor"] = self.anchor_
        return networks

    def _prepare_parts(self, y, start, rng):
        """Make encoder and task, and match the labels with the outputs of the task.

        Return their shape, and how `Matched` changes them.
        """
        encoder, task, known, make_copy, _ = start
        options = {"rng": rng, "copy": make_copy}
        self._recipes = {}
        self.encoder_, features, self._recipes["encoder"] = prepare(
            "encoder", encoder, self._default_encoder, self._shape, **options
        )
        self._n_features_out = int(np.prod(features))
        n_outputs = None
        if task is not None:
            self.task_, output_shape, self._recipes["task"] = prepare(
                "task", task, None, features, **options
            )
            n_outputs = output_shape[-1]
        self._labels, columns = match_labels(y, self.loss, known, n_outputs)
        if task is None:
            sizes = self._labels.n_outputs, self._labels.classes is None
            self.task_, output_shape, self._recipes["task"] = prepare(
                "task", None, self._default_task, features, *sizes, rng=rng
            )
        return output_shape, columns

    def _learn_scales(self, X, y, start):
        """Let layers of networks that are not trained yet learn from the target."""
        ys = self._labels.encode(y) if self._labels.classes is None else None
        for name in "encoder", "task":
            if not getattr(getattr(start, name), "built", False):
                rows = [X] if name in self._reads_rows else None
                learn_scales(getattr(self, f"{name}_"), rows, ys)

    def _labels_of_head(self, task, output_shape, columns):
        """Return what the outputs of the source's head mean, None without a head."""
        if task is None:
            return None
        labels = self._labels
        if labels.classes is not None:
            if columns is not None:
                labels = ClassLabels(np.arange(max(output_shape[-1], 2)), None)
            labels.fit_outputs(output_shape, emits_probabilities(self.task_))
        return labels

    def _replace_head(self, columns, hold, optimum, rng):
        """Give the task other outputs, held as those that they go on from."""
        numbers = self._labels.classes is None
        self.task_, self._recipes["task"], places = replace_head(
            self.task_, columns, numbers, rng
        )
        n = len(self.encoder_.weights)
        for i in places if hold is not None else ():
            free = np.zeros(self.task_.weights[i].shape)
            hold[n + i] = with_columns(hold[n + i], columns, free)
            if optimum is not None:
                new = weights_of(self.task_)[i]
                optimum[n + i] = with_columns(optimum[n + i], columns, new)
        return self.task_.output_shape[1:]

    # How it is trained

    def _adapt(self, domains):
        held_out = self.validation_split > 0 or self.validation_data is not None
        if self.patience is not None and not held_out:
            raise ValueError(
                f"`patience`={self.patience} stops by the loss of held-out target rows,"
                " of which there are none: give `validation_split` or "
                "`validation_data`."
            )
        rng = check_random_state(self.random_state)
        for name in "classes_", "source_", "pretrain_history_", "consolidated_":
            self.__dict__.pop(name, None)
        self._shape = domains.Xt.shape[1:]
        start = self._start(domains, rng)
        X, y, weight = domains.labelled_target()
        networks = self._prepare(X, y, start, domains, rng)
        if self._labels.classes is not None:
            self.classes_ = self._labels.classes
        alone = domains._replace(
            Xs=X, ys=y, source_weight=weight, Xt=X[:0], labelled=None
        )
        groups, rows, held_out = self._data(alone, rng)
        del groups["target"], rows["target"]
        feed = Feed(groups, rows, self.batch_size, self.device_budget)
        self.history_ = {}
        self.n_epochs_ = 0
        try:
            for number, phase in enumerate(self._phases()):
                if phase.epochs == 0 or not any(map(any, phase.moving.values())):
                    continue
                go_on = self._train(number, phase, networks, feed, held_out, rng)
                with frozen(networks, phase.moving):
                    self._learn_from(domains.Xt)
                if not go_on:
                    break
        finally:
            self.__dict__.pop("anchor_", None)
            self._recipes.pop("anchor", None)

    def _updates(self):
        return [Update(self._losses, ("encoder", "task"))]

    def _watchers(self):
        watchers = super()._watchers()
        if self.patience is None:
            return watchers
        return [
            *watchers,
            keras.callbacks.EarlyStopping(
                patience=self.patience, restore_best_weights=True
            ),
        ]

    def _losses(self, batch):
        zs = ops.cast(self.encoder_(batch["Xs"], training=True), "float32")
        losses = {"task_loss": self._task_loss(batch, zs)}
        if self._holds():
            losses["penalty"] = self._penalty(batch)
        return losses

    def _distance(self, measure):
        """Return how far weights are from where they started."""
        weights = [*self.encoder_.weights, *self.task_.weights]
        return distance(weights, self.anchor_, measure)

    def _all_layers(self):
        """Return for encoder and task, layer by layer, that it moves."""
        networks = {"encoder": self.encoder_, "task": self.task_}
        return {name: [True] * len(v.layers) for name, v in networks.items()}


def _classes_of(adapter):
    """Return the classes that a fitted deep adapter knows, False for numbers."""
    classes = adapter._labels.classes
    return False if classes is None else classes
