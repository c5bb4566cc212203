"""The grid that books are read by: no customer within the radius is ever outside its cells."""

import math

from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.geo import EARTH_RADIUS_M, MAX_LAT, MAX_LON, UNITS_PER_DEGREE, Place, haversine_m
from syncserver.sync.grid import MAX_CELLS, cell_of, cells_around

CELL = UNITS_PER_DEGREE // 10
edges = st.integers(-1, 1)
lats = st.one_of(
    st.integers(-MAX_LAT, MAX_LAT),
    st.integers(-MAX_LAT, -MAX_LAT + 3 * CELL),
    st.integers(MAX_LAT - 3 * CELL, MAX_LAT),
    st.builds(lambda row, off: max(-MAX_LAT, min(MAX_LAT, row * CELL + off)), st.integers(-900, 900), edges),
)
lons = st.one_of(
    st.integers(-MAX_LON, MAX_LON),
    st.integers(-MAX_LON, -MAX_LON + CELL),
    st.integers(MAX_LON - CELL, MAX_LON),
    st.builds(lambda column, off: max(-MAX_LON, min(MAX_LON, column * CELL + off)), st.integers(-1_800, 1_800), edges),
)
places = st.builds(Place, lats, lons)
radii = st.one_of(st.integers(0, 100), st.integers(100, 50_000), st.integers(50_000, 30_000_000), st.just(20_000))


def somewhere(place: Place, metres: float, bearing: float) -> Place:
    """The place that lies some way off in some direction (radians) on the sphere."""
    angle = metres / EARTH_RADIUS_M
    lat, lon = math.radians(place.lat / UNITS_PER_DEGREE), math.radians(place.lon / UNITS_PER_DEGREE)
    there = math.asin(
        max(-1.0, min(1.0, math.sin(lat) * math.cos(angle) + math.cos(lat) * math.sin(angle) * math.cos(bearing)))
    )
    east = lon + math.atan2(
        math.sin(bearing) * math.sin(angle) * math.cos(lat), math.cos(angle) - math.sin(lat) * math.sin(there)
    )
    wrapped = (math.degrees(east) + 540) % 360 - 180
    return Place(round(math.degrees(there) * UNITS_PER_DEGREE), round(wrapped * UNITS_PER_DEGREE))


@settings(max_examples=500, deadline=None)
@given(places, radii, st.floats(0, 1), st.floats(0, 2 * math.pi))
@example(Place(MAX_LAT, 0), 20_000, 1.0, 1.0)
@example(Place(-MAX_LAT, MAX_LON), 20_000, 0.5, 3.0)
@example(Place(0, MAX_LON), 20_000, 1.0, math.pi / 2)
@example(Place(0, -MAX_LON), 20_000, 1.0, 3 * math.pi / 2)
def test_whoever_is_within_the_radius_is_within_the_cells(
    place: Place, radius: int, share: float, bearing: float
) -> None:
    home = somewhere(place, min(radius, math.pi * EARTH_RADIUS_M) * share, bearing)
    cells = cells_around(place, radius)
    if cells is None:
        assert radius > 50_000 or abs(place.lat) > 89 * UNITS_PER_DEGREE
        return
    assert len(cells) == len(set(cells)) <= MAX_CELLS
    assert all(0 <= cell < 1_800 * 3_600 for cell in cells)
    if haversine_m(place, home) <= radius:
        assert cell_of(home) in cells


@settings(max_examples=300, deadline=None)
@given(places, places, radii)
def test_any_two_places_agree_with_the_distance_between_them(one: Place, two: Place, radius: int) -> None:
    cells = cells_around(one, radius)
    if cells is not None and haversine_m(one, two) <= radius:
        assert cell_of(two) in cells


@given(places)
def test_the_antimeridian_and_the_poles_are_in_cells_like_all_else(place: Place) -> None:
    assert 0 <= cell_of(place) < 1_800 * 3_600
    assert cell_of(Place(place.lat, MAX_LON)) == cell_of(Place(place.lat, -MAX_LON))
    around = cells_around(place, 0)
    assert around is None or cell_of(place) in around


def test_a_shop_anywhere_people_live_is_looked_up_in_few_cells() -> None:
    for degrees in (0, 40, 59, 70, 78):
        cells = cells_around(Place(degrees * UNITS_PER_DEGREE, 0), 20_000)
        assert cells is not None
        assert len(cells) < 200
