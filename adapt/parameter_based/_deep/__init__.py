"""Parameter-based methods that train networks."""
