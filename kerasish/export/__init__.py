"""Models as programs for other machines: StableHLO and ONNX.

`Model.export` writes a file; `ExportArchive` writes several functions into one; `load`
reads a `.stablehlo` file, for which the model is not needed.
"""

from .archive import ExportArchive
from .stablehlo import load

__all__ = ["ExportArchive", "load"]
