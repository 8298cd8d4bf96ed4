"""What left torch as plain numbers and arrays, and whether it is what goes in again.

``sites`` says where it left and where it may come in, ``fingerprints`` and ``alike`` know it again
by its value, ``carried`` follows it through a function; ``escapes`` puts it all together.
"""
