"""The verbs of the command line, a module each, and what they share.

A verb is a module with ``add_parser``, which names its options, and ``run``.
"""
