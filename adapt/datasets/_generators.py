"""Toy domains whose shift is known in closed form.

A method that estimates weights, priors or a map can be held beside the truth here:
each generator states its law and returns what follows from it. The first four return
a `Bunch` because the truth comes along; the last three return the bare tables.
"""

from functools import partial

import numpy as np
from scipy.special import log_softmax, logsumexp
from scipy.stats import norm
from sklearn.datasets import make_classification, make_moons
from sklearn.utils import check_random_state

from adapt.datasets._bunch import DomainBunch


def _gaussian_log_density(X, mean, scale):
    """Log density of N(mean, scale^2 I), without the part that scale = 1 shares."""
    X = np.asarray(X, dtype=np.float64)
    squares = ((X - mean) ** 2).sum(axis=1)
    return -0.5 * squares / scale**2 - X.shape[1] * np.log(scale)


def _gaussian_ratio(X, *, mean, scale):
    """Density ratio of N(mean, scale^2 I) to N(0, I)."""
    target = _gaussian_log_density(X, mean, scale)
    return np.exp(target - _gaussian_log_density(X, 0.0, 1.0))


def _wave(X):
    """Mean of the label: u^3 - u of the sum u of the features over sqrt(d)."""
    X = np.asarray(X, dtype=np.float64)
    u = X.sum(axis=1) / np.sqrt(X.shape[1])
    return u**3 - u


def _wave_proba(X, *, noise):
    """Probability of class 1: that of the wave plus noise being positive."""
    return norm.cdf(_wave(X) / noise) if noise > 0 else (_wave(X) > 0).astype(float)


def make_covariate_shift(
    n_samples=500,
    n_features=2,
    *,
    shift=1.0,
    scale=1.0,
    noise=0.1,
    task="classification",
    random_state=None,
):
    r"""Generate two Gaussian domains with one rule: covariate shift.

    With :math:`e = (1, \dots, 1) / \sqrt{d}`, the features are
    :math:`N(0, I)` in the source and
    :math:`N(\mathrm{shift} \cdot e, \mathrm{scale}^2 I)` in the target. In both,
    :math:`y = u^3 - u + \varepsilon` with :math:`u = e^\top x` and
    :math:`\varepsilon \sim N(0, \mathrm{noise}^2)`; a classification asks for its
    sign. A linear model is wrong about this rule, so that where it is trained matters.

    Parameters
    ----------
    n_samples : int, default=500
        Number of rows of each domain.
    n_features : int, default=2
        Number of features `d`.
    shift : float, default=1.0
        Distance of the two means.
    scale : float, default=1.0
        Standard deviation of the target. From :math:`\sqrt{2}` on the weights have
        infinite variance.
    noise : float, default=0.1
        Standard deviation of the noise of the label.
    task : {"classification", "regression"}, default="classification"
        Whether `y` is the sign (0 or 1) or the number.
    random_state : int, RandomState instance or None, default=None
        Seed of the generator, for reproducible output across calls.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        Xs, Xt : ndarray of shape (n_samples, n_features)
            The features.
        ys, yt : ndarray of shape (n_samples,)
            The labels.
        ratio : callable
            ``ratio(X)`` is the exact :math:`p_t(x) / p_s(x)`, shape (n_rows,).
        conditional : callable
            ``conditional(X)`` is the exact :math:`P(y = 1 | x)` or
            :math:`E(y | x)`, the same in both domains.

    Raises
    ------
    ValueError
        If `task` is unknown, `scale` not positive or `noise` negative.

    Examples
    --------
    >>> from adapt.datasets import make_covariate_shift
    >>> data = make_covariate_shift(n_samples=1000, shift=1.0, random_state=0)
    >>> data.Xs.shape
    (1000, 2)
    >>> print(f"{data.ratio([[0.0, 0.0]])[0]:.3f}")  # exp(-1 / 2)
    0.607
    """
    if task not in ("classification", "regression"):
        raise ValueError(
            "The `task` parameter must be 'classification' or 'regression'; "
            f"got {task!r}."
        )
    if scale <= 0:
        raise ValueError(f"The `scale` parameter must be positive; got {scale!r}.")
    if noise < 0:
        raise ValueError(f"The `noise` parameter must be at least 0; got {noise!r}.")
    rng = check_random_state(random_state)
    mean = np.full(n_features, shift / np.sqrt(n_features))
    Xs = rng.standard_normal((n_samples, n_features))
    Xt = mean + scale * rng.standard_normal((n_samples, n_features))
    ys = _wave(Xs) + noise * rng.standard_normal(n_samples)
    yt = _wave(Xt) + noise * rng.standard_normal(n_samples)
    conditional = _wave
    if task == "classification":
        ys, yt = (ys > 0).astype(np.int64), (yt > 0).astype(np.int64)
        conditional = partial(_wave_proba, noise=noise)
    return DomainBunch(
        Xs=Xs,
        ys=ys,
        Xt=Xt,
        yt=yt,
        ratio=partial(_gaussian_ratio, mean=mean, scale=scale),
        conditional=conditional,
    )


