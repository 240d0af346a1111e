"""Nodes of a tree as parallel arrays, and what target rows make of them."""

import copy
from typing import NamedTuple

import numpy as np
from sklearn.base import is_classifier

# Quantities of one row that differ by less are equal, whatever the order of summation.
TIE = 1e-9


class Nodes(NamedTuple):
    """Arrays of a tree, one entry per node; children of leaves are -1."""

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray
    size: np.ndarray


def sums_by_slot(slot, Z, n_slots):
    """Return the sums of the rows of ``Z``, a column each, by slot."""
    sums = np.stack([np.bincount(slot, row, n_slots) for row in Z])
    return sums if Z.dtype.kind == "f" else np.rint(sums).astype(np.int64)


def levels_of(left, right):
    """Return the nodes of each depth, the root first."""
    level, levels = np.array([0]), []
    while level.size:
        levels.append(level)
        inner = level[left[level] >= 0]
        level = np.concatenate([left[inner], right[inner]])
    return levels


def gathered(left, right, levels, sums):
    """Return the sums of leaves, added up to the nodes above them."""
    sums = sums.copy()
    for level in reversed(levels):
        inner = level[left[level] >= 0]
        sums[..., inner] = sums[..., left[inner]] + sums[..., right[inner]]
    return sums


def node_sums(nodes, leaf, Z, weight):
    """Return the sums and the weights of the target rows of each node."""
    leaf_sums = sums_by_slot(leaf, np.vstack([Z, weight]), len(nodes.left))
    levels = levels_of(nodes.left, nodes.right)
    sums = gathered(nodes.left, nodes.right, levels, leaf_sums)
    return sums[:-1], sums[-1]


def first_of_best(score, slot, starts):
    """Return, for each slot, the first position whose score is within a tie of best."""
    best = np.maximum.reduceat(score, starts)
    near = np.flatnonzero(score >= best[slot] - TIE)
    return near[np.diff(slot[near], prepend=-1) > 0]


def relabel(nodes, leaf, Z, weight, measure):
    """Give each node that the target reaches what its target rows say.

    Parameters
    ----------
    nodes : Nodes
        The source tree.

    leaf : ndarray of shape (n_samples,)
        The leaf of each target row.

    Z : ndarray of shape (n_sums, n_samples)
        Weighted memberships, or weighted values and squares.

    weight : ndarray of shape (n_samples,)
        Weights of the rows.

    measure : Classes or Numbers

    Returns
    -------
    nodes : Nodes
    impurity : ndarray of shape (n_nodes,)
    depth : int
    """
    sums, size = node_sums(nodes, leaf, Z, weight)
    return finished(nodes, sums, size, np.arange(len(size)), measure)


def finished(nodes, sums, size, jump, measure):
    """Return the nodes that are left, with what their target rows say.

    ``jump`` tells which node stands in the place of each. Nodes without target rows
    keep their values.
    """
    level, levels, n_nodes = jump[:1], [], 1
    left, right = np.full((2, len(jump)), -1)
    while level.size:
        levels.append(level)
        inner = level[nodes.left[level] >= 0]
        children = n_nodes + np.arange(2 * len(inner)).reshape(2, -1)
        left[inner], right[inner] = children
        n_nodes += children.size
        level = jump[np.concatenate([nodes.left[inner], nodes.right[inner]])]
    kept = np.concatenate(levels)

    seen = size[kept] > 0
    reached = kept[seen]
    value = nodes.value[kept]
    value[seen] = measure.value(sums[:, reached], size[reached])
    impurity = np.zeros(len(kept))
    impurity[seen] = measure.impurity(sums[:, reached], size[reached])
    finished = Nodes(
        left[kept],
        right[kept],
        np.where(left[kept] < 0, -2, nodes.feature[kept]),
        np.where(left[kept] < 0, -2.0, nodes.threshold[kept]),
        value,
        size[kept],
    )
    return finished, impurity, len(levels) - 1


def follow(jump):
    """Let ``jump`` lead to the end of each chain."""
    while True:
        further = jump[jump]
        if np.array_equal(further, jump):
            return
        jump[:] = further


def read_nodes(tree, columns, n_values):
    """Return the arrays of a tree of scikit-learn.

    Parameters
    ----------
    tree : sklearn.tree._tree.Tree
        As in the attribute `tree_`.

    columns : ndarray of int of shape (n_values_of_tree,)
        Where its values stand among those that the result is to have.

    n_values : int
        Number of values of a node.

    Returns
    -------
    nodes : Nodes
    """
    values = tree.value[:, 0, :] if tree.n_outputs == 1 else tree.value[:, :, 0]
    value = np.zeros((tree.node_count, n_values))
    value[:, columns] = values
    return Nodes(
        tree.children_left.astype(np.int64),
        tree.children_right.astype(np.int64),
        tree.feature.astype(np.int64),
        tree.threshold.copy(),
        value,
        tree.weighted_n_node_samples.copy(),
    )


def write_nodes(estimator, nodes, impurity, depth):
    """Return a copy of a decision tree that holds other nodes.

    Parameters
    ----------
    estimator : DecisionTreeClassifier or DecisionTreeRegressor
        Fitted; it is not changed.

    nodes, impurity, depth
        As `relabel`, `ser` and `strut` return them.

    Returns
    -------
    estimator : DecisionTreeClassifier or DecisionTreeRegressor
    """
    make, (n_columns, n_classes, n_outputs), state = estimator.tree_.__reduce__()
    records = np.zeros(len(nodes.left), dtype=state["nodes"].dtype)
    records["left_child"], records["right_child"] = nodes.left, nodes.right
    records["feature"], records["threshold"] = nodes.feature, nodes.threshold
    records["impurity"] = impurity
    records["n_node_samples"] = np.rint(nodes.size)
    records["weighted_n_node_samples"] = nodes.size
    if n_outputs == 1:
        values = nodes.value[:, None, :]
        if is_classifier(estimator):
            n_classes = np.array([nodes.value.shape[1]], dtype=n_classes.dtype)
    else:
        values = nodes.value[:, :, None]
    tree = make(n_columns, n_classes, n_outputs)
    tree.__setstate__(
        {
            "max_depth": depth,
            "node_count": len(records),
            "nodes": records,
            "values": np.ascontiguousarray(values),
        }
    )
    written = copy.copy(estimator)
    written.tree_ = tree
    return written
