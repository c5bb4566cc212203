"""Distances agree with geographiclib, an independent implementation."""

import math

import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PlaceError, TallystickError
from shared.geo import EARTH_RADIUS_M, MAX_LAT, MAX_LON, UNITS_PER_DEGREE, Place, haversine_m, is_within
from tests.shared.samples import places

SPHERE = Geodesic(EARTH_RADIUS_M, 0)
HALF_ROUND_M = math.pi * EARTH_RADIUS_M


def _reference_m(earth: Geodesic, a: Place, b: Place) -> float:
    degrees = [value / UNITS_PER_DEGREE for value in (a.lat, a.lon, b.lat, b.lon)]
    return float(earth.Inverse(*degrees, Geodesic.DISTANCE)["s12"])


@given(places, places)
def test_the_distance_is_that_on_a_sphere(a: Place, b: Place) -> None:
    expected = _reference_m(SPHERE, a, b)
    # asin is ill-conditioned near its end: close to the antipode a haversine is good to about 10 cm.
    tolerance = 1e-6 if expected < 0.99 * HALF_ROUND_M else 0.5
    assert haversine_m(a, b) == pytest.approx(expected, rel=1e-9, abs=tolerance)


@given(places, st.integers(-2_000_000, 2_000_000), st.integers(-2_000_000, 2_000_000))
def test_the_short_distances_that_decide_payments_are_exact_to_a_millimetre(a: Place, north: int, east: int) -> None:
    b = Place(max(-MAX_LAT, min(MAX_LAT, a.lat + north)), max(-MAX_LON, min(MAX_LON, a.lon + east)))
    assert haversine_m(a, b) == pytest.approx(_reference_m(SPHERE, a, b), abs=1e-3)


@given(places, places)
def test_the_distance_is_within_six_thousandths_of_the_ellipsoids(a: Place, b: Place) -> None:
    assert haversine_m(a, b) == pytest.approx(_reference_m(Geodesic.WGS84, a, b), rel=0.006, abs=1e-3)


@given(places, places)
def test_the_distance_is_the_same_both_ways_and_never_above_half_round(a: Place, b: Place) -> None:
    assert haversine_m(a, b) == haversine_m(b, a)
    assert 0 <= haversine_m(a, b) <= HALF_ROUND_M


@given(places, st.integers(-4_000_000, 4_000_000), st.integers(-4_000_000, 4_000_000), st.integers(0, 60_000))
def test_being_within_a_distance_is_what_the_distance_says(a: Place, north: int, east: int, metres: int) -> None:
    b = Place(max(-MAX_LAT, min(MAX_LAT, a.lat + north)), max(-MAX_LON, min(MAX_LON, a.lon + east)))
    assert is_within(a, b, metres) == (haversine_m(a, b) <= metres)


@given(places, places)
def test_nothing_is_further_than_half_round(a: Place, b: Place) -> None:
    assert is_within(a, b, HALF_ROUND_M)


@given(places)
def test_a_place_is_no_distance_from_itself(a: Place) -> None:
    assert haversine_m(a, a) == 0


@given(places)
def test_the_antipode_is_half_round(a: Place) -> None:
    antipode = Place(-a.lat, a.lon - MAX_LON if a.lon > 0 else a.lon + MAX_LON)
    assert haversine_m(a, antipode) == pytest.approx(HALF_ROUND_M, abs=0.5)


@given(st.integers(-MAX_LAT, MAX_LAT))
def test_both_names_of_the_date_line_are_one_place(lat: int) -> None:
    assert haversine_m(Place(lat, MAX_LON), Place(lat, -MAX_LON)) == pytest.approx(0, abs=1e-6)


@given(places)
def test_degrees_as_text_give_the_place_exactly(place: Place) -> None:
    def text(value: int) -> str:
        return f"{'-' if value < 0 else ''}{abs(value) // UNITS_PER_DEGREE}.{abs(value) % UNITS_PER_DEGREE:07d}"

    assert Place.from_degrees(text(place.lat), text(place.lon)) == place


@given(places)
def test_a_rounded_place_is_a_whole_hundredth_of_a_degree_and_still_on_earth(place: Place) -> None:
    rounded = place.rounded()
    assert rounded.lat % 100_000 == rounded.lon % 100_000 == 0
    assert max(abs(rounded.lat - place.lat), abs(rounded.lon - place.lon)) <= 50_000


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        ("90.0000001", "0"),
        ("0", "-180.0000001"),
        ("nan", "0"),
        ("sNaN", "0"),
        ("inf", "0"),
        ("1e999999999", "0"),
        ("-1e999999999999999999", "0"),
        ("1" * 1_000_000, "0"),
        ("", "0"),
        ("59,5", "24,8"),
        ("north", "east"),
    ],
)
def test_what_is_no_place_is_refused_at_once(lat: str, lon: str) -> None:
    with pytest.raises(PlaceError):
        Place.from_degrees(lat, lon)


@given(st.text(max_size=80), st.text("0123456789.-+eE_ ", max_size=80))
def test_any_text_is_a_place_or_refused(lat: str, lon: str) -> None:
    try:
        place = Place.from_degrees(lat, lon)
    except TallystickError:
        return
    assert abs(place.lat) <= MAX_LAT
    assert abs(place.lon) <= MAX_LON
