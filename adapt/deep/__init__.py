"""The engine of deep methods, on Keras 3 with TensorFlow, JAX or PyTorch.

A deep method declares networks and losses (`DeepAdapter`, `Update`); whole epochs are
compiled, the same on the three backends. The methods are in their families'
subpackages, for example `adapt.feature_based.DANN`.
"""

from adapt._lazy import lazy
from adapt.deep._schedules import UpdateLambda

__all__ = [
    "DeepAdapter",
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
    "inception_encoder",
    "reverse_gradient",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "adapt.deep._base": ["DeepAdapter", "Phase", "Update"],
        "adapt.deep._losses": ["coral", "domain_cross_entropy", "reverse_gradient"],
        "adapt.deep._networks": [
            "ScaledDense",
            "Standardise",
            "default_discriminator",
            "default_encoder",
            "default_task",
            "inception_encoder",
        ],
    },
)