def _class_log_densities(X, means):
    """Log density of every class at every row, up to one constant."""
    X = np.asarray(X, dtype=np.float64)
    return np.column_stack([_gaussian_log_density(X, mean, 1.0) for mean in means])


def _mixture_ratio(X, *, means, priors_s, priors_t):
    """Density ratio of two mixtures of the same Gaussians."""
    logs = _class_log_densities(X, means)
    return np.exp(
        logsumexp(logs, b=priors_t, axis=1) - logsumexp(logs, b=priors_s, axis=1)
    )


def _mixture_posterior(X, *, means, priors):
    """Probabilities of the classes by Bayes' rule."""
    with np.errstate(divide="ignore"):  # a class that is absent has log prior -inf
        return np.exp(
            log_softmax(_class_log_densities(X, means) + np.log(priors), axis=1)
        )


def _check_priors(name, priors):
    """Return class frequencies as an array that sums to one, or raise."""
    array = np.asarray(priors, dtype=np.float64)
    if array.ndim != 1 or array.min() < 0 or not np.isclose(array.sum(), 1.0):
        raise ValueError(
            f"The `{name}` parameter must hold one frequency a class, none negative "
            f"and 1 in all; got {priors!r}."
        )
    return array / array.sum()


def make_label_shift(
    n_samples=500,
    n_features=2,
    *,
    priors_s=(0.5, 0.5),
    priors_t=(0.2, 0.8),
    separation=2.0,
    random_state=None,
):
    r"""Generate two domains that differ in their class frequencies only.

    Class :math:`k` is :math:`N(k \cdot \mathrm{separation} \cdot e_1, I)` in both
    domains, where :math:`e_1` is the first axis; its frequency is `priors_s[k]` in
    the source and `priors_t[k]` in the target. Every row draws its class, so that the
    frequencies of a sample vary around these.

    Parameters
    ----------
    n_samples : int, default=500
        Number of rows of each domain.
    n_features : int, default=2
        Number of features.
    priors_s, priors_t : sequence of float, default=(0.5, 0.5) and (0.2, 0.8)
        Frequency of each class in the source, positive, and in the target.
    separation : float, default=2.0
        Distance of the means of neighbouring classes.
    random_state : int, RandomState instance or None, default=None
        Seed of the generator, for reproducible output across calls.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        Xs, Xt : ndarray of shape (n_samples, n_features)
            The features.
        ys, yt : ndarray of shape (n_samples,)
            The classes, 0 to ``n_classes - 1``.
        class_weights : ndarray of shape (n_classes,)
            The exact weights ``priors_t / priors_s`` of the source classes.
        ratio : callable
            ``ratio(X)`` is the exact :math:`p_t(x) / p_s(x)`, shape (n_rows,).
        posterior_s, posterior_t : callable
            ``posterior_t(X)`` are the exact probabilities of the classes given `x` in
            the target, shape (n_rows, n_classes); `posterior_s` those in the source.

    Raises
    ------
    ValueError
        If the frequencies do not fit each other, or do not sum to one.

    Examples
    --------
    >>> from adapt.datasets import make_label_shift
    >>> data = make_label_shift(priors_t=(0.1, 0.9), random_state=0)
    >>> data.class_weights
    array([0.2, 1.8])
    >>> data.posterior_t([[1.0, 0.0]])  # half way between the classes
    array([[0.1, 0.9]])
    """
    frequencies_s = _check_priors("priors_s", priors_s)
    frequencies_t = _check_priors("priors_t", priors_t)
    if len(frequencies_s) != len(frequencies_t):
        raise ValueError(
            "The `priors_s` and `priors_t` parameters must have one entry a class "
            f"each; got {len(frequencies_s)} and {len(frequencies_t)}."
        )
    if frequencies_s.min() <= 0:
        raise ValueError(
            "The `priors_s` parameter must be positive: a class that the source lacks "
            f"cannot be weighted; got {priors_s!r}."
        )
    rng = check_random_state(random_state)
    n_classes = len(frequencies_s)
    means = np.zeros((n_classes, n_features))
    means[:, 0] = separation * np.arange(n_classes)
    ys = rng.choice(n_classes, size=n_samples, p=frequencies_s)
    yt = rng.choice(n_classes, size=n_samples, p=frequencies_t)
    return DomainBunch(
        Xs=means[ys] + rng.standard_normal((n_samples, n_features)),
        ys=ys,
        Xt=means[yt] + rng.standard_normal((n_samples, n_features)),
        yt=yt,
        class_weights=frequencies_t / frequencies_s,
        ratio=partial(
            _mixture_ratio, means=means, priors_s=frequencies_s, priors_t=frequencies_t
        ),
        posterior_s=partial(_mixture_posterior, means=means, priors=frequencies_s),
        posterior_t=partial(_mixture_posterior, means=means, priors=frequencies_t),
    )


