"""A grid of 0.1 degree over the Earth, so that "all customers within a radius" is a look-up in a plain index."""

import math

from shared.geo import EARTH_RADIUS_M, UNITS_PER_DEGREE, Place

_STEP = UNITS_PER_DEGREE // 10
_ROWS = 1_800
_COLUMNS = 3_600
MAX_CELLS = 12_000
_METRES_PER_STEP = math.pi * EARTH_RADIUS_M / _ROWS


def cell_of(place: Place) -> int:
    """The number of the cell that a place is in, from 0 to 6,479,999."""
    row = min((place.lat + 90 * UNITS_PER_DEGREE) // _STEP, _ROWS - 1)
    column = (place.lon + 180 * UNITS_PER_DEGREE) // _STEP % _COLUMNS
    return row * _COLUMNS + column


def cells_around(place: Place, radius_m: int) -> list[int] | None:
    """Cells that cover every place within a radius (metres), and some more; None where they would be too many."""
    centre, column = divmod(cell_of(place), _COLUMNS)
    reach = math.ceil(radius_m / _METRES_PER_STEP) + 1
    cells: list[int] = []
    for row in range(max(0, centre - reach), min(_ROWS - 1, centre + reach) + 1):
        width = _columns_within(place, row, radius_m)
        if len(cells) + min(2 * width + 1, _COLUMNS) > MAX_CELLS:
            return None
        if 2 * width + 1 >= _COLUMNS:
            cells.extend(range(row * _COLUMNS, (row + 1) * _COLUMNS))
        else:
            cells.extend(row * _COLUMNS + (column + step) % _COLUMNS for step in range(-width, width + 1))
    return cells


def _columns_within(place: Place, row: int, radius_m: int) -> int:
    """How many columns either way a circle around a place can reach in a row.

    From the haversine formula: sin²(Δλ/2) ≤ sin²(d/2R) / (cos φ₁ · cos φ₂), with φ₂ at the row's edge that is nearer
    to a pole.
    """
    latitude = math.radians(abs(place.lat) / UNITS_PER_DEGREE)
    edge = min(max(abs(row - _ROWS // 2), abs(row + 1 - _ROWS // 2)) * math.pi / _ROWS, math.pi / 2)
    reach = math.sin(min(radius_m / (2 * EARTH_RADIUS_M), math.pi / 2))
    product = math.cos(latitude) * math.cos(edge)
    if product <= reach**2:
        return _COLUMNS
    return math.ceil(2 * math.asin(reach / math.sqrt(product)) * _COLUMNS / (2 * math.pi)) + 1
