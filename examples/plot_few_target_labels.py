"""
A few labels of the target
==========================

How much does a source model help if few target rows are labelled? We predict the
progression of diabetes for one sex. The source model was trained on the other, and
`RegularTransferLR` adapts its coefficients to the target labels.
"""

# %%
# Learning curves
# ---------------
# Three models for each number of labels: the source model unchanged, a ridge regression
# on the target labels alone (target-trained), and the adapted source model.

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
scores = {"source only": [], "target-trained": [], "RegularTransferLR": []}
for size in sizes:
    runs = {name: [] for name in scores}
    for seed in range(repeats):
        order = np.random.default_rng(seed).permutation(len(Xt))
        few, rest = order[:size], order[100:]
        models = {
            "source only": source_model,
            "target-trained": Ridge(10.0).fit(Xt[few], yt[few]),
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
ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
plt.show()
for name, values in scores.items():
    medians = ", ".join(f"{middle:.2f}" for _, middle, _ in values)
    print(f"{name:18s} median R2 {medians}")

# %%
# With 10 labels the adapted model has a median R2 of 0.48. The source model has 0.43,
# and a model of the labels alone 0.36. With 80 labels the source does not help any
# more: both have 0.53.
