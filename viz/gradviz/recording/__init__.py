"""The only rooms that watch torch while the user's code runs.

What leaves them is a Graph, plain data.

``where`` finds source lines, ``tape`` holds what was seen, ``mode`` sees the calls, ``rules`` says
what to do about each of them by what goes in (``inputs``) and what severs (``severing``),
``escapes`` knows again what left torch, ``seams`` the few calls that a torch function mode cannot
see, ``functions`` the frames of custom Functions, ``backward`` measures what arrives, ``build``
makes the Graph. ``torch_inside`` is all that they know of torch's private parts.
"""
