"""Models of many domains, where `compare` may use labels of the target."""

import numpy as np
import pytest

from adapt.model_selection import compare
from tests.multi_domain.common import many_domains, many_lines


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (many_domains, "PooledLDA"),
        (many_lines, "PooledRidge"),
    ],
)
def test_offered_with_three_labelled_domains(make, name):
    X, y, domain = make(per=30)
    domain = np.where(domain == 0, -1, domain)
    found = compare(X, y, sample_domain=domain, target_labels="train", cv=3)
    table = found.results.set_index("method")
    assert np.isfinite(table.loc[name, "held_out"])
    assert table.loc[name, "held_out"] > table.loc["SourceOnly", "held_out"]
    two = np.where(domain < 0, -1, 0)
    found = compare(X, y, sample_domain=two, target_labels="train", cv=3)
    assert name not in found.results["method"].tolist()
    found = compare(X, y, sample_domain=domain, methods=["CORAL"])
    assert name not in found.results["method"].tolist()