def make_concept_shift(
    n_samples=500, n_features=2, *, angle=45.0, noise=0.0, random_state=None
):
    r"""Generate two domains whose features agree and whose rules do not.

    The features are :math:`N(0, I)` in both domains. The label is the sign of
    :math:`w^\top x + \varepsilon`, with :math:`\varepsilon \sim N(0,
    \mathrm{noise}^2)`; `w` is the first axis in the source, and in the target it is
    turned by `angle` in the plane of the first two. No unsupervised method can see
    this shift: `Xs` and `Xt` have the same law.

    Parameters
    ----------
    n_samples : int, default=500
        Number of rows of each domain.
    n_features : int, default=2
        Number of features, at least 2.
    angle : float, default=45.0
        Angle of the two boundaries in degrees, from 0 to 180.
    noise : float, default=0.0
        Standard deviation of the noise.
    random_state : int, RandomState instance or None, default=None
        Seed of the generator, for reproducible output across calls.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        Xs, Xt : ndarray of shape (n_samples, n_features)
            The features.
        ys, yt : ndarray of shape (n_samples,)
            The classes 0 and 1.
        coef_s, coef_t : ndarray of shape (n_features,)
            The two vectors `w`.
        disagreement : float
            Share of the rows on which the noiseless rules disagree, ``angle / 180``:
            the error on the target of the perfect source model when `noise` is 0.

    Raises
    ------
    ValueError
        If `n_features` is under 2, `angle` out of range or `noise` negative.

    Examples
    --------
    >>> from adapt.datasets import make_concept_shift
    >>> data = make_concept_shift(n_samples=10000, angle=45, random_state=0)
    >>> data.disagreement
    0.25
    >>> source_rule = data.Xt @ data.coef_s > 0
    >>> print(f"{(source_rule != data.yt).mean():.2f}")
    0.25
    """
    if n_features < 2:
        raise ValueError(
            f"The `n_features` parameter must be at least 2; got {n_features!r}."
        )
    if not 0 <= angle <= 180:
        raise ValueError(f"The `angle` parameter must be in [0, 180]; got {angle!r}.")
    if noise < 0:
        raise ValueError(f"The `noise` parameter must be at least 0; got {noise!r}.")
    rng = check_random_state(random_state)
    coef_s, coef_t = np.zeros(n_features), np.zeros(n_features)
    coef_s[0] = 1.0
    coef_t[:2] = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    Xs = rng.standard_normal((n_samples, n_features))
    Xt = rng.standard_normal((n_samples, n_features))
    ys = (Xs @ coef_s + noise * rng.standard_normal(n_samples) > 0).astype(np.int64)
    yt = (Xt @ coef_t + noise * rng.standard_normal(n_samples) > 0).astype(np.int64)
    return DomainBunch(
        Xs=Xs,
        ys=ys,
        Xt=Xt,
        yt=yt,
        coef_s=coef_s,
        coef_t=coef_t,
        disagreement=angle / 180,
    )


