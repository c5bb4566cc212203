"""Everything between the terminal and its server: enrolment, uploads that no outage can lose, and the book."""

from terminal.sync.backoff import Pace
from terminal.sync.enrolment import EnrolmentKeys, enrol
from terminal.sync.loop import SyncLoop
from terminal.sync.refunds import Refunded, Refunds
from terminal.sync.synchroniser import Synchroniser, SyncReport

__all__ = ["EnrolmentKeys", "Pace", "Refunded", "Refunds", "SyncLoop", "SyncReport", "Synchroniser", "enrol"]
