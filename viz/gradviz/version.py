"""The version, in the one place that pyproject.toml, reports and ``gradviz --version`` read it
from.
"""

__version__ = "0.1.0"
