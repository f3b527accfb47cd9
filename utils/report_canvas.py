"""A printed page: headings, figures in tiles, plots, tables. Knows nothing of what they say."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from utils.report_layout import Box, cut, places, printable, round_up, scale, wrapped

PLAIN, BOLD = "Helvetica", "Helvetica-Bold"
INK, SOFT, HAIR, PAPER = "#1c2340", "#565c78", "#d9d4c7", "#f6f3ec"
CLOTH, GOLD = "#1d2b5e", "#f0a63a"
RATING_COLOURS = ("#a3301f", "#dd9479", "#cfc8b8", "#86b39c", "#1e6b45")
"""From worst to best; told apart in grey as well, the ends being dark."""
SERIES_COLOURS = (CLOTH, GOLD, "#7f8cc4", "#b9b3a3", "#1e6b45")
WIDTH, HEIGHT = A4
MARGIN = 18 * mm
INNER = WIDTH - 2 * MARGIN


@dataclass(frozen=True)
class Tile:
    """A figure, what it is, and what stands below it."""

    value: str
    label: str
    note: str = ""


@dataclass(frozen=True)
class Shares:
    """A cell that is drawn: a bar of parts, from the first colour to the last."""

    parts: Sequence[int]


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, its width as a part of the whole."""

    heading: str
    width: float
    right: bool = False


Cell = str | Shares


