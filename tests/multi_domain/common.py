"""Domains for the tests of `adapt.multi_domain`."""

import numpy as np


def many_domains(seed=0, n_domains=6, per=12, n_classes=3, p=4, shift=1.5):
    """Return rows of classes whose means move by domain, as (X, y, domain)."""
    rng = np.random.default_rng(seed)
    domain = np.repeat(np.arange(n_domains), per)
    y = rng.integers(n_classes, size=len(domain))
    y[:n_classes] = np.arange(n_classes)
    means = 2 * rng.normal(size=(n_classes, p))
    shifts = shift * rng.normal(size=(n_domains, p))
    X = rng.normal(size=(len(y), p)) + means[y] + shifts[domain]
    return X, y, domain


def many_lines(seed=0, n_domains=12, per=8, p=3, spread=0.7):
    """Return rows whose line varies by domain, as (X, y, domain)."""
    rng = np.random.default_rng(seed)
    domain = np.repeat(np.arange(n_domains), per)
    X = rng.normal(size=(len(domain), p))
    slopes = 1 + spread * rng.normal(size=(n_domains, p))
    y = np.sum(X * slopes[domain], axis=1) + rng.normal(size=n_domains)[domain]
    return X, y + 0.5 * rng.normal(size=len(y)), domain
