"""The transfer of trees as recursions over nested nodes, one row at a time.

Written from the papers, to be compared with the arrays of the library: slow and plain.
"""

from dataclasses import dataclass

import numpy as np

TIE = 1e-9


def pure(error, y):
    """Return the error, or zero where rows are as good as equal."""
    return error if error > 1e-12 * len(y) else 0


@dataclass
class Node:
    """A node; leaves have no children. Values are counts, probabilities or means."""

    value: np.ndarray
    feature: int = -2
    threshold: float = -2.0
    left: "Node | None" = None
    right: "Node | None" = None

    @property
    def is_leaf(self):
        return self.left is None


def read(tree, node=0):
    """Return a tree of scikit-learn as nested nodes."""
    value = tree.value[node]
    value = value[0] if tree.n_outputs == 1 else value[:, 0]
    if tree.children_left[node] < 0:
        return Node(value)
    return Node(
        value,
        int(tree.feature[node]),
        float(tree.threshold[node]),
        read(tree, tree.children_left[node]),
        read(tree, tree.children_right[node]),
    )


def assert_same(ours, theirs):
    """Assert that two nested trees are equal, node by node."""
    np.testing.assert_allclose(ours.value, theirs.value, atol=1e-10)
    assert ours.is_leaf == theirs.is_leaf
    if not ours.is_leaf:
        assert ours.feature == theirs.feature
        assert ours.threshold == theirs.threshold
        assert_same(ours.left, theirs.left)
        assert_same(ours.right, theirs.right)


class ByClass:
    """Counts of classes; labels are 0, 1, ..."""

    def __init__(self, n_classes):
        self.n_classes = n_classes

    def counts(self, y):
        return np.bincount(y, minlength=self.n_classes)

    def value(self, y):
        return self.counts(y) / len(y)

    def error(self, y):
        return 0 if len(y) == 0 else len(y) - self.counts(y).max()

    def entropy(self, y):
        p = self.value(y)
        return -sum(q * np.log(q) for q in p if q > 0)

    def gain(self, y, left, right):
        weighted = len(left) * self.entropy(left) + len(right) * self.entropy(right)
        return self.entropy(y) - weighted / len(y)

    def explained(self, y):
        return (self.counts(y) ** 2).sum() / len(y)

    def unlikeness(self, y, value):
        p, middle = self.value(y), (self.value(y) + value) / 2

        def divergence(a):
            return sum(
                u * np.log(u / v) for u, v in zip(a, middle, strict=True) if u > 0
            )

        return (divergence(p) + divergence(value)) / 2


class ByNumber:
    """Means; labels are of shape (n_samples, n_outputs)."""

    def value(self, y):
        return y.mean(axis=0)

    def error(self, y):
        return 0 if len(y) == 0 else pure(((y - y.mean(axis=0)) ** 2).sum(), y)

    def gain(self, y, left, right):
        return (self.error(y) - self.error(left) - self.error(right)) / len(y)

    def explained(self, y):
        return len(y) * (y.mean(axis=0) ** 2).sum()

    def unlikeness(self, y, value):
        return ((y.mean(axis=0) - value) ** 2).sum()


def goes_left(X, feature, threshold):
    return X[:, feature].astype(np.float32) <= threshold


def middles(x):
    values = np.unique(x.astype(np.float32)).astype(float)
    return (values[:-1] + values[1:]) / 2


def relabel(node, X, y, by):
    value = by.value(y) if len(y) else node.value
    if node.is_leaf:
        return Node(value)
    left = goes_left(X, node.feature, node.threshold)
    return Node(
        value,
        node.feature,
        node.threshold,
        relabel(node.left, X[left], y[left], by),
        relabel(node.right, X[~left], y[~left], by),
    )


def grow(X, y, by, depth=0, max_depth=np.inf):
    """Grow a tree, at each node by the split that explains most squares."""
    best = None
    if by.error(y) > 0 and depth < max_depth:
        for feature in range(X.shape[1]):
            for threshold in middles(X[:, feature]):
                left = goes_left(X, feature, threshold)
                score = (by.explained(y[left]) + by.explained(y[~left])) / len(y)
                if best is None or score > best[0] + TIE:
                    best = score, feature, threshold, left
    if best is None:
        return Node(by.value(y))
    _, feature, threshold, left = best
    return Node(
        by.value(y),
        feature,
        threshold,
        grow(X[left], y[left], by, depth + 1, max_depth),
        grow(X[~left], y[~left], by, depth + 1, max_depth),
    )


def ser(node, X, y, by, depth=0, max_depth=np.inf):
    """Return a tree expanded and reduced, and its error on the target rows."""
    if len(y) == 0:
        return None, 0
    if node.is_leaf:
        node = grow(X, y, by, depth, max_depth)
        if node.is_leaf:
            return node, by.error(y)
    left = goes_left(X, node.feature, node.threshold)
    # What was just grown comes out of the same growth again.
    a, error_a = ser(node.left, X[left], y[left], by, depth + 1, max_depth)
    b, error_b = ser(node.right, X[~left], y[~left], by, depth + 1, max_depth)
    if by.error(y) <= error_a + error_b + TIE * len(y):
        return Node(by.value(y)), by.error(y)
    if a is None or b is None:
        return b if a is None else a, error_a + error_b
    return Node(by.value(y), node.feature, node.threshold, a, b), error_a + error_b


def new_threshold(X, y, feature, a, b, by, use_divergence, default_to_gain):
    """Return the threshold whose sides are most like two nodes, and how unlike."""
    tried = []
    for threshold in middles(X[:, feature]):
        left = goes_left(X, feature, threshold)
        share = left.mean()
        unlike = share * by.unlikeness(y[left], a.value)
        unlike += (1 - share) * by.unlikeness(y[~left], b.value)
        tried.append((threshold, by.gain(y, y[left], y[~left]), unlike))
    gains = [gain for _, gain, _ in tried]
    peaks = [
        i
        for i in range(1, len(tried) - 1)
        if gains[i] >= gains[i - 1] - TIE and gains[i] >= gains[i + 1] - TIE
    ]
    best_gain = next(i for i, gain in enumerate(gains) if gain >= max(gains) - TIE)
    if not use_divergence:
        peaks = [best_gain]
    elif not peaks:
        peaks = [best_gain] if default_to_gain else range(len(tried))
    least = min(tried[i][2] for i in peaks)
    chosen = next(i for i in peaks if tried[i][2] <= least + TIE)
    return tried[chosen][0], tried[chosen][2]


def strut(node, X, y, by, use_divergence=True, default_to_gain=True):
    """Return a tree of the same structure, with thresholds of the target."""
    if node.is_leaf or by.error(y) == 0:
        return Node(by.value(y))
    options = by, use_divergence, default_to_gain
    a, b = node.left, node.right
    if np.ptp(X[:, node.feature].astype(np.float32)) == 0:
        swapped = by.unlikeness(y, b.value) < by.unlikeness(y, a.value) - TIE
        return strut(b if swapped else a, X, y, *options)
    straight = new_threshold(X, y, node.feature, a, b, *options)
    turned = new_threshold(X, y, node.feature, b, a, *options)
    threshold = straight[0]
    if turned[1] < straight[1] - TIE:
        threshold, a, b = turned[0], b, a
    left = goes_left(X, node.feature, threshold)
    return Node(
        by.value(y),
        node.feature,
        threshold,
        strut(a, X[left], y[left], *options),
        strut(b, X[~left], y[~left], *options),
    )
