"""The synthetic data set as files, in the very layout of a database: to try its reader before access is granted."""

from mer.dataset.export.forms import FORMS
from mer.dataset.export.long_layouts import LONG_LAYOUTS, export_long
from mer.dataset.export.write import FORMATS, export

__all__ = ["FORMATS", "FORMS", "LONG_LAYOUTS", "export", "export_long"]
