"""Names that import their module, and with it Keras, only when first used (PEP 562)."""

from importlib import import_module

_INSTALL = (
    "{name} needs Keras 3 and one of its backends: "
    "pip install 'adapt-learn[tensorflow]' (or [jax] or [torch])."
)
_BACKENDS = ("keras", "tensorflow", "jax", "torch")


def lazy(package, modules):
    """Return ``__getattr__`` and ``__dir__`` of a package some of whose names are late.

    Parameters
    ----------
    package : str
        Name of the package: its ``__name__``.

    modules : dict of str to list of str
        The public names that each module holds, by its dotted name.

    Returns
    -------
    getattr, dir : callables
        To be bound to ``__getattr__`` and ``__dir__`` in the package.
    """
    homes = {name: module for module, names in modules.items() for name in names}

    def __getattr__(name):  # noqa: N807
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            return getattr(import_module(homes[name]), name)
        except ImportError as error:
            if error.name is None or error.name.split(".")[0] not in _BACKENDS:
                raise
            raise ImportError(_INSTALL.format(name=name), name=error.name) from error

    def __dir__():  # noqa: N807
        return sorted({*vars(import_module(package)), *homes})

    return __getattr__, __dir__
