"""A tensor was pickled, as to save it or to hand it to another process."""

from gradviz.causes.cause import Cause
from gradviz.graph import CutKind

PICKLE = "pickle.dumps"
CAUSES = (Cause(kind=CutKind.NEW_TENSOR, calls={PICKLE: "pickle"}),)
