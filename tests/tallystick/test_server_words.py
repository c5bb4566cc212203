"""What the server says to a till that it refuses, the till can say in its own language."""

import ast
import inspect
from types import ModuleType

import pytest

from shared.errors import TallystickError
from syncserver.api import body
from syncserver.database.errors import BusyError
from syncserver.payments import errors as payments
from syncserver.payments import refunds, till_refunds
from syncserver.people.errors import KeyReusedError
from syncserver.registry import errors as registry
from syncserver.registry.enrolment import InvalidTerminalNameError
from syncserver.sync.admission import DeviceBusyError
from syncserver.sync.books import PullRefusedError
from syncserver.sync.intake import SeveralEpochsError, TooManyRecordsError
from syncserver.sync.reading import DeviceGoneError
from terminal.sync.server_words import KNOWN


@pytest.mark.parametrize(
    "kind",
    [
        registry.EnrolmentTokenError,
        registry.EnrolmentProofError,
        registry.KeyTakenError,
        registry.DeviceStateError,
        registry.ClientAssertionError,
        InvalidTerminalNameError,
        DeviceGoneError,
        PullRefusedError,
        TooManyRecordsError,
        SeveralEpochsError,
        DeviceBusyError,
        BusyError,
        body.TooLargeError,
        body.SlowBodyError,
        body.WrongTypeError,
        payments.UnknownPaymentError,
        payments.ReasonRequiredError,
        payments.NotRefundableError,
        payments.RefundTooLargeError,
        payments.TillRefundRefusedError,
        KeyReusedError,
    ],
)
def test_a_refusal_of_the_server_stands_in_the_tills_catalogue(kind: type[TallystickError]) -> None:
    assert kind().message in KNOWN


@pytest.mark.parametrize("module", [till_refunds, refunds])
def test_so_do_the_words_of_each_refused_refund(module: ModuleType) -> None:
    raised = [node.exc for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Raise)]
    said = [
        call.args[0].value
        for call in raised
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant)
    ]
    assert said
    assert set(said) <= {*KNOWN, "approver: nobody"}
