"""
A few labels of the target
==========================

How much is a source model worth when some target rows are labelled? The diabetes data
of scikit-learn hold two sexes: we predict the progression of the disease in one with a
model of the other, moved by `RegularTransferLR`.
"""

# %%
# Learning curves
# ---------------
# At each number of labels: the source model as it is, a ridge regression on the target
# labels alone, and the source model moved.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from adapt.datasets import load_diabetes
from adapt.parameter_based import RegularTransferLR

X, y, domain = load_diabetes(return_X_y=True)
X = StandardScaler().fit_transform(X)
Xs, ys, Xt, yt = X[domain >= 0], y[domain >= 0], X[domain < 0], y[domain < 0]
source_model = Ridge().fit(Xs, ys)

sizes, repeats = [5, 10, 20, 40, 80], 30
scores = {"source only": [], "target only": [], "RegularTransferLR": []}
for size in sizes:
    runs = {name: [] for name in scores}
    for seed in range(repeats):
        order = np.random.default_rng(seed).permutation(len(Xt))
        few, rest = order[:size], order[100:]
        models = {
            "source only": source_model,
            "target only": Ridge(10.0).fit(Xt[few], yt[few]),
            "RegularTransferLR": RegularTransferLR(source_model, lambda_=10.0).fit(
                Xt[few], yt[few]
            ),
        }
        for name, model in models.items():
            runs[name].append(model.score(Xt[rest], yt[rest]))
    for name in scores:
        scores[name].append(np.percentile(runs[name], [25, 50, 75]))

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for name, values in scores.items():
    low, middle, high = np.transpose(values)
    ax.plot(sizes, middle, marker="o", label=name)
    ax.fill_between(sizes, low, high, alpha=0.2)
ax.set(
    xlabel="labelled target rows",
    ylabel="R2 on other target rows (median, quartiles)",
    xscale="log",
    ylim=(-0.3, 0.6),
)
ax.set_xticks(sizes, labels=sizes)
ax.minorticks_off()
ax.legend()
plt.show()
