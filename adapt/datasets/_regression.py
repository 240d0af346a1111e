"""Regression tables: one column says where a row comes from."""

from adapt.datasets._bunch import make_bunch, read_table


def load_diabetes(*, source="sex_1", target="sex_2", return_X_y=False, as_frame=False):
    """Load the diabetes data of scikit-learn, split by the sex of the patients.

    Nine features and the progression of the disease a year later. The shift is small,
    and so are the samples.

    Parameters
    ----------
    source : {"sex_1", "sex_2"} or tuple of them, default="sex_1"
        The source domain, or several of them.
    target : {"sex_1", "sex_2"} or tuple of them, default="sex_2"
        The target domain, or several of them.
    return_X_y : bool, default=False
        If True, return ``(X, y, sample_domain)`` instead of a `Bunch`.
    as_frame : bool, default=False
        If True, `X` is a DataFrame and `y` a Series.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_samples, 9)
            The features, source rows first.
        y : ndarray of shape (n_samples,)
            A measure of the progression of the disease, from 25 to 346. The target rows
            carry their true labels too: they are there to score with; hide them from a
            method that may not see them.
        sample_domain : ndarray of shape (n_samples,)
            0, 1, ... for the rows of the sources, -1, -2, ... for those of the
            targets.
        feature_names : list of str
            The names of the columns of `X`.
        domain_names : dict of int to str
            What each value of `sample_domain` stands for.
        categories : dict of str to tuple of str
            The levels of each categorical column of `X` (none here).
        DESCR : str
            Source, licence, processing and measured baselines.

    data : tuple (X, y, sample_domain) if ``return_X_y=True``
        The arrays of the same names.

    Raises
    ------
    ValueError
        If a domain is unknown or chosen twice.

    Notes
    -----
    The features are in their own units (``scaled=False`` in scikit-learn). The original
    does not say which sex is 1 and which is 2.

    Examples
    --------
    >>> from adapt.datasets import load_diabetes
    >>> data = load_diabetes()
    >>> data.X.shape
    (442, 9)
    >>> data.feature_names
    ['age', 'bmi', 'bp', 's1', 's2', 's3', 's4', 's5', 's6']
    """
    from sklearn.datasets import load_diabetes as load_diabetes_table

    table = load_diabetes_table(as_frame=True, scaled=False).frame
    table["sex"] = table["sex"].map({1: "sex_1", 2: "sex_2"})
    return make_bunch(
        table,
        "diabetes",
        domain="sex",
        label="target",
        valid=("sex_1", "sex_2"),
        source=source,
        target=target,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


def load_flights(*, source="winter", target="summer", return_X_y=False, as_frame=False):
    """Load flights out of New York: time in the air, from season to season.

    The distance, the hour and the weather at departure. Westerly winds are stronger in
    winter and most flights go west, so the same distance takes longer, and the weather
    itself shifts far.

    Parameters
    ----------
    source : {"winter", "spring", "summer", "autumn"} or tuple of them, default="winter"
        The source domain, or several of them.
    target : {"winter", "spring", "summer", "autumn"} or tuple of them, default="summer"
        The target domain, or several of them.
    return_X_y : bool, default=False
        If True, return ``(X, y, sample_domain)`` instead of a `Bunch`.
    as_frame : bool, default=False
        If True, `X` is a DataFrame and `y` a Series.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_samples, 6)
            The features, source rows first.
        y : ndarray of shape (n_samples,)
            Hours in the air. The target rows carry their true labels too: they are
            there to score with; hide them from a method that may not see them.
        sample_domain : ndarray of shape (n_samples,)
            0, 1, ... for the rows of the sources, -1, -2, ... for those of the
            targets.
        feature_names : list of str
            The names of the columns of `X`.
        domain_names : dict of int to str
            What each value of `sample_domain` stands for.
        categories : dict of str to tuple of str
            The levels of each categorical column of `X` (none here).
        DESCR : str
            Source, licence, processing and measured baselines.

    data : tuple (X, y, sample_domain) if ``return_X_y=True``
        The arrays of the same names.

    Raises
    ------
    ValueError
        If a domain is unknown or chosen twice.

    Notes
    -----
    The year runs winter, spring, summer, autumn: the middle seasons serve as steps of a
    gradual shift or as further sources.

    Examples
    --------
    >>> from adapt.datasets import load_flights
    >>> data = load_flights(source=("winter", "autumn"), target="summer")
    >>> data.X.shape
    (6000, 6)
    >>> data.domain_names
    {0: 'winter', 1: 'autumn', -1: 'summer'}
    """
    return make_bunch(
        read_table("flights"),
        "flights",
        domain="season",
        label="air_time",
        valid=("winter", "spring", "summer", "autumn"),
        source=source,
        target=target,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


def load_auto_mpg(*, source="USA", target="Japan", return_X_y=False, as_frame=False):
    """Load fuel consumption of cars, by where they were built.

    Six features of cars of the model years 1970 to 1982. American cars were heavier and
    had larger engines: linear models extrapolate badly from them.

    Parameters
    ----------
    source : {"Europe", "Japan", "USA"} or tuple of them, default="USA"
        The source domain, or several of them.
    target : {"Europe", "Japan", "USA"} or tuple of them, default="Japan"
        The target domain, or several of them.
    return_X_y : bool, default=False
        If True, return ``(X, y, sample_domain)`` instead of a `Bunch`.
    as_frame : bool, default=False
        If True, `X` is a DataFrame and `y` a Series.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_samples, 6)
            The features, source rows first.
        y : ndarray of shape (n_samples,)
            Miles per gallon. The target rows carry their true labels too: they are
            there to score with; hide them from a method that may not see them.
        sample_domain : ndarray of shape (n_samples,)
            0, 1, ... for the rows of the sources, -1, -2, ... for those of the
            targets.
        feature_names : list of str
            The names of the columns of `X`.
        domain_names : dict of int to str
            What each value of `sample_domain` stands for.
        categories : dict of str to tuple of str
            The levels of each categorical column of `X` (none here).
        DESCR : str
            Source, licence, processing and measured baselines.

    data : tuple (X, y, sample_domain) if ``return_X_y=True``
        The arrays of the same names.

    Raises
    ------
    ValueError
        If a domain is unknown or chosen twice.

    Examples
    --------
    >>> from adapt.datasets import load_auto_mpg
    >>> load_auto_mpg(source=("USA", "Europe"), target="Japan").X.shape
    (392, 6)
    """
    return make_bunch(
        read_table("auto_mpg"),
        "auto_mpg",
        domain="origin",
        label="mpg",
        valid=("Europe", "Japan", "USA"),
        source=source,
        target=target,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


def load_abalone(*, source="male", target="infant", return_X_y=False, as_frame=False):
    """Load abalones: the number of rings, from one sex to another.

    Seven sizes and weights. Infants are smaller, and their rings grow faster with size.

    Parameters
    ----------
    source : {"female", "infant", "male"} or tuple of them, default="male"
        The source domain, or several of them.
    target : {"female", "infant", "male"} or tuple of them, default="infant"
        The target domain, or several of them.
    return_X_y : bool, default=False
        If True, return ``(X, y, sample_domain)`` instead of a `Bunch`.
    as_frame : bool, default=False
        If True, `X` is a DataFrame and `y` a Series.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_samples, 7)
            The features, source rows first.
        y : ndarray of shape (n_samples,)
            The number of rings; the age in years is about 1.5 more. The target rows
            carry their true labels too: they are there to score with; hide them from a
            method that may not see them.
        sample_domain : ndarray of shape (n_samples,)
            0, 1, ... for the rows of the sources, -1, -2, ... for those of the
            targets.
        feature_names : list of str
            The names of the columns of `X`.
        domain_names : dict of int to str
            What each value of `sample_domain` stands for.
        categories : dict of str to tuple of str
            The levels of each categorical column of `X` (none here).
        DESCR : str
            Source, licence, processing and measured baselines.

    data : tuple (X, y, sample_domain) if ``return_X_y=True``
        The arrays of the same names.

    Raises
    ------
    ValueError
        If a domain is unknown or chosen twice.

    Examples
    --------
    >>> from adapt.datasets import load_abalone
    >>> load_abalone().X.shape
    (2870, 7)
    """
    return make_bunch(
        read_table("abalone"),
        "abalone",
        domain="sex",
        label="rings",
        valid=("female", "infant", "male"),
        source=source,
        target=target,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )
