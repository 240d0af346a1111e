"""Methods that move the parameters of a source model to the target."""

__all__ = []
