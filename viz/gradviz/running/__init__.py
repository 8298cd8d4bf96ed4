"""``gradviz run``.

An unmodified script, run as Python runs it, explained one backward call at a time.
"""