class Sheet:
    """A document that is filled from the top; begins a new page where one is full."""

    def __init__(
        self, title: str, running: str, page_word: str, decimal: Callable[[float], str] = str
    ) -> None:
        self._file = io.BytesIO()
        self._canvas = Canvas(self._file, pagesize=A4, pageCompression=1)
        self._canvas.setTitle(printable(title))
        self._canvas.setCreator("Careloop")
        self._running, self._page_word, self._decimal = running, page_word, decimal
        self._page = 1
        self.y = HEIGHT - MARGIN

    def cover(self, place: str, title: str, period: str) -> None:
        """The head of the first page."""
        band = 42 * mm
        self._fill(0, HEIGHT - band, WIDTH, band, CLOTH)
        self._fill(0, HEIGHT - band - 1.2 * mm, WIDTH, 1.2 * mm, GOLD)
        self._text(MARGIN, HEIGHT - 14 * mm, place, 10, colour="#f3e9d6", room=INNER)
        self._text(MARGIN, HEIGHT - 25 * mm, title, 22, bold=True, colour="#ffffff", room=INNER)
        self._text(MARGIN, HEIGHT - 34 * mm, period, 11, colour="#ffffff", room=INNER)
        self.y = HEIGHT - band - 10 * mm

    def heading(self, text: str, below: str = "", *, room: float = 72 * mm) -> None:
        """A heading, with a sentence that says how to read what follows.

        On a new page where there is less than `room` for it and what it stands above.
        """
        self._make_room(room)
        self.y -= 5 * mm
        self._text(MARGIN, self.y, text, 13, bold=True, colour=CLOTH, room=INNER)
        self.y -= 5 * mm
        for line in wrapped(below, PLAIN, 8.5, INNER):
            self._text(MARGIN, self.y, line, 8.5, colour=SOFT)
            self.y -= 4 * mm
        self.y -= 2 * mm

    def tiles(self, tiles: Sequence[Tile]) -> None:
        """Figures side by side."""
        gap, tall = 4 * mm, 24 * mm
        wide = (INNER - gap * (len(tiles) - 1)) / len(tiles)
        for place, tile in enumerate(tiles):
            x = MARGIN + place * (wide + gap)
            self._fill(x, self.y - tall, wide, tall, PAPER)
            self._fill(x, self.y - tall, 1 * mm, tall, GOLD)
            room = wide - 7 * mm
            self._text(x + 4 * mm, self.y - 6 * mm, tile.label, 8, colour=SOFT, room=room)
            self._text(x + 4 * mm, self.y - 14.5 * mm, tile.value, 19, bold=True, room=room)
            self._text(x + 4 * mm, self.y - 20.5 * mm, tile.note, 7.5, colour=SOFT, room=room)
        self.y -= tall + 4 * mm

    def line(
        self, labels: Sequence[str], values: Sequence[float | None], low: int, high: int
    ) -> None:
        """A line of values between two bounds; a gap where there is none."""
        box = self._plot_box(48 * mm)
        steps = [(y, str(value)) for value, y in scale(low, high, box)]
        self._grid(box, steps)
        middles = places(len(labels), box)
        points = [
            (x, box.bottom + (value - low) / (high - low) * box.height)
            if value is not None
            else None
            for x, value in zip(middles, values, strict=True)
        ]
        self._canvas.setStrokeColor(HexColor(CLOTH))
        self._canvas.setLineWidth(1.6)
        for before, after in pairwise(points):
            if before and after:
                self._canvas.line(*before, *after)
        self._name_last(points, values)
        for point in points:
            if point:
                self._canvas.setFillColor(HexColor(CLOTH))
                self._canvas.circle(*point, 2 if len(points) < 30 else 1.2, stroke=0, fill=1)
        self._under(box, middles, labels)

    def _name_last(
        self, points: Sequence[tuple[float, float] | None], values: Sequence[float | None]
    ) -> None:
        """The last value as a figure: what is asked first."""
        for point, value in zip(reversed(points), reversed(values), strict=True):
            if point is not None and value is not None:
                shown = self._decimal(value)
                x = point[0] - stringWidth(shown, BOLD, 9) / 2
                self._text(x, point[1] + 2.5 * mm, shown, 9, bold=True, colour=CLOTH)
                return

    def bars(self, labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> None:
        """Bars made of parts, with a legend."""
        self._legend(list(series))
        box = self._plot_box(44 * mm)
        totals = [sum(values) for values in zip(*series.values(), strict=True)] or [0]
        top = round_up(max(totals))
        self._grid(box, [(y, str(value)) for value, y in scale(0, top, box)])
        middles = places(len(labels), box)
        wide = min(9 * mm, box.width / max(len(labels), 1) * 0.62)
        for place, x in enumerate(middles):
            bottom = box.bottom
            for colour, values in zip(SERIES_COLOURS, series.values(), strict=False):
                tall = values[place] / top * box.height
                self._fill(x - wide / 2, bottom, wide, tall, colour)
                bottom += tall
        self._under(box, middles, labels)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
        """A table; its headings come again on each page."""
        self._head(columns)
        for row in rows:
            if self.y < MARGIN + 14 * mm:
                self._new_page()
                self._head(columns)
            self._row(columns, row)
        self.y -= 4 * mm

    def sentence(self, text: str) -> None:
        """A sentence on its own."""
        for line in wrapped(text, PLAIN, 9.5, INNER):
            self._make_room(8 * mm)
            self._text(MARGIN, self.y, line, 9.5)
            self.y -= 5 * mm

    def ratings_legend(self, words: Sequence[str]) -> None:
        """What the colours of a bar of ratings mean."""
        self._legend(words, RATING_COLOURS)

    def finished(self) -> bytes:
        """The document."""
        self._foot()
        self._canvas.save()
        return self._file.getvalue()

    # --- Drawing ---

    def _head(self, columns: Sequence[Column]) -> None:
        x = MARGIN
        for column in columns:
            wide = column.width * INNER
            self._cell(x, wide, column.heading, right=column.right, bold=True, colour=SOFT)
            x += wide
        self.y -= 2.2 * mm
        self._rule(CLOTH, 0.8)
        self.y -= 5 * mm

    def _row(self, columns: Sequence[Column], row: Sequence[Cell]) -> None:
        x = MARGIN
        for column, cell in zip(columns, row, strict=True):
            wide = column.width * INNER
            if isinstance(cell, Shares):
                self._shares(x, wide, cell)
            else:
                self._cell(x, wide, cell, right=column.right)
            x += wide
        self.y -= 2 * mm
        self._rule(HAIR, 0.4)
        self.y -= 4.6 * mm

    def _cell(
        self, x: float, wide: float, text: str, *, right: bool, bold: bool = False,
        colour: str = INK,
    ) -> None:  # fmt: skip
        room = wide - 3 * mm
        shown = cut(printable(text), BOLD if bold else PLAIN, 9, room)
        at = x + room - stringWidth(shown, BOLD if bold else PLAIN, 9) if right else x
        self._text(at, self.y, shown, 9, bold=bold, colour=colour)

    def _shares(self, x: float, wide: float, cell: Shares) -> None:
        whole = sum(cell.parts)
        left, room = x, wide - 3 * mm
        for part, colour in zip(cell.parts, RATING_COLOURS, strict=True):
            size = room * part / whole if whole else 0
            self._fill(left, self.y - 0.6 * mm, size, 3.4 * mm, colour)
            left += size

    def _legend(self, words: Sequence[str], colours: Sequence[str] = SERIES_COLOURS) -> None:
        x = MARGIN
        for word, colour in zip(words, colours, strict=False):
            self._fill(x, self.y - 0.2 * mm, 3 * mm, 3 * mm, colour)
            self._text(x + 4.4 * mm, self.y, word, 8.5, colour=SOFT)
            x += 4.4 * mm + stringWidth(printable(word), PLAIN, 8.5) + 7 * mm
        self.y -= 6 * mm

    def _plot_box(self, tall: float) -> Box:
        self._make_room(tall + 12 * mm)
        box = Box(MARGIN + 9 * mm, self.y - tall, INNER - 9 * mm, tall)
        self.y -= tall
        return box

    def _grid(self, box: Box, steps: Sequence[tuple[float, str]]) -> None:
        self._canvas.setLineWidth(0.4)
        for y, label in steps:
            self._canvas.setStrokeColor(HexColor(HAIR))
            self._canvas.line(box.left, y, box.left + box.width, y)
            wide = stringWidth(label, PLAIN, 8)
            self._text(box.left - 2.5 * mm - wide, y - 1 * mm, label, 8, colour=SOFT)

    def _under(self, box: Box, middles: Sequence[float], labels: Sequence[str]) -> None:
        widest = max((stringWidth(printable(label), PLAIN, 8) for label in labels), default=1)
        every = max(1, -(-int(len(labels) * (widest + 3 * mm)) // int(box.width)))
        for place, (x, label) in enumerate(zip(middles, labels, strict=True)):
            if place % every == 0:
                wide = stringWidth(printable(label), PLAIN, 8)
                self._text(x - wide / 2, box.bottom - 5 * mm, label, 8, colour=SOFT)
        self.y = box.bottom - 10 * mm

    def _text(
        self, x: float, y: float, text: str, size: float, *, bold: bool = False,
        colour: str = INK, room: float | None = None,
    ) -> None:  # fmt: skip
        font = BOLD if bold else PLAIN
        shown = printable(text)
        if room is not None:
            while stringWidth(shown, font, size) > room and size > 7:
                size -= 0.5
            shown = cut(shown, font, size, room)
        self._canvas.setFont(font, size)
        self._canvas.setFillColor(HexColor(colour))
        self._canvas.drawString(x, y, shown)

    def _fill(self, x: float, y: float, wide: float, tall: float, colour: str) -> None:
        self._canvas.setFillColor(HexColor(colour))
        self._canvas.rect(x, y, wide, tall, stroke=0, fill=1)

    def _rule(self, colour: str, thick: float) -> None:
        self._canvas.setStrokeColor(HexColor(colour))
        self._canvas.setLineWidth(thick)
        self._canvas.line(MARGIN, self.y, WIDTH - MARGIN, self.y)

    def _make_room(self, tall: float) -> None:
        if self.y - tall < MARGIN + 6 * mm:
            self._new_page()

    def _new_page(self) -> None:
        self._foot()
        self._canvas.showPage()
        self._page += 1
        self.y = HEIGHT - MARGIN

    def _foot(self) -> None:
        number = f"{self._page_word} {self._page}"
        self._text(MARGIN, 10 * mm, self._running, 7.5, colour=SOFT, room=INNER - 25 * mm)
        wide = stringWidth(printable(number), PLAIN, 7.5)
        self._text(WIDTH - MARGIN - wide, 10 * mm, number, 7.5, colour=SOFT)
