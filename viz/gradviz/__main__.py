"""``python -m gradviz``."""

from gradviz.cli import main

main()
