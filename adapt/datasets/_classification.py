"""Classification tables: one column says where a row comes from."""

from adapt.datasets._bunch import check_choice, make_bunch, read_table


def load_penguins(
    *, source="Adelie", target="Gentoo", return_X_y=False, as_frame=False
):
    """Load the penguins: tell the sex, from one species to another.

    Four body measurements of adult penguins. The sexes differ alike in every species,
    but the average Gentoo female outweighs the average Adelie male, so that a model of
    one species fails on another: a large shift which aligning the domains undoes.

    Parameters
    ----------
    source : {"Adelie", "Chinstrap", "Gentoo"} or tuple of them, default="Adelie"
        The source domain, or several of them.
    target : {"Adelie", "Chinstrap", "Gentoo"} or tuple of them, default="Gentoo"
        The target domain, or several of them.
    return_X_y : bool, default=False
        If True, return ``(X, y, sample_domain)`` instead of a `Bunch`.
    as_frame : bool, default=False
        If True, `X` is a DataFrame and `y` a Series.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_samples, 4)
            The features, source rows first.
        y : ndarray of shape (n_samples,)
            0 for female, 1 for male. The target rows carry their true labels too: they
            are there to score with; hide them from a method that may not see them.
        sample_domain : ndarray of shape (n_samples,)
            0, 1, ... for the rows of the sources, -1, -2, ... for those of the
            targets.
        feature_names : list of str
            The names of the columns of `X`.
        domain_names : dict of int to str
            What each value of `sample_domain` stands for.
        categories : dict of str to tuple of str
            The levels of each categorical column of `X` (none here).
        target_names : ndarray of str
            The names of the classes.
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
    >>> from adapt.datasets import load_penguins
    >>> data = load_penguins(source="Adelie", target="Gentoo")
    >>> data.X.shape
    (265, 4)
    >>> data.domain_names
    {0: 'Adelie', -1: 'Gentoo'}
    >>> X, y, sample_domain = load_penguins(
    ...     source=("Adelie", "Chinstrap"), target="Gentoo", return_X_y=True
    ... )
    >>> [int((sample_domain == domain).sum()) for domain in (0, 1, -1)]
    [146, 68, 119]
    """
    table = read_table("penguins", categories={"sex": ("female", "male")})
    return make_bunch(
        table,
        "penguins",
        domain="species",
        label="sex",
        valid=("Adelie", "Chinstrap", "Gentoo"),
        source=source,
        target=target,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


def load_digits(
    *, source="mnist", target="optdigits", return_X_y=False, as_frame=False
):
    """Load handwritten digits from two collections, MNIST and optdigits.

    Both hold 8 x 8 grey images with values from 0 to 16. The writers, the scanning and
    the way from a pixel to a grey value differ.

    Parameters
    ----------
    source : {"mnist", "optdigits"} or tuple of them, default="mnist"
        The source domain, or several of them.
    target : {"mnist", "optdigits"} or tuple of them, default="optdigits"
        The target domain, or several of them.
    return_X_y : bool, default=False
        If True, return ``(X, y, sample_domain)`` instead of a `Bunch`.
    as_frame : bool, default=False
        If True, `X` is a DataFrame and `y` a Series.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_samples, 64)
            The features, source rows first.
        y : ndarray of shape (n_samples,)
            The digit. The target rows carry their true labels too: they are there to
            score with; hide them from a method that may not see them.
        sample_domain : ndarray of shape (n_samples,)
            0, 1, ... for the rows of the sources, -1, -2, ... for those of the
            targets.
        feature_names : list of str
            The names of the columns of `X`.
        domain_names : dict of int to str
            What each value of `sample_domain` stands for.
        categories : dict of str to tuple of str
            The levels of each categorical column of `X` (none here).
        target_names : ndarray of str
            The names of the classes.
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
    The optdigits images are read from scikit-learn, which carries them; the 2,000 MNIST
    images come with this package. ``X.reshape(-1, 8, 8)`` gives the images.

    Examples
    --------
    >>> from adapt.datasets import load_digits
    >>> data = load_digits()
    >>> data.X.shape
    (3797, 64)
    >>> print(data.X.min(), data.X.max())
    0.0 16.0
    """
    import pandas as pd
    from sklearn.datasets import load_digits as load_optdigits

    mnist = read_table("digits", text=["digit"])
    optdigits = load_optdigits()
    table = pd.DataFrame(
        optdigits.data.astype(int), columns=[c for c in mnist.columns if c != "digit"]
    )
    table["digit"] = optdigits.target.astype(str)
    table = pd.concat([mnist.assign(domain="mnist"), table.assign(domain="optdigits")])
    table["digit"] = pd.Categorical(table["digit"], categories=list("0123456789"))
    return make_bunch(
        table,
        "digits",
        domain="domain",
        label="digit",
        valid=("mnist", "optdigits"),
        source=source,
        target=target,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


_YES = ("no", "yes")
_HEART_CATEGORIES = {
    "sex": ("female", "male"),
    "cp": ("typical angina", "atypical angina", "non-anginal", "asymptomatic"),
    "fbs": _YES,
    "restecg": ("normal", "st-t abnormality", "lv hypertrophy"),
    "exang": _YES,
    "disease": ("absent", "present"),
}


def load_heart(
    *, source="Hungary", target="Cleveland", return_X_y=False, as_frame=False
):
    """Load heart disease patients of four hospitals.

    Ten attributes of patients referred for angiography, and whether it found a disease.
    The hospitals differ in whom they see, in what they measure and in how often they
    find the disease: 36 % of the patients in Hungary, 93 % in Switzerland.

    Parameters
    ----------
    source : str or tuple of str, default="Hungary"
        The source domain, or several of them, among "Cleveland", "Hungary",
        "Switzerland", "VA Long Beach".
    target : str or tuple of str, default="Cleveland"
        The target domain, or several of them, among "Cleveland", "Hungary",
        "Switzerland", "VA Long Beach".
    return_X_y : bool, default=False
        If True, return ``(X, y, sample_domain)`` instead of a `Bunch`.
    as_frame : bool, default=False
        If True, `X` is a DataFrame with categorical columns and `y` a Series.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_samples, 10)
            The features, source rows first. A categorical column holds the position in
            `categories`, a missing value is NaN.
        y : ndarray of shape (n_samples,)
            1 if the disease is present, else 0. The target rows carry their true labels
            too: they are there to score with; hide them from a method that may not see
            them.
        sample_domain : ndarray of shape (n_samples,)
            0, 1, ... for the rows of the sources, -1, -2, ... for those of the
            targets.
        feature_names : list of str
            The names of the columns of `X`.
        domain_names : dict of int to str
            What each value of `sample_domain` stands for.
        categories : dict of str to tuple of str
            The levels of each categorical column of `X`.
        target_names : ndarray of str
            The names of the classes.
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
    Missing values are kept: impute them, or use an estimator that takes NaN.
    Cholesterol was not recorded in Switzerland at all.

    Examples
    --------
    >>> from adapt.datasets import load_heart
    >>> data = load_heart(source="Hungary", target="Cleveland")
    >>> data.X.shape
    (597, 10)
    >>> data.categories["restecg"]
    ('normal', 'st-t abnormality', 'lv hypertrophy')
    >>> load_heart(as_frame=True).X["cp"].dtype.name
    'category'
    """
    table = read_table("heart", categories=_HEART_CATEGORIES)
    return make_bunch(
        table,
        "heart",
        domain="hospital",
        label="disease",
        valid=("Cleveland", "Hungary", "Switzerland", "VA Long Beach"),
        source=source,
        target=target,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


_THYROID_CATEGORIES = {
    "sex": ("female", "male"),
    "on_thyroxine": _YES,
    "query_on_thyroxine": _YES,
    "on_antithyroid_meds": _YES,
    "sick": _YES,
    "pregnant": _YES,
    "thyroid_surgery": _YES,
    "I131_treatment": _YES,
    "query_hypothyroid": _YES,
    "query_hyperthyroid": _YES,
    "lithium": _YES,
    "goitre": _YES,
    "tumor": _YES,
    "psych": _YES,
    "condition": _YES,
}


def load_thyroid(*, source="other", target="SVI", return_X_y=False, as_frame=False):
    """Load thyroid patients by the source of their referral.

    Age, sex, thirteen notes on the history and five hormone levels (as log(1 + level)),
    with the question whether the laboratory diagnosed any condition of the thyroid.
    Where patients come from changes who they are and which hormones were measured.

    Parameters
    ----------
    source : {"STMW", "SVHC", "SVI", "other"} or tuple of them, default="other"
        The source domain, or several of them.
    target : {"STMW", "SVHC", "SVI", "other"} or tuple of them, default="SVI"
        The target domain, or several of them.
    return_X_y : bool, default=False
        If True, return ``(X, y, sample_domain)`` instead of a `Bunch`.
    as_frame : bool, default=False
        If True, `X` is a DataFrame with categorical columns and `y` a Series.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_samples, 20)
            The features, source rows first. A categorical column holds the position in
            `categories`, a missing value is NaN.
        y : ndarray of shape (n_samples,)
            1 if a condition was diagnosed, else 0. The target rows carry their true
            labels too: they are there to score with; hide them from a method that may
            not see them.
        sample_domain : ndarray of shape (n_samples,)
            0, 1, ... for the rows of the sources, -1, -2, ... for those of the
            targets.
        feature_names : list of str
            The names of the columns of `X`.
        domain_names : dict of int to str
            What each value of `sample_domain` stands for.
        categories : dict of str to tuple of str
            The levels of each categorical column of `X`.
        target_names : ndarray of str
            The names of the classes.
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
    Missing values are kept, they are part of the shift: impute them, or use an
    estimator that takes NaN. The table with ``as_frame=True`` mixes categories and
    numbers, as real tables do; with
    ``HistGradientBoostingClassifier(categorical_features="from_dtype")`` it can be used
    as it is. In the small domains some notes are the same for all patients.

    Examples
    --------
    >>> from adapt.datasets import load_thyroid
    >>> data = load_thyroid(source="STMW", target="SVI", as_frame=True)
    >>> data.X.shape
    (2255, 20)
    >>> bool(data.X["log_TSH"].isna().any())
    True
    """
    table = read_table("thyroid", categories=_THYROID_CATEGORIES)
    return make_bunch(
        table,
        "thyroid",
        domain="referral_source",
        label="condition",
        valid=("STMW", "SVHC", "SVI", "other"),
        source=source,
        target=target,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


# The split -> its domains and the columns that define them, which are left out.
_EMPLOYMENT_SPLITS = {
    "age": (("under_40", "over_55"), ["AGEP"]),
    "year": (("2015", "2018"), []),
    "disability": (("abled", "disabled"), ["AGEP", "DIS", "DEAR", "DEYE", "DREM"]),
}
_EMPLOYMENT_CATEGORIES = {
    "SCHL": tuple(str(code) for code in range(25)),
    "MAR": tuple("12345"),
    "RELP": tuple(str(code) for code in range(18)),
    "DIS": tuple("12"),
    "ESP": tuple("012345678"),
    "CIT": tuple("12345"),
    "MIG": tuple("0123"),
    "MIL": tuple("01234"),
    "ANC": tuple("1234"),
    "NATIVITY": tuple("12"),
    "DEAR": tuple("12"),
    "DEYE": tuple("12"),
    "DREM": tuple("012"),
    "SEX": tuple("12"),
    "RAC1P": tuple("123456789"),
    "employed": _YES,
}


def load_employment(
    *, split="age", source=None, target=None, return_X_y=False, as_frame=False
):
    """Load census answers: who is employed, split by age, year or disability.

    Inhabitants of Massachusetts. The three splits are three kinds of shift. By "age",
    from people of 18 to 39 to those over 55, everything changes. By "year", from 2015
    to 2018, nearly nothing does: it is a control, a method should do no harm here. By
    "disability", among people of 18 to 64, the share of the employed drops from 79 %
    to 35 %. That is most of the shift but not all: methods that assume that the rest
    stays as it is find far too few employed.

    Parameters
    ----------
    split : {"age", "year", "disability"}, default="age"
        Which split into domains. Their names are "under_40" and "over_55", "2015"
        and "2018", "abled" and "disabled".
    source : str or tuple of str, default=None
        The source domain, or several of them.
    target : str or tuple of str, default=None
        The target domain, or several of them.
    return_X_y : bool, default=False
        If True, return ``(X, y, sample_domain)`` instead of a `Bunch`.
    as_frame : bool, default=False
        If True, `X` is a DataFrame with categorical columns and `y` a Series.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_samples, n_features)
            The features, source rows first. A categorical column holds the position in
            `categories`.
        y : ndarray of shape (n_samples,)
            1 if employed, else 0. The target rows carry their true labels too: they are
            there to score with; hide them from a method that may not see them.
        sample_domain : ndarray of shape (n_samples,)
            0, 1, ... for the rows of the sources, -1, -2, ... for those of the
            targets.
        feature_names : list of str
            The names of the columns of `X`.
        domain_names : dict of int to str
            What each value of `sample_domain` stands for.
        categories : dict of str to tuple of str
            The levels of each categorical column of `X`.
        target_names : ndarray of str
            The names of the classes.
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
    The columns that define a split are left out of it: the age (15 features remain),
    none for the year (16), the age and the four kinds of disability (11). `source` and
    `target` default to the first and the second domain of the split. A category keeps
    the code of the census as its name.

    Examples
    --------
    >>> from adapt.datasets import load_employment
    >>> data = load_employment(split="disability")
    >>> data.X.shape
    (4000, 11)
    >>> [round(float(data.y[data.sample_domain == k].mean()), 2) for k in (0, -1)]
    [0.79, 0.35]
    """
    check_choice("split", split, tuple(_EMPLOYMENT_SPLITS))
    valid, left_out = _EMPLOYMENT_SPLITS[split]
    table = read_table("employment", text=["domain"], categories=_EMPLOYMENT_CATEGORIES)
    table = table[table["split"] == split].drop(columns=["split", *left_out])
    return make_bunch(
        table,
        "employment",
        domain="domain",
        label="employed",
        valid=valid,
        source=valid[0] if source is None else source,
        target=valid[1] if target is None else target,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


def load_housing(*, source="coast", target="inland", return_X_y=False, as_frame=False):
    """Load Californian housing of 1990: above the median price or not.

    Six figures of a census block. Prices near the coast are higher at the same income,
    so both the features and the rule differ between the coast and the inland.

    Parameters
    ----------
    source : {"coast", "inland"} or tuple of them, default="coast"
        The source domain, or several of them.
    target : {"coast", "inland"} or tuple of them, default="inland"
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
            1 if the block's median price is above that of the state, else 0. The target
            rows carry their true labels too: they are there to score with; hide them
            from a method that may not see them.
        sample_domain : ndarray of shape (n_samples,)
            0, 1, ... for the rows of the sources, -1, -2, ... for those of the
            targets.
        feature_names : list of str
            The names of the columns of `X`.
        domain_names : dict of int to str
            What each value of `sample_domain` stands for.
        categories : dict of str to tuple of str
            The levels of each categorical column of `X` (none here).
        target_names : ndarray of str
            The names of the classes.
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
    >>> from adapt.datasets import load_housing
    >>> load_housing().X.shape
    (4000, 6)
    """
    table = read_table("housing", categories={"price": ("below", "above")})
    return make_bunch(
        table,
        "housing",
        domain="region",
        label="price",
        valid=("coast", "inland"),
        source=source,
        target=target,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )
