"""Feature-based methods that train networks."""
