"""How much gradient there is over the calls of a run.

Plain data, and what keeps it in bounded memory. Imports no torch.
"""
