"""The sandbox company as a server of its own, against the real installation (P1, P2)."""

import json
import urllib.error
import urllib.request

import pytest

from kacang.orders import queries as order_queries
from kacang.orders.models import OrderState
from kacang.payments.adapters.sandbox import SECRET
from simulators.sandbox_cashier import Cashier
from simulators.sandbox_cashier.books import seal, signature
from tests import make
from tests.web.cashier.conftest import installation  # noqa: F401 - a fixture
from tests.web.conftest import _plain_static_files  # noqa: F401 - a fixture


@pytest.fixture
def company(merchant, installation):  # noqa: F811
    account = make.account(merchant)
    callback = f"{installation}/callbacks/payments/sandbox/{account.uid}"
    with Cashier(account.uid, account.secrets[SECRET][0], callback) as running:
        yield running


@pytest.fixture
def placed(merchant, company):
    return make.order(make.sku(merchant))


def state_of(merchant: int, placed) -> OrderState:
    return order_queries.order(merchant_id=merchant, number=placed.number).state


def test_signs_as_the_published_vector_says():
    made = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )

    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_seals_depend_on_everything_that_they_seal():
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    first = seal(secret, "acc_1", "Pay1234567", 1999, "CNY")
    others = [
        seal(secret, "acc_2", "Pay1234567", 1999, "CNY"),
        seal(secret, "acc_1", "Pay1234568", 1999, "CNY"),
        seal(secret, "acc_1", "Pay1234567", 1998, "CNY"),
        seal(secret, "acc_1", "Pay1234567", 1999, "USD"),
    ]

    assert len({first, *others}) == 5


@pytest.mark.parametrize(
    ("deed", "answers", "state"),
    [
        ("pay", [200], OrderState.DELIVERED),
        ("repeat", [200] * 5, OrderState.DELIVERED),
        ("unordered", [200, 200], OrderState.DELIVERED),
        ("fail", [200], OrderState.PENDING),
        ("lose", [], OrderState.PENDING),
        ("less", [200], OrderState.PENDING),
        ("more", [200], OrderState.PENDING),
        ("currency", [200], OrderState.PENDING),
        ("forged", [401], OrderState.PENDING),
    ],
)
def test_the_shop_answers_every_deed(merchant, company, placed, deed, answers, state):
    assert company.pay(placed.payment.payment_id, 1999, "CNY", deed) == answers
    assert state_of(merchant, placed) is state


@pytest.mark.parametrize(("shift", "status"), [(-290, 200), (290, 200), (-400, 401), (400, 401)])
def test_messages_grow_old(merchant, company, placed, shift, status):
    charge = company.books.charge(placed.payment.payment_id, 1999, "CNY")
    charge.status = "paid"

    assert company.tell(charge, shift=shift) == status
    assert (state_of(merchant, placed) is OrderState.DELIVERED) is (status == 200)


def test_pays_at_its_own_page(merchant, company, placed):
    sealed = seal(company.secret, company.account, placed.payment.payment_id, 1999, "CNY")
    page = (
        f"{company.url}/sandbox/pay/{company.account}/{placed.payment.payment_id}"
        f"?m=1999&c=CNY&s={sealed}"
    )

    with urllib.request.urlopen(urllib.request.Request(page, b"deed=pay", method="POST")) as said:  # noqa: S310
        told = json.loads(said.read())

    assert told == {"status": "paid", "told": [200]}
    assert state_of(merchant, placed) is OrderState.DELIVERED
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(page.replace("m=1999", "m=1"))  # noqa: S310
    refused.value.close()
    assert refused.value.code == 404
