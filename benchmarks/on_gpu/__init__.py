"""The checks of ``gpu.py``, by what they ask. Each is a function that yields rows."""
