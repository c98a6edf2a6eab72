"""The ops on images, under the name that Keras gives the group."""

from .. import registry
from . import colors, filtering, resizing, warping
from .colors import *  # noqa: F403
from .filtering import *  # noqa: F403
from .patches import extract_patches, extract_patches_3d  # noqa: F401
from .resizing import *  # noqa: F403
from .warping import *  # noqa: F403

__all__ = [
    *("extract_patches", "extract_patches_3d"),
    *colors.__all__,
    *filtering.__all__,
    *resizing.__all__,
    *warping.__all__,
]

registry.add_namespace("ops.image", {name: globals()[name] for name in __all__})
