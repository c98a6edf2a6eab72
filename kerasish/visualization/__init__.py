"""Pictures of models, trainings and data, with no program to install: SVG.

A module is loaded when a name of its is first used: `History` of the callbacks, which
stands below all models, draws itself with one of them.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .boxes import draw_bounding_boxes as draw_bounding_boxes
    from .boxes import draw_segmentation_masks as draw_segmentation_masks
    from .charts import plot_confusion_matrix as plot_confusion_matrix
    from .charts import plot_history as plot_history
    from .expression import plot_expression as plot_expression
    from .galleries import plot_bounding_box_gallery as plot_bounding_box_gallery
    from .galleries import plot_image_gallery as plot_image_gallery
    from .galleries import (
        plot_segmentation_mask_gallery as plot_segmentation_mask_gallery,
    )
    from .model_graph import Dot as Dot
    from .model_graph import model_to_dot as model_to_dot
    from .model_graph import plot_model as plot_model
    from .network import plot_network as plot_network
    from .picture import Picture as Picture
    from .planes import plot_decision_boundary as plot_decision_boundary
    from .planes import plot_feature_maps as plot_feature_maps
    from .planes import plot_units as plot_units

_HOMES = {
    "Dot": "model_graph",
    "Picture": "picture",
    "draw_bounding_boxes": "boxes",
    "draw_segmentation_masks": "boxes",
    "model_to_dot": "model_graph",
    "plot_bounding_box_gallery": "galleries",
    "plot_confusion_matrix": "charts",
    "plot_decision_boundary": "planes",
    "plot_expression": "expression",
    "plot_feature_maps": "planes",
    "plot_history": "charts",
    "plot_image_gallery": "galleries",
    "plot_model": "model_graph",
    "plot_network": "network",
    "plot_segmentation_mask_gallery": "galleries",
    "plot_units": "planes",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        module = importlib.import_module(f"{__name__}.{_HOMES[name]}")
        globals()[name] = getattr(module, name)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}.")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
