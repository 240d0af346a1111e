"""What methods share that adapt a trained model to the target, without the source."""

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from adapt.deep._base import DeepAdapter, Phase
from adapt.deep._feed import Feed
from adapt.deep._monitor import as_list
from adapt.deep._recipes import prepare
from adapt.deep._validation import HeldOut

__all__ = ["SourceFreeAdapter"]


class SourceFreeAdapter(DeepAdapter):
    """Adapt a trained classifier to target rows.

    A subclass writes `_refine`, names in ``_source_class`` what is trained first where
    no ``model`` is given, and has the parameters ``model`` and ``adapt_epochs``.
    """

    _parameter_constraints: dict = {
        **DeepAdapter._parameter_constraints,
        "model": [DeepAdapter, None],
    }

    _source_optional = True
    _pools_units = False  # the source is trained as if the target were not yet there
    _classes_only = True
    _source_class = DeepAdapter

    def _refine(self, networks, feed_of, Xt, rng):
        """Train the copied networks on target rows.

        ``feed_of(**arrays)`` returns a feed of target rows and what else is known of
        each.
        """
        raise NotImplementedError

    def _train_on_target(self, epochs, networks, feed, rng):
        """Train for some epochs; return whether they came to their end."""
        phase = Phase(epochs, "_updates")
        return self._train(0, phase, networks, feed, HeldOut(), rng)

    def _adapt(self, domains):
        rng = check_random_state(self.random_state)
        source = self.source_ = self._source_model(domains)
        self._labels, self._shape = source._labels, source._shape
        if self._labels.classes is None:
            raise ValueError(
                f"{type(self).__name__} is a method for classes, but `model` predicts "
                "numbers."
            )
        self.classes_ = source.classes_
        self._n_features_out = source._n_features_out
        self._check_shape(domains.Xt)
        networks, self._recipes, shape = {}, {}, self._shape
        for name in ("encoder", "task"):
            given = getattr(source, f"{name}_")
            network, shape, self._recipes[name] = prepare(
                name, given, None, shape, rng=rng
            )
            networks[name] = network
            setattr(self, f"{name}_", network)
        self.history_, self.n_epochs_ = {}, 0

        def feed_of(**arrays):
            groups = {"target": {"Xt": domains.Xt, **arrays}}
            rows = {"target": np.arange(len(domains.Xt))}
            if domains.labelled is not None:
                Xl, yl, _ = domains.labelled_target()
                groups["labelled"] = {"Xl": Xl, "yl": self._labels.encode(yl)}
                rows["labelled"] = np.arange(len(yl))
            return Feed(groups, rows, self.batch_size, self.device_budget)

        self._source_statistics = {}
        self._learn_from(domains.Xt)
        self._refine(networks, feed_of, domains.Xt, rng)
        self._learn_from(domains.Xt)
        self._look_at_predictions(domains.Xt)

    def _source_model(self, domains):
        """Return ``model``, or train one on the source."""
        if self.model is not None:
            if domains.Xs is not None:
                raise ValueError(
                    "`model` and source rows were given: leave out the one or the "
                    f"other, for {type(self).__name__} starts from a trained model."
                )
            check_is_fitted(self.model)
            return self.model
        if domains.Xs is None or domains.ys is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None: give a fitted deep adapter as `model`, or the rows and labels "
                "of a source to train one on."
            )
        self._read_labels(domains.ys)
        names = self._source_class().get_params(deep=False).keys() - {"Xt", "yt"}
        source = self._source_class(**{name: getattr(self, name) for name in names})
        source._pools_units = self._pools_units
        weight = domains.source_weight
        return source.fit(domains.Xs, domains.ys, domains.Xt, sample_weight=weight)

    def _watchers(self):
        # A model that is trained first has had them.
        return [] if self.model is None else as_list(self.callbacks)

    def _target_logits(self, batch):
        return self._scores(self._features(batch["Xt"]))

    def _with_labelled(self, batch, losses):
        """Return losses, and that of the labelled target rows where there are some."""
        if "Xl" in batch:
            losses["task_loss"] = self._labelled_loss(batch)
        return losses
