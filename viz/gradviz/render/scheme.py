"""A picture for one colour scheme alone, where the page around it and not the reader's system says which it is."""

_DARK, _END = "@media (prefers-color-scheme:dark){\n", "\n}\n"


def in_scheme(svg: str, scheme: str) -> str:
    r"""Return a picture of ours that is always ``"light"`` or always ``"dark"``.

    >>> in_scheme("a{fill:#000}\n@media (prefers-color-scheme:dark){\na{fill:#fff}\n}\n", "light")
    'a{fill:#000}\n'
    """
    before, _, rest = svg.partition(_DARK)
    dark, _, after = rest.partition(_END)
    return f"{before}{dark}\n{after}" if scheme == "dark" else before + after
