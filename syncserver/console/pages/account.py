"""An admin's own account: sessions, and the password."""

from starlette.responses import Response

from shared.ids import uuid_text
from syncserver.api.rest.endpoint import Nothing
from syncserver.api.rest.limits import Rate
from syncserver.console import gate
from syncserver.console.page import PREFIX, SIGN_IN, Form, Page, Visit
from syncserver.people import second_factor, sessions, web_sessions
from syncserver.sync.bounds import Bounds

ACCOUNT = f"{PREFIX}/account"


class PasswordForm(Form, frozen=True):
    """The password as it is, and as it is to be."""

    old_password: str
    new_password: str


class OneTimeForm(Form, frozen=True):
    """A one-time password of the generator."""

    one_time_password: str


async def show(visit: Visit[Nothing, None]) -> Response:
    """`GET /console/account`."""
    own = await web_sessions.list_own(visit.services, visit.who.user_id)
    left = await second_factor.recovery_left(visit.services, visit.who.user_id)
    return visit.page("account.html", own=own, recovery_left=left, few=left <= second_factor.FEW_CODES)


async def end_session(visit: Visit[Nothing, Form]) -> Response:
    """`POST /console/account/sessions/{session}/end`."""
    session = visit.path["session"]
    await web_sessions.end(visit.services, visit.who, session)
    return await visit.done(ACCOUNT, f"The session {uuid_text(session)[-12:]} is over.")


async def sign_out_everywhere(visit: Visit[Nothing, Form]) -> Response:
    """`POST /console/account/sign-out-everywhere`."""
    await sessions.log_out_everywhere(visit.services, visit.who)
    return gate.let_out(visit.go(SIGN_IN))


async def renew_codes(visit: Visit[Nothing, OneTimeForm]) -> Response:
    """`POST /console/account/recovery-codes`."""
    codes = await second_factor.renew_codes(visit.services, visit.who.user_id, visit.form.one_time_password)
    return visit.page("recovery.html", codes=codes, onward=ACCOUNT)


async def change_password(visit: Visit[Nothing, PasswordForm]) -> Response:
    """`POST /console/account/password`."""
    bounds: Bounds = visit.request.app.state.bounds
    form = visit.form
    await sessions.change_password(visit.services, bounds.passwords, visit.who, form.old_password, form.new_password)
    return await visit.done(ACCOUNT, "You have another password now. Your other sessions are over.")


_ACCOUNT = Page(path="/account", show=show)
PAGES = (
    _ACCOUNT,
    Page(path="/account/sessions/{session}/end", show=end_session, form=Form),
    Page(path="/account/sign-out-everywhere", show=sign_out_everywhere, form=Form),
    Page(path="/account/recovery-codes", show=renew_codes, form=OneTimeForm, again=_ACCOUNT, rate=Rate.LOGIN),
    Page(path="/account/password", show=change_password, form=PasswordForm, again=_ACCOUNT, rate=Rate.LOGIN),
)
