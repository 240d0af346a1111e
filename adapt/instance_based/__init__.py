"""Methods that weigh the source rows, so that they stand for the target."""

__all__ = []
