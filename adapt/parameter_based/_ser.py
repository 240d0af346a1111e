"""SER: leaves of a tree are expanded by target rows, and reduced again."""

from typing import NamedTuple

import numpy as np

from adapt.parameter_based._tree_growing import grow
from adapt.parameter_based._tree_nodes import (
    TIE,
    Nodes,
    finished,
    follow,
    levels_of,
    node_sums,
)


class SerOptions(NamedTuple):
    """Variants of SER; see `adapt.parameter_based.TransferTreeClassifier`."""

    max_depth: int | None = None
    min_samples_leaf: float = 1


def _expanded(nodes, sample, leaf, frozen, options):
    """Return the tree with trees grown in its leaves, and the leaf of each row."""
    old = len(nodes.left)
    depth = np.empty(old, dtype=np.int64)
    for i, level in enumerate(levels_of(nodes.left, nodes.right)):
        depth[level] = i
    row = np.flatnonzero(sample.weight > 0)
    row = row[~frozen[leaf[row]]]
    row = row[np.argsort(leaf[row], kind="stable")]
    roots, lengths = np.unique(leaf[row], return_counts=True)
    *grown, ends = grow(sample, row, lengths, depth[roots], options)
    # Roots of what was grown take the place of leaves; other nodes are appended.
    n_new = len(grown[0]) - len(roots)
    name = np.concatenate([roots, old + np.arange(n_new)])
    arrays = [
        np.concatenate([array, np.zeros(n_new, dtype=array.dtype)])
        for array in (nodes.left, nodes.right, nodes.feature, nodes.threshold)
    ]
    for array, new in zip(arrays[:2], grown[:2], strict=True):
        array[name] = np.where(new < 0, -1, name[new])
    for array, new in zip(arrays[2:], grown[2:], strict=True):
        array[name] = new
    leaf = leaf.copy()
    leaf[row] = name[ends[row]]
    value = np.concatenate([nodes.value, np.zeros((n_new, nodes.value.shape[1]))])
    return Nodes(*arrays, value, np.zeros(old + n_new)), leaf


def _reduced(nodes, own, error, size, stays):
    """Cut what explains nothing; return where each node leads.

    ``own`` is the error of each node as a leaf, ``error`` that of the leaves below it.
    Both children of ``nodes`` and ``error`` are written to.
    """
    left, right = nodes.left, nodes.right
    jump = np.arange(len(left))
    for level in reversed(levels_of(left, right)):
        level = level[left[level] >= 0]
        a, b = left[level], right[level]
        stays[level] = stays[a] | stays[b]
        error[level] = error[a] + error[b]
        reduced = ~stays[level] & (own[level] <= error[level] + TIE * size[level])
        cut, level, a, b = level[reduced], level[~reduced], a[~reduced], b[~reduced]
        left[cut] = right[cut] = -1
        error[cut] = own[cut]
        gone_a, gone_b = ((size[c] == 0) & ~stays[c] for c in (a, b))
        jump[level[gone_a]] = b[gone_a]
        jump[level[gone_b]] = a[gone_b]
    follow(jump)
    return jump


def ser(nodes, sample, leaf, options, unreduced, unexpanded):
    """Expand the leaves of a tree by target rows, and reduce what they do not need.

    Parameters
    ----------
    nodes : Nodes
        The source tree.

    sample : Sample
        The target, with weights.

    leaf : ndarray of shape (n_samples,)
        The leaf of the source tree of each target row.

    options : SerOptions

    unreduced : ndarray of bool of shape (n_nodes,)
        Leaves that stay, with all above them, where no target row reaches them.

    unexpanded : ndarray of bool of shape (n_nodes,)
        Leaves that stay as they are where target rows reach them.

    Returns
    -------
    nodes : Nodes
    impurity : ndarray of shape (n_nodes,)
    depth : int
    """
    measure, old = sample.measure, len(nodes.left)
    seen = np.bincount(leaf[sample.weight > 0], minlength=old) > 0
    frozen = unexpanded & seen
    whole, leaf = _expanded(nodes, sample, leaf, frozen, options)
    sums, size = node_sums(whole, leaf, sample.Z, sample.weight)
    new = np.zeros(len(size) - old, dtype=bool)
    stays = np.concatenate([unreduced & ~seen, new])
    frozen = np.concatenate([frozen, new])
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.where(size > 0, measure.error(sums, size), 0)
    error = own.copy()
    if frozen.any():
        error[frozen] = measure.error_of(
            whole.value[frozen], sums[:, frozen], size[frozen]
        )
    jump = _reduced(whole, own, error, size, stays)
    # What is frozen says what the source says.
    size[frozen & (whole.left < 0)] = 0
    return finished(whole, sums, size, jump, measure)
