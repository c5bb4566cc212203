"""Times as people read them: ages in two units, the time of day of the till's own place."""

from datetime import datetime

from terminal.texts import _

_MS_PER_MINUTE = 60_000
_MINUTES_PER_HOUR = 60
_HOURS_PER_DAY = 24


def age(ms: int) -> str:
    """How long ago: <1 min, 5 min, 1 h 50, 3 d 4 h."""
    minutes = max(0, ms) // _MS_PER_MINUTE
    hours, days = minutes // _MINUTES_PER_HOUR, minutes // (_MINUTES_PER_HOUR * _HOURS_PER_DAY)
    if not minutes:
        return _("<1 min")
    if not hours:
        return _("{minutes} min").format(minutes=minutes)
    if not days:
        return _("{hours} h {minutes:02}").format(hours=hours, minutes=minutes % _MINUTES_PER_HOUR)
    return _("{days} d {hours} h").format(days=days, hours=hours % _HOURS_PER_DAY)


def clock_time(ms: int) -> str:
    """The time of day, where the till stands: 14:05."""
    return _local(ms).strftime("%H:%M")


def day_and_time(ms: int) -> str:
    """A day and a time, where the till stands: 2026-11-26 14:05."""
    return _local(ms).strftime("%Y-%m-%d %H:%M")


def _local(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1_000).astimezone()
