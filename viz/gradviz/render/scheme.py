"""A picture for one colour scheme alone, or without its ground, where the page around it says which
scheme it is.
"""

import re

_DARK, _END = "@media (prefers-color-scheme:dark){\n", "\n}\n"
_GROUND = re.compile(r"^#gradviz-[0-9a-f]{8}\{background:#[0-9a-f]{6}\}\n", re.MULTILINE)


def in_scheme(svg: str, scheme: str) -> str:
    r"""Return a picture of ours that is always ``"light"`` or always ``"dark"``.

    With ``"auto"`` the reader's system decides.

    >>> in_scheme("a{fill:#000}\n@media (prefers-color-scheme:dark){\na{fill:#fff}\n}\n", "light")
    'a{fill:#000}\n'
    """
    if scheme == "auto":
        return svg
    before, _, rest = svg.partition(_DARK)
    dark, _, after = rest.partition(_END)
    return f"{before}{dark}\n{after}" if scheme == "dark" else before + after


def without_ground(svg: str) -> str:
    r"""Return a picture of ours that shows the ground of the page around it.

    >>> rule = "#gradviz-0a1b2c3d text{fill:#1f2328}\n"
    >>> without_ground("#gradviz-0a1b2c3d{background:#ffffff}\n" + rule)
    '#gradviz-0a1b2c3d text{fill:#1f2328}\n'
    """
    return _GROUND.sub("", svg)
