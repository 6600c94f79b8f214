"""Draws the QR code of a card as one filled outline, so that no printer shows hairlines; it reads none."""

from __future__ import annotations

from itertools import groupby

from loyalty_plugin.errors import CardsUnavailable

#: Modules of light that a reader needs around the code.
QUIET = 4


def qr_svg(text: str, *, dark: str = "#000") -> str:
    """An inline SVG of the code at error level M with its quiet zone, on white, as large as its box."""
    try:
        import segno
    except ImportError:
        raise CardsUnavailable(missing="segno") from None
    code = segno.make(text, error="m", boost_error=False, micro=False)
    side = code.symbol_size(scale=1, border=0)[0]
    path = []
    for y, row in enumerate(code.matrix):
        x = 0
        for dark_run, modules in groupby(row):
            length = len(list(modules))
            if dark_run:
                path.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    box = side + 2 * QUIET
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-QUIET} {-QUIET} {box} {box}" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M{-QUIET} {-QUIET}h{box}v{box}h-{box}z"/>'
        f'<path fill="{dark}" d="{"".join(path)}"/></svg>'
    )
