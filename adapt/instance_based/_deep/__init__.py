"""Instance-based methods that train networks."""
