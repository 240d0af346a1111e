"""Moving the trees of a source model to the target, by one of the algorithms."""

import numpy as np

from adapt.parameter_based._ser import SerOptions, ser
from adapt.parameter_based._strut import strut
from adapt.parameter_based._strut_splits import StrutOptions
from adapt.parameter_based._tree_measures import Classes, Numbers
from adapt.parameter_based._tree_nodes import (
    Nodes,
    gathered,
    levels_of,
    read_nodes,
    relabel,
    write_nodes,
)
from adapt.parameter_based._tree_rows import Sample, sort_rows


def _nothing(node, sums):
    return np.zeros(len(node), dtype=bool)


class TreeMover:
    """What it takes to move trees of one source model to one target.

    Parameters
    ----------
    adapter : TransferTreeClassifier or another
        Its parameters say how.

    X : ndarray of shape (n_samples, n_features)
        Target rows.

    Y : ndarray of shape (n_samples, n_values)
        Memberships of classes, or values.

    weight : ndarray of shape (n_samples,) or None
        Weights of the rows.

    classes : ndarray or None
        All classes. None for values.

    columns : ndarray of int or None
        Where the classes of the source are among all.
    """

    def __init__(self, adapter, X, Y, weight, classes=None, columns=None):
        self.adapter, self.rows = adapter, sort_rows(X)
        self.weight, self.classes, self.columns = weight, classes, columns
        self.centre, self.scale = 0.0, 1.0
        if columns is None:
            # So that what counts as equal does not depend on the unit.
            self.centre = Y.mean(axis=0)
            spread = np.sqrt(np.mean((Y - self.centre) ** 2))
            self.scale = spread if spread > 0 else 1.0
            Y = (Y - self.centre) / self.scale
            self.Z = np.column_stack([Y, np.sum(Y**2, axis=1)]).T.copy()
            self.measure = Numbers()
        else:
            self.Z = Y.T.astype(np.int8)
            self.measure = Classes(len(X) if weight is None else None)

    def move(self, tree, algorithm, repeats=None):
        """Return a moved copy of a fitted decision tree.

        Parameters
        ----------
        tree : DecisionTreeClassifier or DecisionTreeRegressor

        algorithm : {"relabel", "ser", "strut", "source", "target"}

        repeats : ndarray of int of shape (n_samples,), default=None
            How often a bootstrap drew each row.

        Returns
        -------
        tree : DecisionTreeClassifier or DecisionTreeRegressor
        """
        weight, Z = self.weight, self.Z
        if repeats is not None:
            weight = repeats if weight is None else repeats * weight
        if weight is not None:
            Z = Z * weight
        n_values = len(Z) - (self.columns is None)
        columns = np.arange(n_values) if self.columns is None else self.columns
        nodes = read_nodes(tree.tree_, columns, n_values)
        nodes = nodes._replace(value=(nodes.value - self.centre) / self.scale)
        if algorithm == "strut":
            moved = self._strut(nodes, Z, weight)
        elif algorithm == "source":
            impurity = tree.tree_.impurity / self.scale**2
            moved = nodes, impurity, tree.tree_.max_depth
        else:
            leaf = tree.tree_.apply(self.rows.X)
            if algorithm == "target":
                # All is grown below a root.
                nodes = Nodes(*(array[:1].copy() for array in nodes))
                nodes.left[:] = nodes.right[:] = -1
                leaf = np.zeros_like(leaf)
            if weight is None:
                weight = np.ones(len(leaf), dtype=np.int64)
            if algorithm in ("ser", "target"):
                moved = self._ser(nodes, leaf, Z, weight)
            else:
                moved = relabel(nodes, leaf, Z, weight, self.measure)
        nodes, impurity, depth = moved
        nodes = nodes._replace(value=nodes.value * self.scale + self.centre)
        tree = write_nodes(tree, nodes, impurity * self.scale**2, depth)
        if self.columns is not None:
            tree.n_classes_ = n_values
            tree.classes_ = np.arange(n_values, dtype=float)
        return tree

    def _strut(self, nodes, Z, weight):
        adapter = self.adapter
        options = StrutOptions(adapter.use_divergence, adapter.measure_default_IG)
        compared, kept = nodes.value, _nothing
        if self.columns is not None:
            if adapter.adapt_prop:
                compared = nodes.value * self._proportions(nodes, Z)
                total = compared.sum(axis=1, keepdims=True)
                compared = np.where(total > 0, compared / np.where(total, total, 1), 0)
            if adapter.cl_no_prune is not None:
                kept = self._kept_by_strut(nodes, Z)
        sample = Sample(self.rows, Z, weight, self.measure)
        return strut(nodes, sample, options, compared, kept)

    def _ser(self, nodes, leaf, Z, weight):
        adapter = self.adapter
        options = SerOptions(adapter.max_depth, adapter.min_samples_leaf)
        unreduced, frozen = np.zeros((2, len(nodes.left)), dtype=bool)
        if self.columns is not None and adapter.cl_no_red is not None:
            unreduced = self._protected(nodes, Z, self._positions("cl_no_red"))
        if self.columns is not None and adapter.cl_no_ext is not None:
            frozen = self._protected(nodes, Z, self._positions("cl_no_ext"))
            if adapter.ext_cond:
                majority = nodes.value.argmax(axis=1)[leaf]
                own = np.take_along_axis(Z, majority[None], axis=0)[0]
                frozen &= np.bincount(leaf, own, len(frozen)) == 0
        sample = Sample(self.rows, Z, weight, self.measure)
        return ser(nodes, sample, leaf, options, unreduced, frozen)

    def _positions(self, name):
        """Return where the classes that a parameter names are among all classes."""
        named = np.atleast_1d(getattr(self.adapter, name))
        unknown = ~np.isin(named, self.classes)
        if unknown.any():
            raise ValueError(
                f"`{name}` must be classes of the source or of the target, "
                f"{self.classes.tolist()}, got {named.tolist()}."
            )
        return np.searchsorted(self.classes, named)

    def _proportions(self, nodes, Z):
        """Return by how much each class is more common in the target."""
        if self.adapter.coeffs is not None:
            coeffs = np.asarray(self.adapter.coeffs, dtype=float)
            if coeffs.shape != (nodes.value.shape[1],):
                raise ValueError(
                    f"`coeffs` must hold one number for each of the "
                    f"{nodes.value.shape[1]} classes, got {self.adapter.coeffs!r}."
                )
            return coeffs
        share = Z.sum(axis=1) / Z.sum()
        source = nodes.value[0]
        return np.where(source > 0, share / np.where(source > 0, source, 1), 1)

    def _protected(self, nodes, Z, positions):
        """Return the leaves that stand for some classes, of which none may be seen.

        With `leaf_loss_threshold` only those that the target rows of their class, if
        they were spread as in the source, would all miss with a larger probability.
        """
        majority = nodes.value.argmax(axis=1)
        protected = (nodes.left < 0) & np.isin(majority, positions)
        threshold = self.adapter.leaf_loss_threshold
        if threshold is None:
            return protected
        mass = nodes.value * nodes.size[:, None]
        share = np.take_along_axis(
            mass / np.where(mass[0], mass[0], 1), majority[:, None], 1
        )
        missed = (1 - share[:, 0]) ** Z.sum(axis=1)[majority]
        in_target = (nodes.value * self._proportions(nodes, Z)).argmax(axis=1)
        return protected & (missed > threshold) & (in_target == majority)

    def _kept_by_strut(self, nodes, Z):
        positions = self._positions("cl_no_prune")
        if self.adapter.leaf_loss_threshold is None:
            holds = nodes.value[:, positions].sum(axis=1) > 0
        else:
            protected = self._protected(nodes, Z, positions)
            levels = levels_of(nodes.left, nodes.right)
            holds = gathered(nodes.left, nodes.right, levels, protected)
        return lambda node, sums: holds[node] & (sums[positions].sum(axis=0) == 0)
