"""Charts and maps as SVG that the server draws. What they show stands beside them in words as well."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from shared.geo import EARTH_RADIUS_M, Place

_DEGREE = 10_000_000
_WIDTH, _HEIGHT = 640, 170
_LEFT, _BOTTOM, _TOP = 4, 22, 16
_MAP = 360
_MARGIN = 40
_MOST_LABEL = 24


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a chart, and its parts from the bottom up: each a number and a class of colour."""

    label: str
    parts: tuple[tuple[int, str], ...]

    @property
    def total(self) -> int:
        """All of it."""
        return sum(number for number, _ in self.parts)


@dataclass(frozen=True, slots=True)
class Point:
    """A place on a map, with a name and a class of colour."""

    place: Place
    name: str
    kind: str = "main"


def columns(title: str, shown: Sequence[Column]) -> Markup:
    """A chart of columns, each with its total above it."""
    most = max((one.total for one in shown), default=0) or 1
    step = (_WIDTH - 2 * _LEFT) / max(1, len(shown))
    room = _HEIGHT - _BOTTOM - _TOP
    drawn = []
    for place, one in enumerate(shown):
        left, bottom = _LEFT + place * step + step * 0.1, float(_HEIGHT - _BOTTOM)
        for number, kind in one.parts:
            height = room * number / most
            bottom -= height
            if number:
                drawn.append(
                    Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                        kind, left, bottom, step * 0.8, max(height, 1.0)
                    )
                )
        middle = left + step * 0.4
        if one.total:
            drawn.append(_text(middle, bottom - 4, str(one.total)))
        drawn.append(_text(middle, _HEIGHT - 7, one.label))
    said = ", ".join(f"{one.label} {one.total}" for one in shown)
    return _svg(_WIDTH, _HEIGHT, f"{title}: {said}", [_axis(), *drawn])


def _axis() -> Markup:
    y = _HEIGHT - _BOTTOM + 0.5
    return Markup('<line class="axis" x1="0" x2="{}" y1="{}" y2="{}"/>').format(_WIDTH, y, y)


def chart_map(title: str, points: Sequence[Point], *, circle: tuple[Place, int] | None = None) -> Markup:
    """Places as they lie to each other, north up, with a bar that says how far a part of it is.

    Args:
        title: what it shows, for those who do not see it.
        points: at least one.
        circle: a place and a radius in metres around it.
    """
    centre = points[0].place
    spots = [(*_metres(centre, point.place), point) for point in points]
    reach = max([math.hypot(x, y) for x, y, _ in spots] + ([circle[1]] if circle else []) + [500.0])
    scale = (_MAP / 2 - _MARGIN) / reach
    half = _MAP / 2
    drawn: list[Markup] = []
    if circle is not None:
        x, y = _metres(centre, circle[0])
        drawn.append(
            Markup('<circle class="ring" cx="{:.1f}" cy="{:.1f}" r="{:.1f}"/>').format(
                half + x * scale, half - y * scale, circle[1] * scale
            )
        )
    for number, (x, y, point) in enumerate(spots):
        across, down = half + x * scale, half - y * scale
        drawn.append(Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="6"/>').format(point.kind, across, down))
        # Names of what stands at one place go below one another.
        drawn.append(_text(across, down - 10 if number == 0 else down + 6 + 12 * number, point.name[:_MOST_LABEL]))
    bar = _round_length(reach / 2)
    drawn.append(
        Markup('<path class="bar" d="M 12 {} h {:.1f}"/>').format(_MAP - 12, bar * scale)
        + _text(12 + bar * scale / 2, _MAP - 18, _length(bar))
    )
    return _svg(_MAP, _MAP, title, drawn, kind="map")


def _metres(centre: Place, place: Place) -> tuple[float, float]:
    """East and north of a centre, in metres: for a picture, as on a flat sheet."""
    per_degree = math.radians(1 / _DEGREE) * EARTH_RADIUS_M
    across = (place.lon - centre.lon + 180 * _DEGREE) % (360 * _DEGREE) - 180 * _DEGREE
    return across * per_degree * math.cos(math.radians(centre.lat / _DEGREE)), (place.lat - centre.lat) * per_degree


def _round_length(metres: float) -> int:
    """A length of 1, 2 or 5 and zeros, not longer than this."""
    power = 10 ** math.floor(math.log10(metres))
    return int(next(step for step in (5, 2, 1) if step * power <= metres) * power)


def _length(metres: int) -> str:
    return f"{metres // 1_000} km" if metres >= 1_000 else f"{metres} m"  # noqa: PLR2004 - a kilometre


def _text(x: float, y: float, text: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>').format(x, y, text)


def _svg(width: int, height: int, title: str, drawn: Sequence[Markup], *, kind: str = "chart") -> Markup:
    head = Markup('<svg class="{}" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">')
    return head.format(kind, width, height, width, height, title) + Markup().join(drawn) + Markup("</svg>")
