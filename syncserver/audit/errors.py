"""What can go wrong with the audit trail."""

from shared.errors import TallystickError


class UnknownAuditEntryError(TallystickError):
    """There is no such audit entry."""

    code = "UNKNOWN_AUDIT_ENTRY"
