"""What `compare` recommends on every bundled classification task, and what it is worth.

Run as ``python benchmarks/recommendations.py [logistic|forest|boosting]``. Prints the
table of the README: true accuracy on the target, which `compare` never uses.
"""

import sys

import numpy as np

from adapt.datasets import list_tasks, load_dataset
from adapt.model_selection import compare


def main(estimator="logistic"):
    print("| Task | Source only | Recommended | | Trained on the target |")
    print("|---|---|---|---|---|")
    gains = []
    for task in list_tasks("classification"):
        data = load_dataset(task.dataset, as_frame=True, **task.kwargs)
        result = compare(
            data.X, data.y, sample_domain=data.sample_domain, estimator=estimator
        )
        score = result.results.set_index("method")["target"]
        gains.append(score[result.recommended] - score["SourceOnly"])
        advice = result.recommended
        if advice == "SourceOnly":
            advice = "do not adapt"
        print(
            f"| {task.name.replace('->', '→')} | {score['SourceOnly']:.3f} | {advice} "
            f"| {score[result.recommended]:.3f} | {result.ceiling:.3f} |",
            flush=True,
        )
    print(f"\nMean gain {np.mean(gains):+.3f}, worst {np.min(gains):+.3f}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
