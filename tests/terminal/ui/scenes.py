"""Every screen of the till in the states that a cashier meets, for pictures of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from terminal.ui.screens.approval import ApprovalScreen
from terminal.ui.screens.base import TillScreen
from terminal.ui.screens.confirming import ConfirmScreen
from terminal.ui.screens.enrolling import EnrolScreen
from terminal.ui.screens.help import HelpScreen
from terminal.ui.screens.history import HistoryScreen
from terminal.ui.screens.key_settings import KeySettingsScreen
from terminal.ui.screens.menu import MenuScreen
from terminal.ui.screens.past_shifts import PastShiftsScreen
from terminal.ui.screens.payment import PaymentScreen
from terminal.ui.screens.queue import QueueScreen
from terminal.ui.screens.reason import ReasonScreen
from terminal.ui.screens.receipt import ReceiptScreen
from terminal.ui.screens.refund import RefundScreen
from terminal.ui.screens.sale import SaleScreen
from terminal.ui.screens.settings import SettingsScreen
from terminal.ui.screens.shift import ShiftScreen
from terminal.ui.screens.shift_open import ShiftOpenScreen
from terminal.ui.screens.sign_in import SignInScreen
from terminal.ui.screens.status import StatusScreen
from terminal.ui.screens.trouble import TroubleScreen
from terminal.ui.screens.unlock import UnlockScreen
from terminal.ui.screens.verdict import VerdictScreen
from tests.terminal.shop import Series, Shop, wallet_of
from tests.terminal.ui import page_scenes, people_scenes, sale_scenes
from tests.terminal.ui.kit import Screen
from tests.terminal.ui.people_scenes import two_people

Play = Callable[[Screen, Series], Awaitable[None]]


def _nothing_more(_shop: Shop) -> None:
    """A shop whose book names nobody, and a till that took nothing."""


@dataclass(frozen=True)
class Scene:
    """How a screen is reached, in what shop, and which one it is."""

    play: Play
    shows: type[TillScreen]
    shop: Callable[[Shop], None] = _nothing_more


SCENES: dict[str, Scene] = {
    "shift_open": Scene(sale_scenes.shift_open, ShiftOpenScreen),
    "sale_begins": Scene(sale_scenes.begins, SaleScreen),
    "sale_asks_for_a_wallet": Scene(sale_scenes.asks_for_a_wallet, SaleScreen),
    "sale_asks_for_a_code": Scene(sale_scenes.asks_for_a_code, SaleScreen),
    "sale_with_a_voucher": Scene(sale_scenes.with_a_voucher, SaleScreen),
    "sale_accepted": Scene(sale_scenes.accepted, VerdictScreen),
    "sale_refused": Scene(sale_scenes.refused, VerdictScreen),
    "sale_refused_by_a_limit": Scene(sale_scenes.refused_by_a_limit, VerdictScreen, sale_scenes.strict),
    "sale_offers_a_part": Scene(sale_scenes.offers_a_part, SaleScreen),
    "sale_paid_in_part": Scene(sale_scenes.paid_in_part, SaleScreen),
    "sale_given_up": Scene(sale_scenes.given_up, ApprovalScreen),
    "sign_in": Scene(people_scenes.sign_in, SignInScreen, two_people),
    "sign_in_asks_for_a_pin": Scene(people_scenes.sign_in_asks_for_a_pin, SignInScreen, two_people),
    "locked": Scene(people_scenes.locked, SignInScreen, two_people),
    "approval": Scene(people_scenes.approval, ApprovalScreen, two_people),
    "history": Scene(page_scenes.history, HistoryScreen),
    "history_of_all_states": Scene(page_scenes.history_of_all_states, HistoryScreen, page_scenes.every_state),
    "payment": Scene(page_scenes.payment, PaymentScreen),
    "reason": Scene(page_scenes.reason, ReasonScreen),
    "refund": Scene(page_scenes.refund, RefundScreen),
    "queue": Scene(page_scenes.queue, QueueScreen),
    "queue_in_trouble": Scene(page_scenes.queue_in_trouble, QueueScreen, page_scenes.in_trouble),
    "queue_with_a_refund": Scene(page_scenes.queue_with_a_refund, QueueScreen, page_scenes.refund_without_an_answer),
    "payment_with_a_refund": Scene(
        page_scenes.payment_with_a_refund, PaymentScreen, page_scenes.refund_without_an_answer
    ),
    "receipt": Scene(page_scenes.receipt, ReceiptScreen),
    "shift": Scene(page_scenes.shift, ShiftScreen),
    "shift_closes": Scene(page_scenes.shift_closes, ConfirmScreen),
    "past_shifts": Scene(page_scenes.past_shifts, PastShiftsScreen),
    "settings": Scene(page_scenes.settings, SettingsScreen),
    "key_settings": Scene(page_scenes.key_settings, KeySettingsScreen),
    "status": Scene(page_scenes.status, StatusScreen),
    "enrolment": Scene(page_scenes.enrolment, EnrolScreen),
    "menu": Scene(page_scenes.menu, MenuScreen),
    "help": Scene(page_scenes.help_page, HelpScreen),
    "unlock": Scene(page_scenes.unlock, UnlockScreen),
    "trouble": Scene(page_scenes.trouble, TroubleScreen),
}


def prepare(shop: Shop, scene: Scene) -> Series:
    """The shop of a scene, the same in each run."""
    scene.shop(shop)
    return shop.issue(wallet_of(20_261_121))
