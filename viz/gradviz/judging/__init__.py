"""What a tape means: the graph of a loss, the verdicts of the parameters, the cuts and the notes.

All of it is read from what was recorded; nothing is written there. ``build`` makes the Graph,
``analysis`` gives the verdicts, ``measured`` adds what the backwards brought, ``zeros`` says where
a gradient became zero, ``unused`` why a parameter went into nothing, ``notes`` what else a reader
has to know; ``judge`` puts it all together.
"""
