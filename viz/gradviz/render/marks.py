"""The marks as strokes.

A check or a pair of scissors from a font looks different everywhere, and on some systems is a
coloured emoji.
"""

from xml.etree.ElementTree import Element

from gradviz.render.style import CHECK, SCISSORS
from gradviz.render.text_width import ADVANCE, width

# In a square of 10 by 10 that stands on the line of the text.
GLYPHS = {
    CHECK: ("check", "M1.2,-4.2L4,-1.2L8.8,-7.8"),
    SCISSORS: (
        "scissors",
        (
            "M3.4,-6.1L9.6,-1.6M3.4,-2.4L9.6,-6.9M3.6,-7A1.6,1.6 0 1 1 0.4,-7A1.6,1.6 0 1 1"
            " 3.6,-7ZM3.6,-1.5A1.6,1.6 0 1 1 0.4,-1.5A1.6,1.6 0 1 1 3.6,-1.5Z"
        ),
    ),
}


def draw_mark(group: Element, text: Element) -> None:
    """Draw the mark that ``text``, a centred line in ``group``, begins with, and leave the rest of
    the line where it was.
    """
    content = text.text or ""
    glyph = GLYPHS.get(content[:1])
    if glyph is None:
        return
    name, path = glyph
    size = float(text.get("font-size", "0"))
    x = float(text.get("x", "0")) - width(content) * size / 2
    rest = content[1:].strip()
    across = 0.78 * size
    left = x + (width(content) * size - across) / 2 if not rest else x
    transform = f"translate({left:.2f} {float(text.get('y', '0')):.2f}) scale({across / 10:.3f})"
    mark = Element(
        "path",
        {
            "class": f"glyph {name}",
            "d": path,
            "transform": transform,
            "fill": "none",
            "stroke": "#1f2328",
        },
    )
    group.insert(list(group).index(text), mark)
    if not rest:
        group.remove(text)
        return
    text.text = rest
    text.set(
        "x", f"{float(text.get('x', '0')) + ADVANCE * size * (len(content) - len(rest)) / 2:.2f}"
    )
    if rest.isascii():
        text.set("textLength", f"{width(rest) * size:.2f}".rstrip("0").rstrip("."))
        text.set("lengthAdjust", "spacingAndGlyphs")
