"""A grid of 0.1 degree over the Earth, so that "all customers within a radius" is a look-up in a plain index."""

import math

from shared.geo import EARTH_RADIUS_M, UNITS_PER_DEGREE, Place

_STEP = UNITS_PER_DEGREE // 10
_ROWS = 1_800
_COLUMNS = 3_600
MAX_CELLS = 12_000
# What floating point may be wrong by, and more: 1e-6 degree is 11 cm.
_MARGIN = UNITS_PER_DEGREE // 1_000_000


def cell_of(place: Place) -> int:
    """The number of the cell that a place is in, from 0 to 6,479,999."""
    row = min((place.lat + 90 * UNITS_PER_DEGREE) // _STEP, _ROWS - 1)
    column = (place.lon + 180 * UNITS_PER_DEGREE) // _STEP % _COLUMNS
    return row * _COLUMNS + column


def cells_around(place: Place, radius_m: int) -> list[int] | None:
    """The cells that a circle (radius in metres) touches, and few others; None where they would be too many."""
    north = place.lat + 90 * UNITS_PER_DEGREE
    east = place.lon + 180 * UNITS_PER_DEGREE
    reach = math.ceil(math.degrees(radius_m / EARTH_RADIUS_M) * UNITS_PER_DEGREE) + _MARGIN
    cells: list[int] = []
    for row in range(max(0, (north - reach) // _STEP), min(_ROWS - 1, (north + reach) // _STEP) + 1):
        width = _width_within(place, row, radius_m)
        if width is None:
            columns = range(_COLUMNS)
        else:
            first, last = (east - width) // _STEP, (east + width) // _STEP
            columns = range(first, min(last, first + _COLUMNS - 1) + 1)
        if len(cells) + len(columns) > MAX_CELLS:
            return None
        cells.extend(row * _COLUMNS + column % _COLUMNS for column in columns)
    return cells


def _width_within(place: Place, row: int, radius_m: int) -> int | None:
    """How far (1e-7 degree) a circle around a place reaches east and west in a row; None where all around the Earth.

    From the haversine formula: sin²(Δλ/2) ≤ (sin²(d/2R) - sin²(Δφ/2)) / (cos φ₁ · cos φ₂), with Δφ to the row's edge
    that is nearer to the place, and φ₂ at the one that is nearer to a pole.
    """
    south = (row * _STEP - 90 * UNITS_PER_DEGREE) / UNITS_PER_DEGREE
    north = south + _STEP / UNITS_PER_DEGREE
    latitude = place.lat / UNITS_PER_DEGREE
    apart = math.radians(max(0.0, south - latitude, latitude - north))
    edge = min(math.radians(max(abs(south), abs(north))), math.pi / 2)
    reach = math.sin(min(radius_m / (2 * EARTH_RADIUS_M), math.pi / 2))
    left = max(0.0, reach**2 - math.sin(apart / 2) ** 2)
    product = math.cos(math.radians(abs(latitude))) * math.cos(edge)
    if product <= left:
        return None
    return math.ceil(math.degrees(2 * math.asin(math.sqrt(left / product))) * UNITS_PER_DEGREE) + _MARGIN
