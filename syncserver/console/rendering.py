"""Templates: their filters, and what every page shows around what it has to say."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from shared.ids import uuid_text
from shared.money import format_minor
from syncserver.console import words

FOLDER = Path(__file__).parent / "templates"
NOTHING = "-"
_READABLE = 4  # figures that need no gaps
_SHORT_NAME = 24
_SECONDS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True, slots=True)
class Door:
    """A place in the menu."""

    path: str
    name: str


DOORS = (
    Door("/console/", "Home"),
    Door("/console/flagged", "Flagged"),
    Door("/console/shifts", "Shifts"),
    Door("/console/payments", "Payments"),
    Door("/console/devices", "Devices"),
    Door("/console/vendors", "Vendors"),
    Door("/console/customers", "Customers"),
    Door("/console/policies", "Policies"),
    Door("/console/payouts", "Payouts"),
    Door("/console/bank", "Bank"),
    Door("/console/audit", "Audit"),
)


def render(template: str, **facts: Any) -> str:
    """A page as HTML; whatever it names is there, or that is a defect."""
    return _environment().get_template(template).render(doors=DOORS, **facts)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"money": money, "when": when, "ago": duration, "short": short, "uuid": uuid_text}
    environment.filters |= {"name": name, "who": words.who, "limit": words.limit, "cause": words.cause}
    return environment


def money(minor: int, currency: str) -> Markup:
    """An amount in minor units, with figures of one width."""
    figures = format_minor(minor, currency)
    whole, point, rest = figures.partition(".")
    return Markup('<span class="money">{}{}{} <small>{}</small></span>').format(
        _in_groups(whole), point, rest, currency
    )


def _in_groups(whole: str) -> Markup | str:
    """Long figures with a gap before each three, which is in the looks alone: what is copied has none."""
    if len(whole.lstrip("-")) <= _READABLE:
        return whole
    sign, figures = whole[: -len(whole.lstrip("-"))], whole.lstrip("-")
    head = len(figures) % 3 or 3
    groups = [sign + figures[:head], *(figures[place : place + 3] for place in range(head, len(figures), 3))]
    return Markup().join(Markup('<span class="group">{}</span>').format(group) for group in groups[:-1]) + groups[-1]


def name(text: str) -> Markup:
    """What somebody called a thing: a long one is broken into lines, a short one stays on one."""
    return Markup('<span class="{}">{}</span>').format("name" if len(text) > _SHORT_NAME else "short-name", text)


def when(ms: int | None) -> Markup | str:
    """A moment (ms since the epoch) in UTC; a dash where there is none."""
    if ms is None:
        return NOTHING
    moment = datetime.fromtimestamp(ms / 1_000, UTC)
    shown = moment.strftime("%Y-%m-%d %H:%M:%S")
    return Markup('<time datetime="{}Z">{}</time>').format(moment.strftime("%Y-%m-%dT%H:%M:%S"), shown)


def duration(ms: int | None) -> str:
    """A span in ms by its two largest units, such as 1 h 50 min; a dash where there is none."""
    if ms is None:
        return NOTHING
    left, parts = max(0, ms) // 1_000, list[str]()
    for size, unit in _SECONDS:
        if left >= size or (unit == "s" and not parts):
            parts.append(f"{left // size} {unit}")
            left %= size
    return " ".join(parts[:2])


def short(identifier: bytes) -> str:
    """The last part of an id, by which people tell a few apart."""
    return uuid_text(identifier)[-12:]
