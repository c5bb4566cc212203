"""What waits for a second admin is told in words, with the page where it is asked for again."""

import pytest

from syncserver.console.pages.second import told
from syncserver.people.second import Asked

ONE, OTHER = "01a2192b-4ff1-7acf-9f10-21eae3feda2d", "01a2192b-a92c-781a-8165-2eb91bcae154"


@pytest.mark.parametrize(
    ("about", "what", "address"),
    [
        (f"{ONE} 1 {OTHER} 3f64", "the figures of a shift", f"/console/shifts/{ONE}/{OTHER}?epoch=1"),
        (f"4749847044 {ONE} reject", "reject a payment of wallet 4749847044", f"/console/flagged/4749847044/{ONE}"),
        (f"payout {ONE} paid B 17", "say that a payout was paid", f"/console/payouts/{ONE}"),
        (
            "file 3f5a71b7f1bd7577 of FI21 EE38",
            "a statement of FI21 EE38, whose file has the hash 3f5a71b7f1bd…",
            "/console/bank",
        ),
        ("receipt no. 7 <b> into 4749847044", "the receipt no. 7 <b> for wallet 4749847044", None),
        ("what nobody knows", "what nobody knows", None),
    ],
)
def test_what_waits_is_told_in_words_with_its_amount(about: str, what: str, address: str | None) -> None:
    found = told(Asked("any", f"{about} 2100 EUR", bytes(16), "ada", 0))
    assert (found.what, found.address, found.minor, found.currency) == (what, address, 2_100, "EUR")
