"""What one operation does to the numbers of a gradient.

``sizes`` says how large they are, ``flat`` why they become zeros, ``births`` where NaN and infinity
begin, ``faint`` whether they are more than rounding.
"""
