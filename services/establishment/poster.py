"""A department's poster drawn: A4, with a QR code that opens the patients' app there."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from pathlib import Path

import reportlab
import segno
from PIL import Image, ImageDraw, ImageFont

from services.establishment.poster_words import Poster
from utils.report_layout import printable

WIDTH, HEIGHT = 1240, 1754
"""Of the picture, in dots: A4 at 150 dpi."""
CODE = 760
"""The side of the code on it, its quiet zone included."""
CLOTH, GOLD, INK, SOFT, PAPER = "#1d2b5e", "#f0a63a", "#1c2340", "#565c78", "#ffffff"
_TOP = 400
FONTS = Path(reportlab.__file__).parent / "fonts"


def svg(poster: Poster) -> bytes:
    """The poster as SVG, in the printer's own fonts."""
    code = _code(poster)
    modules = code.symbol_size(border=4)[0]
    scale = CODE / modules
    path = _path(code)
    left = (WIDTH - CODE) / 2
    lines = [
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
        f'<rect width="{WIDTH}" height="300" fill="{CLOTH}"/>',
        f'<rect y="300" width="{WIDTH}" height="10" fill="{GOLD}"/>',
        _line(140, 40, poster.establishment, "#f3e9d6"),
        _line(230, 72, poster.title, "#ffffff", bold=True),
        f'<g transform="translate({left} {_TOP - 40}) scale({scale})">'
        f'<path d="{path}" fill="none" stroke="#000" shape-rendering="crispEdges"/></g>',
        _line(_TOP + CODE + 60, 64, poster.department, INK, bold=True),
        *(
            _line(_TOP + CODE + 150 + 58 * place, 42, words, INK)
            for place, words in enumerate(_wrapped(poster.how, 38))
        ),
        _line(HEIGHT - 180, 32, poster.free, SOFT),
        _line(HEIGHT - 80, 26, poster.link, SOFT),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' width="210mm" height="297mm" font-family="Helvetica, Arial, sans-serif"'
        ' text-anchor="middle">'
    )
    return "\n".join([head, *lines, "</svg>"]).encode()


def _path(code: segno.QRCode) -> str:
    """The dark modules as lines, one a run; the code begins after its quiet zone of four."""
    parts = []
    for y, row in enumerate(code.matrix_iter(border=4)):
        x = 0
        cells = list(row)
        while x < len(cells):
            start = x
            while x < len(cells) and cells[x]:
                x += 1
            if x > start:
                parts.append(f"M{start} {y + 0.5}h{x - start}")
            x += 1
    return "".join(parts)


def _line(y: float, size: int, words: str, colour: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    # Long names are pressed together rather than cut.
    tight = (
        f' textLength="{WIDTH - 120}" lengthAdjust="spacingAndGlyphs"'
        if len(words) * size * 0.52 > WIDTH - 120
        else ""
    )
    return (
        f'<text x="{WIDTH / 2}" y="{y}" font-size="{size}" fill="{colour}"{weight}{tight}>'
        f"{escape(words)}</text>"
    )


def png(poster: Poster) -> bytes:
    """The poster as PNG, for printers that take pictures only."""
    page = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, WIDTH, 300), fill=CLOTH)
    draw.rectangle((0, 300, WIDTH, 310), fill=GOLD)
    _write(draw, 140, 40, poster.establishment, "#f3e9d6")
    _write(draw, 230, 72, poster.title, "#ffffff", bold=True)
    code = _code(poster)
    scale = CODE // code.symbol_size(border=4)[0]
    file = io.BytesIO()
    code.save(file, kind="png", scale=scale, border=4)
    picture = Image.open(file).convert("RGB")
    page.paste(picture, ((WIDTH - picture.width) // 2, _TOP - 40))
    _write(draw, _TOP + CODE + 60, 64, poster.department, INK, bold=True)
    for place, words in enumerate(_wrapped(poster.how, 38)):
        _write(draw, _TOP + CODE + 150 + 58 * place, 42, words, INK)
    _write(draw, HEIGHT - 180, 32, poster.free, SOFT)
    _write(draw, HEIGHT - 80, 26, poster.link, SOFT)
    made = io.BytesIO()
    page.save(made, "PNG", dpi=(150, 150))
    return made.getvalue()


def _write(
    draw: ImageDraw.ImageDraw, y: float, size: int, words: str, colour: str, *, bold: bool = False
) -> None:
    shown = printable(words)
    font = _font(size, bold=bold)
    while size > 16 and draw.textlength(shown, font=font) > WIDTH - 120:
        size -= 2
        font = _font(size, bold=bold)
    draw.text((WIDTH / 2, y), shown, fill=colour, font=font, anchor="ms")


@lru_cache(maxsize=64)
def _font(size: int, *, bold: bool) -> ImageFont.FreeTypeFont:
    """Bitstream Vera, which comes with reportlab: Pillow's own has no letters with accents."""
    return ImageFont.truetype(FONTS / ("VeraBd.ttf" if bold else "Vera.ttf"), size)


def _wrapped(words: str, most: int) -> Sequence[str]:
    lines = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _code(poster: Poster) -> segno.QRCode:
    """Of middle correction: a crease or a stain on a ward's wall must not matter."""
    return segno.make_qr(poster.link, error="q")
