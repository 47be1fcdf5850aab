"""The synthetic data set as files, in the very layout of a database: to try its reader before access is granted."""

from mer.dataset.export.forms import FORMS
from mer.dataset.export.write import export

__all__ = ["FORMS", "export"]
