import numpy as np
import pandas as pd
import pytest

from adapt.inspection import SourceRankingDisplay

pytest.importorskip("matplotlib")


@pytest.mark.parametrize("truth", [None, {"a": 0.9, "b": 0.8, "c": 0.1}])
def test_sources_stand_from_best_to_worst(truth):
    ranking = pd.DataFrame(
        {
            "leep": [-0.1, -0.2, -0.9],
            "standard_error": [0.1, np.nan, 0.1],
            "tied": [True, True, False],
        },
        index=list("abc"),
    )
    display = SourceRankingDisplay.from_ranking(ranking, truth=truth)
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert names == ["c", "b", "a"]
    drawn = [container.lines[0].get_xdata() for container in display.ax_.containers]
    np.testing.assert_array_equal(drawn[0], [-0.2, -0.1])
    np.testing.assert_array_equal(drawn[1], [-0.9])
    others = [ax for ax in display.figure_.axes if ax is not display.ax_]
    assert len(others) == (truth is not None)
    if others:
        points = others[0].collections[0].get_offsets()
        np.testing.assert_allclose(points, [[0.1, 0], [0.8, 1], [0.9, 2]])
