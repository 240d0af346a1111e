"""The tuners, and the engine that puts one on a network: what needs Keras."""
