"""Places on Earth in integers of 1e-7 degree (WGS 84), and the distance between them."""

import math
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

import msgspec

from shared.errors import PlaceError

UNITS_PER_DEGREE = 10_000_000
MAX_LAT = 90 * UNITS_PER_DEGREE
MAX_LON = 180 * UNITS_PER_DEGREE
_MAX_DEGREES_TEXT = 64
EARTH_RADIUS_M = 6_371_008.8  # the mean radius R1 of WGS 84: (2a + b) / 3


class Place(msgspec.Struct, frozen=True, gc=False):
    """A latitude and a longitude, integers of 1e-7 degree."""

    lat: int
    lon: int

    def __post_init__(self) -> None:
        if abs(self.lat) > MAX_LAT or abs(self.lon) > MAX_LON:
            raise PlaceError

    @classmethod
    def from_degrees(cls, lat: str, lon: str) -> "Place":
        """The place that two decimal texts name, rounded to 1e-7 degree.

        Raises:
            PlaceError: where one is no number or out of range.
        """
        return cls(_units(lat), _units(lon))

    def rounded(self, step: int = UNITS_PER_DEGREE // 100) -> "Place":
        """This place to the nearest `step` (0.01 degree by default), as vouchers carry it."""
        return Place(round(self.lat / step) * step, round(self.lon / step) * step)


def _units(degrees: str) -> int:
    if len(degrees) > _MAX_DEGREES_TEXT:
        raise PlaceError
    try:
        value = Decimal(degrees)
    except InvalidOperation:
        raise PlaceError from None
    # Looked at before anything is computed: 1e999999 is a number too, and an integer of a million digits.
    if not (value.is_finite() and value.copy_abs() <= MAX_LON // UNITS_PER_DEGREE):
        raise PlaceError
    return int((value * UNITS_PER_DEGREE).to_integral_value(ROUND_HALF_EVEN))


def haversine_m(a: Place, b: Place) -> float:
    """Great-circle distance in metres on a sphere of the mean radius.

    hav(θ) = hav(Δφ) + cos φ₁ · cos φ₂ · hav(Δλ), d = 2R · asin √hav(θ); hav(x) = sin²(x/2).
    """
    phi_a, phi_b = math.radians(a.lat / UNITS_PER_DEGREE), math.radians(b.lat / UNITS_PER_DEGREE)
    delta_lambda = math.radians((b.lon - a.lon) / UNITS_PER_DEGREE)
    hav = math.sin((phi_b - phi_a) / 2) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(delta_lambda / 2) ** 2
    # Rounding can lift the sum above 1 for antipodes.
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, hav)))


# What a unit of latitude is long, and as long as a unit of longitude can be.
_M_PER_UNIT = math.radians(EARTH_RADIUS_M / UNITS_PER_DEGREE)


def is_within(a: Place, b: Place, metres: float) -> bool:
    """Whether two places are at most so far apart.

    Nowhere is a degree longer than at the equator, so most are told to be close by a plane made of such degrees, at a
    fifth of what the distance costs.
    """
    lat, lon = a.lat - b.lat, a.lon - b.lon
    if _M_PER_UNIT * _M_PER_UNIT * (lat * lat + lon * lon) < 0.999 * metres * metres:
        return True
    return haversine_m(a, b) <= metres
