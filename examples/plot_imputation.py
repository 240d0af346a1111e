"""
Digits with most of their pixels gone
=====================================

A hundred images of the digits 5 to 9, of which 80 % of the pixels are missing, and many
complete images of other digits, 0 to 4. No image of the source shows what the target
shows, but strokes are strokes: how pixels go together can be learned there.
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
# The mean of each pixel; a Gaussian of the target, found by the EM algorithm; and the
# same with the source as its prior. How many rows the source counts as is chosen on
# observed pixels that are held out.

keep = {"keep_empty_features": True}
filled = {
    "column means": SimpleImputer(**keep).fit_transform(target),
    "target alone": GaussianTransferImputer(random_state=0, **keep).fit_transform(
        target
    ),
}
imputer = GaussianTransferImputer(random_state=0, **keep)
filled["source as a clue"] = imputer.fit_transform(target, X_source=source)
print(f"The source counts as {imputer.prior_strength_:.0f} rows.")

# %%
# What they make of the holes
# ---------------------------

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
    line[0].set_ylabel(label, rotation=0, ha="right", va="center")
plt.show()

# %%
# Missing pixels are drawn pale red in the second row. From a fifth of the pixels nobody
# reads every digit, but the clue gives back strokes where the others leave a blur. The
# same call takes `ClueGAINImputer`, which blends networks and Gaussians.
