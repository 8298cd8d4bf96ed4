"""The user's code, read while it runs: which line that is, and what its expressions read.

``where`` finds the line, ``sources`` reads a file, ``instructions`` goes from what runs to the
source, ``expressions`` says what a value comes from. Nothing of the user's is run here, and no
frame is kept.
"""
