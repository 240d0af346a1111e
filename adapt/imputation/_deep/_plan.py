"""What is to be trained and how: the parameters of an imputer as one value."""

from typing import NamedTuple

import numpy as np

__all__ = ["PRESETS", "Plan", "Preset"]


class Preset(NamedTuple):
    """What a preset means.

    Attributes
    ----------
    adversarial_weight : float
        Weight of the adversarial loss; without an adversary 0.

    n_units : int or None
        Units of hidden layers. None is one for each column.

    n_steps : int
        Most steps of a training.

    hides : bool
        Whether observed cells are hidden from the generator, which is scored on them.

    bounded : bool
        Whether columns are brought to 0 to 1, and outputs are sigmoids.
    """

    adversarial_weight: float
    n_units: int | None
    n_steps: int
    hides: bool
    bounded: bool


PRESETS = {
    "robust": Preset(0.0, 64, 10_000, hides=True, bounded=False),
    "reference": Preset(0.01, None, 10_000, hides=False, bounded=True),
}


class Plan(NamedTuple):
    """The trainings of a fit.

    Attributes
    ----------
    preset : Preset
        With what parameters of the imputer say otherwise.

    cells : tuple of int
        Shape of a row of the matrix: ``(n_columns,)`` or ``(time, n_columns)``.

    groups : list of slice
        The columns of each feature; those of several columns are levels.

    title : str
        Name of the imputer, for messages.

    generator, discriminator, hint, hint_rate, batch_size, optimizer, learning_rate, \
callbacks, jit_compile, device_budget, verbose
        As in `adapt.imputation.GAINImputer`.
    """

    preset: Preset
    cells: tuple
    groups: list
    title: str
    generator: object
    discriminator: object
    hint: str
    hint_rate: float
    batch_size: int
    optimizer: object
    learning_rate: float | None
    callbacks: object
    jit_compile: bool | None
    device_budget: float
    verbose: int

    @property
    def is_level(self):
        """Which columns of the matrix are levels."""
        widths = [group.stop - group.start for group in self.groups]
        return np.repeat(widths, widths) > 1

    @property
    def has_adversary(self):
        """Whether there is a discriminator."""
        return self.preset.adversarial_weight > 0
