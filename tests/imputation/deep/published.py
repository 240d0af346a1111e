"""GAIN written out in numpy: its two losses, and one step of its game."""

import numpy as np


def perceptron(weights, x):
    """Return the outputs of layers with rectifiers between them."""
    for k in range(0, len(weights), 2):
        x = x @ weights[k] + weights[k + 1]
        if k + 2 < len(weights):
            x = np.maximum(x, 0)
    return x


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def losses(G, D, X, M, noise, B, hint):
    """Return the losses of discriminator and generator on one batch.

    ``X`` has any number where ``M`` is 0. The generator's is divided by alpha = 100.
    """
    X = np.where(M > 0, X, 0)
    filler = sigmoid(perceptron(G, np.hstack([M * X + (1 - M) * noise, M])))
    H = M * B if hint == "code" else B * M + 0.5 * (1 - B)
    scored = np.ones_like(M) if hint == "code" else np.broadcast_to(1 - B, M.shape)
    p = sigmoid(perceptron(D, np.hstack([M * X + (1 - M) * filler, H])))
    entropy = -(M * np.log(p) + (1 - M) * np.log(1 - p))
    d_loss = (scored * entropy).sum() / scored.sum()
    misled = -(scored * (1 - M) * np.log(p)).sum() / scored.sum()
    errors = (M * np.square(X - filler)).sum() / M.sum()
    return d_loss, misled / 100 + errors


def descended(weights, loss, rate, eps=1e-6):
    """Return weights after a step of gradient descent, by central differences."""
    moved = [w.copy() for w in weights]
    for w, new in zip(weights, moved, strict=True):
        for index in np.ndindex(w.shape):
            before = w[index]
            w[index] = before + eps
            up = loss()
            w[index] = before - eps
            slope = (up - loss()) / (2 * eps)
            w[index] = before
            new[index] -= rate * slope
    return moved


def step(G, D, rate, *batch):
    """Return both networks after one step: the discriminator moves first."""
    D = descended(D, lambda: losses(G, D, *batch)[0], rate)
    G = descended(G, lambda: losses(G, D, *batch)[1], rate)
    return G, D
