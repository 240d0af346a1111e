"""POT, the library of optimal transport, imported when a plan is asked for."""

import os
import sys

from adapt._extras import missing

_FRAMEWORKS = {
    "torch": "POT_BACKEND_DISABLE_PYTORCH",
    "jax": "POT_BACKEND_DISABLE_JAX",
    "cupy": "POT_BACKEND_DISABLE_CUPY",
    "tensorflow": "POT_BACKEND_DISABLE_TENSORFLOW",
}


def import_pot():
    """Return the module `ot`, loaded without frameworks that nobody has loaded yet.

    On import POT loads every deep learning framework that it finds, which takes seconds
    and memory, and prints. Plans of arrays need none of them.
    """
    unused = [name for key, name in _FRAMEWORKS.items() if key not in sys.modules]
    switches = [name for name in unused if name not in os.environ]
    os.environ.update(dict.fromkeys(switches, "1"))
    try:
        import ot
    except ImportError as error:
        raise missing("Optimal transport", "ot") from error
    finally:
        for name in switches:
            del os.environ[name]
    return ot
