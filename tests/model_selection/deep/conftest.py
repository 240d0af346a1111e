from tests.deep.fixtures import (  # noqa: F401
    kept_programs,
    no_graph_optimisation,
    pytest_runtest_setup,
    threads,
)
