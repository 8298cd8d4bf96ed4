"""Tries changes of the user's code.

The step is run again with each, in a process of its own, and what became of it is measured.

``edits`` proposes, a kind of change to a file; ``trial`` runs a step with changed source in a
process of its own; ``search`` tries one edit after another until the gradient is back; ``text`` and
``words`` say what was measured, ``patches`` writes it. Nothing that was not measured leaves here.
"""
