"""Imputers that train networks."""