def make_affine_shift(
    n_samples=500,
    n_features=2,
    *,
    strength=1.0,
    shift=2.0,
    separation=3.0,
    random_state=None,
):
    r"""Generate a target that is the source's law moved by a known affine map.

    In the source, two classes of equal frequency are
    :math:`N(\pm \tfrac{1}{2} \mathrm{separation} \cdot e_1, I)`. The target is drawn
    from the same law and then moved, :math:`x \mapsto A x + b`, with its labels. `A`
    is symmetric and positive definite, so that it is the optimal transport map of the
    two domains, and the map between their Gaussian approximations as well.

    Parameters
    ----------
    n_samples : int, default=500
        Number of rows of each domain.
    n_features : int, default=2
        Number of features.
    strength : float, default=1.0
        The eigenvalues of `A` run evenly in the logarithm from ``exp(-strength)`` to
        ``exp(strength)``, along axes drawn at random; 0 makes `A` the identity.
    shift : float, default=2.0
        Length of `b`, whose direction is drawn at random.
    separation : float, default=3.0
        Distance of the means of the two classes in the source.
    random_state : int, RandomState instance or None, default=None
        Seed of the generator, for reproducible output across calls.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        Xs, Xt : ndarray of shape (n_samples, n_features)
            The features.
        ys, yt : ndarray of shape (n_samples,)
            The classes 0 and 1.
        matrix : ndarray of shape (n_features, n_features)
            The matrix `A`: ``X @ matrix + offset`` moves source rows to the target.
        offset : ndarray of shape (n_features,)
            The vector `b`.
        mean_s, mean_t : ndarray of shape (n_features,)
            The exact means.
        covariance_s, covariance_t : ndarray of shape (n_features, n_features)
            The exact covariances.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.datasets import make_affine_shift
    >>> data = make_affine_shift(random_state=0)
    >>> data.Xt.shape
    (500, 2)
    >>> moved = data.matrix @ data.covariance_s @ data.matrix
    >>> bool(np.allclose(moved, data.covariance_t))
    True
    """
    rng = check_random_state(random_state)
    axes, _ = np.linalg.qr(rng.standard_normal((n_features, n_features)))
    scales = np.exp(np.linspace(-strength, strength, n_features))
    matrix = (axes * scales) @ axes.T
    offset = rng.standard_normal(n_features)
    offset *= shift / np.linalg.norm(offset)
    centre = np.zeros(n_features)
    centre[0] = separation / 2

    def draw():
        y = rng.choice(2, size=n_samples)
        noise = rng.standard_normal((n_samples, n_features))
        return np.outer(2 * y - 1, centre) + noise, y

    Xs, ys = draw()
    X, yt = draw()
    covariance = np.eye(n_features) + np.outer(centre, centre)
    return DomainBunch(
        Xs=Xs,
        ys=ys,
        Xt=X @ matrix + offset,
        yt=yt,
        matrix=matrix,
        offset=offset,
        mean_s=np.zeros(n_features),
        mean_t=offset,
        covariance_s=covariance,
        covariance_t=matrix @ covariance @ matrix,
    )


def make_moons_da(n_samples=200, *, angle=30.0, noise=0.05, random_state=None):
    """Generate two moons, and two more that are turned.

    The source is :func:`sklearn.datasets.make_moons`; the target is drawn from the
    same law and turned counter-clockwise about the centre of the moons, (0.5, 0.25).

    Parameters
    ----------
    n_samples : int, default=200
        Number of rows of each domain.
    angle : float, default=30.0
        Angle of the rotation in degrees.
    noise : float, default=0.05
        Standard deviation of the Gaussian noise around the moons.
    random_state : int, RandomState instance or None, default=None
        Seed of the generator, for reproducible output across calls.

    Returns
    -------
    Xs : ndarray of shape (n_samples, 2)
        Source features.
    ys : ndarray of shape (n_samples,)
        Source classes, 0 and 1.
    Xt : ndarray of shape (n_samples, 2)
        Target features.
    yt : ndarray of shape (n_samples,)
        Target classes.

    Examples
    --------
    >>> from adapt.datasets import make_moons_da
    >>> Xs, ys, Xt, yt = make_moons_da(n_samples=100, angle=40, random_state=0)
    >>> Xs.shape, Xt.shape
    ((100, 2), (100, 2))
    """
    rng = check_random_state(random_state)
    Xs, ys = make_moons(n_samples, noise=noise, random_state=rng)
    X, yt = make_moons(n_samples, noise=noise, random_state=rng)
    centre = np.array([0.5, 0.25])
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    rotation = np.array([[cos, -sin], [sin, cos]])
    return Xs, ys, (X - centre) @ rotation.T + centre, yt


