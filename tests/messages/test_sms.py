"""S4, J4: text messages by a company that somebody else's package brings; none without one."""

import sys
from collections.abc import Iterator

import pytest

from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.messages import operations, registry
from kacang.messages.events import Event
from kacang.messages.models import Message, MessageState
from kacang.messages.ports import NotSent, TextMessage
from kacang.shared.clock import utc_now
from kacang.web.mails import stock as stock_mails
from simulators.sms_gateway import Gateway
from tests import make
from tests.messages.sms_contract import SmsContract
from tests.outside.installing import install
from tests.outside.kacang_mysms import MySms
from tests.web.conftest import _plain_static_files  # noqa: F401 - a fixture
from tests.web.console.conftest import work_as

KEY = "9f2c1e7a"
PHONE = "+8613826042716"


class Playing:
    """The gateway and the adapter that was written for it."""

    sender = MySms()

    def __init__(self, gateway: Gateway, environment: pytest.MonkeyPatch) -> None:
        self.gateway, self.environment = gateway, environment

    def arrived(self) -> list[tuple[str, str]]:
        return [(one.to, one.text) for one in self.gateway.taken.values()]

    def be_busy(self) -> None:
        self.gateway.busy = True

    def vanish(self) -> None:
        self.environment.setenv("MYSMS_URL", "http://127.0.0.1:9")


@pytest.fixture
def company(monkeypatch) -> Iterator[Playing]:
    with Gateway(KEY) as gateway:
        monkeypatch.setenv("MYSMS_URL", gateway.url)
        monkeypatch.setenv("MYSMS_KEY", KEY)
        yield Playing(gateway, monkeypatch)


@pytest.fixture
def installed(tmp_path, monkeypatch) -> Iterator[None]:
    install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    registry.forget_senders()
    yield
    sys.modules.pop("kacang_mysms", None)
    registry.forget_senders()


class TestMySms(SmsContract):
    """The company of `simulators/`."""

    def test_a_wrong_key_is_refused_for_good(self, company, monkeypatch):
        monkeypatch.setenv("MYSMS_KEY", "another")

        with pytest.raises(NotSent, match="BAD_SIGNATURE") as refused:
            company.sender.send(TextMessage("r", PHONE, "e", "en", "s", "t"))

        assert refused.value.is_final


def low(merchant: int) -> None:
    merchants.change_settings(merchant_id=merchant, values={"sms_staff": PHONE}, actor=SYSTEM)
    make.sku(merchant, cards=3, low_stock_at=5)
    stock_mails.tell_low_stock(merchant_id=merchant)


def texts(merchant: int) -> list[Message]:
    with acting_as(merchant):
        return list(Message.objects.filter(merchant_id=merchant, channel="sms"))


class TestWithout:
    def test_nothing_is_offered_and_nothing_is_pretended(self, merchant):
        low(merchant)

        assert texts(merchant) == []
        assert "sms_staff" not in work_as(merchant).get("/console/settings/").content.decode()


@pytest.mark.usefixtures("installed")
class TestInstalled:
    def test_the_setting_is_offered(self, merchant):
        assert 'name="sms_staff"' in work_as(merchant).get("/console/settings/").content.decode()

    def test_broken_and_outdated_ones_stop_nothing(self):
        found = registry.sms_sender()

        assert found is not None
        assert found.name == "mysms"

    def test_a_crossing_reaches_the_phone_once(self, merchant, company):
        low(merchant)
        stock_mails.tell_low_stock(merchant_id=merchant)
        (row,) = texts(merchant)

        states = [
            operations.send(merchant_id=merchant, uid=row.uid, now=utc_now()) for _ in range(2)
        ]

        assert states == [MessageState.SENT] * 2
        assert company.arrived() == [(PHONE, "视频会员 · 年卡 库存不足。剩余 3 件，预警线 5 件。")]

    def test_who_is_busy_is_asked_again_and_nothing_is_lost(self, merchant, company):
        low(merchant)
        (row,) = texts(merchant)
        company.be_busy()
        first = operations.send(merchant_id=merchant, uid=row.uid, now=utc_now())
        company.gateway.busy = False

        second = operations.send(merchant_id=merchant, uid=row.uid, now=utc_now())

        assert (first, second) == (MessageState.WAITING, MessageState.SENT)
        assert len(company.arrived()) == 1


def test_L16_a_text_message_that_may_have_been_sent_is_not_sent_again(merchant, company, installed):
    """A worker died between handing it over and noting it."""
    message = operations.Tell(
        Event.STAFF_LOW_STOCK, "1", {"title": "x", "left": 1, "threshold": 5}, phones=[PHONE]
    )
    operations.tell(merchant_id=merchant, message=message)
    with acting_as(merchant):
        Message.objects.filter(merchant_id=merchant).update(tries=1)
        uid = Message.objects.get(merchant_id=merchant).uid

    state = operations.send(merchant_id=merchant, uid=uid, now=utc_now())

    assert state is MessageState.FAILED
    assert company.arrived() == []
    with acting_as(merchant):
        assert Message.objects.get(merchant_id=merchant).error == "unknown"
    operations.send_again(merchant_id=merchant, uid=uid)
    assert operations.send(merchant_id=merchant, uid=uid, now=utc_now()) is MessageState.SENT
    assert len(company.arrived()) == 1
