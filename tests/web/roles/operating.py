"""Somebody who operates the installation, with an authenticator app."""

import secrets
import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.conf import settings
from django.test import Client

from kacang.merchants import queries
from kacang.merchants.audit import Actor
from kacang.merchants.models import User, Visit
from kacang.merchants.operations import MerchantKind, open_merchant, operator, operator_visits
from kacang.merchants.operations.operator_visits import OperatorDraft
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now

TERMINAL = Actor(kind="command", label="kacang, root")
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class Operator:
    """Their browser, and the codes of their app."""

    def __init__(self, language: str = "en", *, second_factor: bool = True) -> None:
        self.email = f"operator-{secrets.token_hex(4)}@example.com"
        operator.add_operator(email=self.email, name="周运维", actor=TERMINAL)
        self.user = User.objects.get(email=self.email)
        self.secret = ""
        if second_factor:
            self.secret = str(generate_totp_secret())
            TOTP.activate(self.user, self.secret)
        self.client = self.browser(language)

    def browser(self, language: str = "en") -> Client:
        """A browser in which they are signed in."""
        client = Client()
        client.force_login(self.user, backend=BACKEND)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        return client

    def code(self, steps: int = 0) -> str:
        """The code that the app shows now, or so many steps later: each is good once."""
        step = int(time.time()) // 30 + steps
        return str(format_hotp_value(hotp_value(self.secret, step)))

    def visit(self, shop: str, reason: str = "工单 4711", client: Client | None = None, **more):
        """Look into a merchant by its page."""
        browser = client or self.client
        page = f"/console/operator/shops/{shop}/"
        said = {"reason": reason, "minutes": "30", "code": self.code(), **more}
        return browser.post(page, said)

    def lose_second_factor(self) -> None:
        """Do without the app."""
        Authenticator.objects.filter(user=self.user).delete()


def visits_of(merchant: int) -> list[Visit]:
    """Every visit to a merchant, the first first."""
    with acting_as(merchant):
        return list(Visit.objects.filter(merchant_id=merchant).order_by("id"))


def log_of(merchant: int, visit: str = "") -> list[tuple[str, str, str]]:
    """What stands in a merchant's log, or of one visit: what, who, why; the newest first."""
    page = queries.audit_page(merchant_id=merchant, where=queries.AuditFilter(visit=visit))
    return [(row.action, row.actor_label, row.reason) for row in page.rows]


def another_shop() -> int:
    """A merchant that nothing is about."""
    slug = f"x-{secrets.token_hex(6)}"
    return open_merchant(slug=slug, name="别家", kind=MerchantKind.DEMO)


def a_visit(merchant: int, email: str) -> str:
    """A visit by the command of somebody who has an account, and operates from here on."""
    operator.add_operator(email=email, name="", actor=TERMINAL)
    person = User.objects.get(email=email)
    TOTP.activate(person, generate_totp_secret())
    return operator_visits.start_operator_visit(
        merchant_id=merchant, user_id=person.pk, draft=OperatorDraft("客户来电，" * 30),
        actor=Actor(kind="command", label=email), now=utc_now(),
    )  # fmt: skip


def some_visits(merchant: int) -> None:
    """A visit that goes on and one before it, and a request that waits, as the guide shows them."""
    who = Operator("zh-hans")
    given: dict[str, Any] = {
        "merchant_id": merchant, "user_id": who.user.pk, "now": utc_now(),
        "actor": Actor("user", who.user.pk, who.email),
    }  # fmt: skip
    why = "客户来电：三笔微信支付成功但订单待付款，核对支付记录"
    operator_visits.start_operator_visit(draft=OperatorDraft(why), **given)
    operator_visits.start_operator_visit(draft=OperatorDraft(why, may_change=True), **given)
    wish = OperatorDraft("导入卡密报错，查看任务日志", minutes=60)
    operator_visits.ask_for_visit(draft=wish, **given)