def make_classification_da(n_samples=100, n_features=2, random_state=2):
    """Generate two classes and, in the target, two others under the same names.

    Both domains are a :func:`sklearn.datasets.make_classification` with one cluster a
    class, drawn one after the other, so that their clusters lie elsewhere. In the
    target the first cluster is class 1 and the second class 0, contrary to the
    source. Each feature is scaled to [0, 1] in each domain. The numbers are those of
    ADAPT 0.4.5 for the same arguments.

    Parameters
    ----------
    n_samples : int, default=100
        Number of rows of each domain.
    n_features : int, default=2
        Number of features, at least 2.
    random_state : int, RandomState instance or None, default=2
        Seed of the generator, for reproducible output across calls.

    Returns
    -------
    Xs : ndarray of shape (n_samples, n_features)
        Source features.
    ys : ndarray of shape (n_samples,)
        Source classes, 0 and 1.
    Xt : ndarray of shape (n_samples, n_features)
        Target features.
    yt : ndarray of shape (n_samples,)
        Target classes.

    Raises
    ------
    ValueError
        If `n_features` is under 2.

    Examples
    --------
    >>> from adapt.datasets import make_classification_da
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> Xs.shape, Xt.shape
    ((100, 2), (100, 2))
    """
    if n_features < 2:
        raise ValueError(
            f"The `n_features` parameter must be at least 2; got {n_features!r}."
        )
    rng = check_random_state(random_state)
    domains = []
    for _ in range(2):
        X, y = make_classification(
            n_samples,
            n_features,
            n_informative=n_features,
            n_redundant=0,
            n_clusters_per_class=1,
            shuffle=False,
            random_state=rng,
        )
        domains += [(X - X.min(axis=0)) / np.ptp(X, axis=0), y]
    Xs, ys, Xt, _ = domains
    # The target's classes are set by the cluster, contrary to the source's.
    return Xs, ys, Xt, (np.arange(n_samples) < n_samples // 2).astype(np.int64)


def make_regression_da(n_samples=100, n_features=1, random_state=0):
    r"""Generate a regression whose target lies outside the source: concept shift.

    The features are uniform on [-2, 2] in the source and on [2, 4.5] in the target;
    with :math:`u` the first of them, :math:`y = 1 + u + 0.1 u^5 + 0.2 \varepsilon` in
    the source and :math:`y = 1 + u + 0.1 (u - 2)^4 + 0.4 \varepsilon` in the target,
    with :math:`\varepsilon \sim N(0, 1)`. The features are then standardised over both
    domains and divided by 3, and the labels standardised by the mean and twice the
    standard deviation of the source. With one feature the numbers are those of
    ADAPT 0.4.5 for the same seed.

    Parameters
    ----------
    n_samples : int, default=100
        Number of rows of each domain.
    n_features : int, default=1
        Number of features; only the first one matters.
    random_state : int, RandomState instance or None, default=0
        Seed of the generator, for reproducible output across calls.

    Returns
    -------
    Xs : ndarray of shape (n_samples, n_features)
        Source features.
    ys : ndarray of shape (n_samples,)
        Source labels.
    Xt : ndarray of shape (n_samples, n_features)
        Target features.
    yt : ndarray of shape (n_samples,)
        Target labels.

    Examples
    --------
    >>> from adapt.datasets import make_regression_da
    >>> Xs, ys, Xt, yt = make_regression_da()
    >>> Xs.shape, ys.shape
    ((100, 1), (100,))
    """
    rng = check_random_state(random_state)
    Xs = rng.uniform(-2.0, 2.0, size=(n_samples, n_features))
    Xt = rng.uniform(2.0, 4.5, size=(n_samples, n_features))
    us, ut = Xs[:, 0], Xt[:, 0]
    ys = 1 + us + 0.1 * us**5 + 0.2 * rng.standard_normal(n_samples)
    yt = 1 + ut + 0.1 * (ut - 2) ** 4 + 0.4 * rng.standard_normal(n_samples)
    X = np.concatenate([Xs, Xt])
    mean, scale = X.mean(axis=0), 3 * X.std(axis=0)
    centre, spread = ys.mean(), 2 * ys.std()
    return (
        (Xs - mean) / scale,
        (ys - centre) / spread,
        (Xt - mean) / scale,
        (yt - centre) / spread,
    )
