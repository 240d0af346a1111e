"""Optional packages: what each is for, asked for before any work."""

from importlib.util import find_spec

# By the name that is imported: what people call it, and the extra that installs it.
_EXTRAS = {
    "keras": (
        "Keras 3 and one of its backends",
        "tensorflow",
        " (or [jax] or [torch])",
    ),
    "matplotlib": ("matplotlib", "plot", ""),
    "ot": ("POT", "ot", ""),
    "pyarrow": ("pyarrow", "parquet", ""),
}


def missing(what, package):
    """Return the error that says what to install.

    Parameters
    ----------
    what : str
        What needs it, as the subject of a sentence.

    package : {"keras", "matplotlib", "ot", "pyarrow"}
        Name of the package that is imported.

    Returns
    -------
    error : ImportError
        To be raised.
    """
    name, extra, or_else = _EXTRAS[package]
    return ImportError(
        f"{what} needs {name}: pip install 'adapt-learn[{extra}]'{or_else}.",
        name=package,
    )


def require(what, package):
    """Raise `missing` if a package is not installed; it is not imported."""
    if find_spec(package) is None:
        raise missing(what, package)
