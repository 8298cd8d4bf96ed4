"""What happened in a step: every torch call of it, on a tape, while the user's code runs.

``mode`` sees the calls, ``rules`` says what to do about each of them by what goes in and what
severs (``calls``), ``seams`` sees the few calls that a torch function mode cannot, ``backwards``
what a backward brings; ``tape`` holds all that was seen, as ``entries``. ``reading`` is about the
user's source and frames, ``outside`` about values that left torch, ``unseen`` about what runs where
no trace looks, ``arithmetic`` about the numbers of gradients, and ``torch_inside`` is all that any
room knows of torch's private parts.
"""
