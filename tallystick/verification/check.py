"""The one way in: a file's contents and the trusted keys, and the report on them."""

from shared.errors import DecodingError
from tallystick.verification.contents import Form, read_contents
from tallystick.verification.evidence import check_evidence, is_evidence
from tallystick.verification.journals import check_journal
from tallystick.verification.objects import check_object
from tallystick.verification.report import Problem, Report
from tallystick.verification.trust import Trust


def check(content: bytes, trust: Trust) -> Report:
    """Check whatever a file holds: a signed object in any of its forms, evidence, or an exported journal."""
    try:
        contents = read_contents(content)
    except DecodingError as error:
        return Report(kind="unknown", problems=(Problem(error.message),))
    if contents.form is Form.JOURNAL:
        return check_journal(contents.raw, trust)
    if is_evidence(contents.raw):
        return check_evidence(contents.raw, trust)
    return check_object(contents.raw, trust)
