"""A customer with an app: the same server over its REST API."""

import secrets
import uuid
from typing import Any

import httpx

from tallystick.demo.programs import DemoError, Place
from tallystick.demo.shop import Story

OK = 200
_HOME = {"lat": 594_400_000, "lon": 247_400_000}


class App:
    """Somebody's phone: it asks the server, and shows what it asked."""

    def __init__(self, name: str, port: int, story: Story) -> None:
        self._name = name
        self._story = story
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30)

    def log_in(self, login: str, password: str) -> None:
        """Be somebody from now on."""
        granted = self.post("/auth/login", {"login": login, "password": password})
        self._http.headers["Authorization"] = f"Bearer {granted['accessToken']}"

    def get(self, path: str) -> Any:
        """What a GET answers."""
        return self._data("GET", path, self._http.get(path))

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """What a POST answers; what moves money needs a key."""
        headers = {"Idempotency-Key": key} if key is not None else {}
        return self._data("POST", path, self._http.post(path, json=body, headers=headers))

    def _data(self, method: str, path: str, answer: httpx.Response) -> Any:
        self._story.console.print(f"  [cyan]{self._name}[/cyan] {method} {path}", highlight=False, soft_wrap=True)
        if answer.status_code != OK:
            raise DemoError(f"{answer.status_code} for {method} {path}: {answer.text[:500]}")
        return answer.json()["data"]

    def close(self) -> None:
        """Put the phone away."""
        self._http.close()


def pay_online(story: Story, server: Place, port: int, vendor: str) -> None:
    """Somebody registers, is approved, pays in, pays the shop from home, and gets a part of it back."""
    story.chapter("A customer with an app: registered, approved, and paying online")
    boss_password, password = secrets.token_urlsafe(), secrets.token_urlsafe()
    boss, anna = App("office", port, story), App("Anna's app", port, story)
    words = ("--login", "boss", "--role", "superadmin", "--password-file", "-")
    server.run("server", "admin", "create", *words, typed=boss_password)
    boss.log_in("boss", boss_password)
    asked = {"login": "anna", "password": password, "name": "Anna Mets", "role": "customer", "currency": "EUR"}
    user = anna.post("/home/register", asked | _HOME)["userId"]
    story.tell(f"the office looks at it: {boss.post(f'/home/approve/{user}')['state']}")
    cash = {"amount": "80.00", "receipt": "cash-1"}
    paid_in = boss.post(f"/api/wallets/add-money/{user}", cash, key=str(uuid.uuid4()))
    story.tell(f"{paid_in['amount']['text']} EUR over the counter, against receipt {paid_in['receipt']}")
    anna.log_in("anna", password)
    key, order = str(uuid.uuid4()), {"vendorId": vendor, "amount": "6.40"}
    paid = anna.post("/api/transactions/make-payment-online", order, key=key)
    story.tell(f"6.40 EUR: {paid['state']}")
    if anna.post("/api/transactions/make-payment-online", order, key=key) != paid:
        raise DemoError("the same Idempotency-Key was answered in two ways")
    story.tell("the app was not sure and asked again with the same key: the same answer, and nothing moved")
    back = {"amount": "1.40", "reason": "one bun was missing"}
    boss.post(f"/api/transactions/refund/{paid['id']}", back, key=str(uuid.uuid4()))
    left = anna.get(f"/api/wallets/check-balance/{user}")
    story.tell(f"1.40 EUR came back; Anna has {left['online']['text']} EUR")
    if left["online"]["minor"] != 80_00 - 6_40 + 1_40:
        raise DemoError("Anna's balance does not add up")
    for app in (boss, anna):
        app.close()
