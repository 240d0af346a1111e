"""The engine of deep methods, on Keras 3 with TensorFlow, JAX or PyTorch.

A deep method declares networks and losses (`DeepAdapter`, `Update`); whole epochs are
compiled, the same on the three backends. The methods are in their families'
subpackages, for example `adapt.feature_based.DANN`.
"""

from typing import TYPE_CHECKING

from adapt._lazy import lazy
from adapt.deep._schedules import UpdateLambda

if TYPE_CHECKING:
    from adapt.deep._adversarial import AdversarialAdapter
    from adapt.deep._augment import mask_part, random_signs, scale_and_jitter
    from adapt.deep._base import DeepAdapter
    from adapt.deep._hooks import Phase, Update
    from adapt.deep._layers import Dropout, ScaledDense, Standardise
    from adapt.deep._losses import coral, domain_cross_entropy, reverse_gradient
    from adapt.deep._networks import (
        default_discriminator,
        default_encoder,
        default_task,
        image_encoder,
        inception_encoder,
        series_encoder,
        table_encoder,
    )
    from adapt.deep._penalized import PenalizedAdapter

__all__ = [
    "AdversarialAdapter",
    "DeepAdapter",
    "Dropout",
    "PenalizedAdapter",
    "Phase",
    "ScaledDense",
    "Standardise",
    "Update",
    "UpdateLambda",
    "coral",
    "default_discriminator",
    "default_encoder",
    "default_task",
    "domain_cross_entropy",
    "image_encoder",
    "inception_encoder",
    "mask_part",
    "random_signs",
    "reverse_gradient",
    "scale_and_jitter",
    "series_encoder",
    "table_encoder",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "adapt.deep._adversarial": ["AdversarialAdapter"],
        "adapt.deep._augment": ["mask_part", "random_signs", "scale_and_jitter"],
        "adapt.deep._base": ["DeepAdapter"],
        "adapt.deep._hooks": ["Phase", "Update"],
        "adapt.deep._layers": ["Dropout", "ScaledDense", "Standardise"],
        "adapt.deep._losses": ["coral", "domain_cross_entropy", "reverse_gradient"],
        "adapt.deep._networks": [
            "default_discriminator",
            "default_encoder",
            "default_task",
            "image_encoder",
            "inception_encoder",
            "series_encoder",
            "table_encoder",
        ],
        "adapt.deep._penalized": ["PenalizedAdapter"],
    },
)
