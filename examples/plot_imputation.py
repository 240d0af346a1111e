"""
Digits with most of their pixels gone
=====================================

How do I fill in a table of which most cells are missing, with the help of another
table? The target are a hundred images of the digits 5 to 9, of which 80 % of the pixels
are missing. The source are complete images of other digits, 0 to 4. They show other
digits, but the correlations between pixels are similar.
"""

# %%
# A target with holes, and a source
# ---------------------------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.impute import SimpleImputer

from adapt.imputation import GaussianTransferImputer

X, y = load_digits(return_X_y=True)
rng = np.random.default_rng(0)
source = X[y < 5]
complete = X[y >= 5][rng.permutation(np.sum(y >= 5))[:100]]
target = np.where(rng.random(complete.shape) < 0.8, np.nan, complete)

# %%
# Three ways to fill them
# -----------------------
# The mean of each pixel; a Gaussian of the target alone, fitted by the EM algorithm;
# and the same with the source as its prior. The weight of the prior is chosen on
# held-out observed pixels.

keep = {"keep_empty_features": True}
filled = {
    "column means": SimpleImputer(**keep).fit_transform(target),
    "target alone": GaussianTransferImputer(random_state=0, **keep).fit_transform(
        target
    ),
}
imputer = GaussianTransferImputer(random_state=0, **keep)
filled["with the source"] = imputer.fit_transform(target, X_source=source)
print(f"The source counts as {imputer.prior_strength_:.0f} rows.")

# %%
# The filled images
# -----------------

missing = np.isnan(target)
rows = {"complete": complete, "observed": target, **filled}
fig, axes = plt.subplots(len(rows), 10, figsize=(10, 5.6), layout="constrained")
for line, (name, images) in zip(axes, rows.items(), strict=True):
    for ax, image in zip(line, images, strict=False):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
        ax.set(xticks=[], yticks=[], facecolor="mistyrose")
    label = name
    if name in filled:
        error = np.sqrt(np.mean(np.square(images - complete)[missing]))
        label = f"{name}\nRMSE {error:.2f}"
        print(f"{name:16s} RMSE {error:.2f}")
    line[0].set_ylabel(label, rotation=0, ha="right", va="center")
plt.show()

# %%
# Missing pixels are pale red in the second row. With the source as prior the error
# falls from 4.30 to 3.86, and strokes are restored where the other methods leave a
# blur. `ClueGAINImputer` has the same interface; it blends networks and Gaussians.
