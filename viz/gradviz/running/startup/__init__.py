"""A folder that ``gradviz run`` puts on PYTHONPATH, for the sake of the start-up file in it."""
