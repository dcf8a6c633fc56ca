"""epusdt and BEpusdt: contract, signatures, numbers, and what is filled in (P1, P2, L9)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kacang.payments.adapters.epusdt import Epusdt, content_of, signature_of
from kacang.payments.ports import (
    AccountInfo,
    AccountRefused,
    BadNotice,
    BadSecrets,
    BadSignature,
    Ignored,
    IncomingMessage,
    PaymentAsked,
    PaymentProvider,
    PaymentRef,
    ProviderSilent,
    QueryState,
    Surroundings,
    VerifiedNotice,
)
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from kacang.shared.outbound import Guard, Outbound
from simulators.payments.company import Asked, Company, Deed, Said
from simulators.payments.epusdt import Wallet, account
from simulators.payments.epusdt.books import EXPIRED, go_f, go_v
from tests.payments.accounts import info_of
from tests.payments.contract import MINOR, NUMBER, PaymentContract, made
from tests.payments.vectors import vector

TOKEN = "epusdt_password_xasddawqe"
KEYS = {"token": TOKEN, "dialect": "epusdt"}


@pytest.fixture
def wallet() -> Iterator[Wallet]:
    with Wallet(TOKEN) as running:
        yield running


@dataclass
class EpusdtCompany:
    provider: PaymentProvider
    account: AccountInfo
    wallet: Wallet
    is_dated: bool = False

    def message(
        self, *, minor: int = MINOR, final: bool = True, serial: str = "s1"
    ) -> IncomingMessage:
        said = {
            "trade_id": serial, "order_id": NUMBER, "amount": minor / 100,
            "actual_amount": 2.8036, "token": "T123", "block_transaction_id": "b1",
            "status": 2 if final else 1,
        }  # fmt: skip
        return self.signed(said)

    def signed(self, said: dict[str, Any]) -> IncomingMessage:
        return IncomingMessage(body=signed(said, self.wallet.dialect))

    def signed_nonsense(self) -> IncomingMessage:
        return self.signed({"good": "morning"})

    def pay(self, minor: int) -> None:
        for trade in list(self.wallet.books.trades.values()):
            self.wallet.pay(trade, Deed.LOSE)

    def refunded(self) -> int:
        return 0

    def fall_silent(self) -> None:
        self.wallet.mood.is_silent = True


def signed(said: dict[str, Any], dialect: str = "epusdt") -> bytes:
    numbers = {k: Decimal(str(v)) if not isinstance(v, str) else v for k, v in said.items()}
    content = content_of(numbers, is_go_v=dialect == "bepusdt")
    return json.dumps({**said, "signature": signature_of(content, TOKEN)}).encode()


def epusdt(url: str) -> Epusdt:
    return Epusdt(Surroundings("https://shop.test", Outbound(Guard.build(own_urls=[url]))))


class TestEpusdt(PaymentContract):
    @pytest.fixture
    def company(self, wallet) -> EpusdtCompany:
        return EpusdtCompany(epusdt(wallet.url), info_of(account(KEYS, wallet.url)), wallet)


class TestBEpusdt(PaymentContract):
    @pytest.fixture
    def company(self, wallet) -> EpusdtCompany:
        wallet.dialect = "bepusdt"
        needed = account({**KEYS, "dialect": "bepusdt"}, wallet.url)
        return EpusdtCompany(epusdt(wallet.url), info_of(needed), wallet)

    def test_what_is_closed_takes_no_coins(self, company):
        ref = made(company)
        company.provider.close(company.account, ref, utc_now())

        company.pay(MINOR)

        assert company.provider.query(company.account, ref, utc_now()).state is QueryState.FAILED

    @pytest.mark.parametrize("status", [1, 3, 4])
    def test_P2_news_that_are_not_paid_are_not_kept(self, company, status):
        said = json.loads(company.message().body)
        del said["signature"]

        heard = self.read(company, company.signed({**said, "status": status}))

        assert isinstance(heard, Ignored)

    def test_from_a_million_on_numbers_have_an_exponent(self, company):
        notice = self.read(company, company.message(minor=123456789))

        assert notice.amount == Money(123456789)


class TestSignatures:
    @pytest.mark.parametrize("name", ["epusdt_create", "epusdt_notify"])
    def test_is_made_as_the_vectors_say(self, name):
        known = vector(name)
        numbers = {
            k: v if isinstance(v, str) else Decimal(str(v)) for k, v in known["params"].items()
        }

        assert signature_of(content_of(numbers), known["token"]) == known["signature"]

    def test_the_known_message_is_believed_with_its_signature(self):
        known = vector("epusdt_notify")
        body = json.dumps({**known["params"], "signature": known["signature"]}).encode()

        notice = epusdt("http://h").read_notice(
            info_of(account(KEYS, "http://h")), IncomingMessage(body=body), utc_now()
        )

        assert isinstance(notice, VerifiedNotice)
        assert (notice.amount, notice.payment_number) == (Money(10000), "2022123321312321321")

    @pytest.mark.parametrize(
        ("number", "plain", "v"),
        [
            ("42.0", "42", "42"), ("1.10", "1.1", "1.1"), ("100", "100", "100"), ("0", "0", "0"),
            ("999999.99", "999999.99", "999999.99"), ("1000000", "1000000", "1e+06"),
            ("1234567.5", "1234567.5", "1.2345675e+06"), ("0.0001", "0.0001", "0.0001"),
            ("0.00001", "0.00001", "1e-05"),
        ],
    )  # fmt: skip
    def test_numbers_are_written_as_go_does(self, number, plain, v):
        said = {"a": Decimal(number)}

        assert content_of(said) == f"a={plain}"
        assert content_of(said, is_go_v=True) == f"a={v}"
        assert (go_f(float(number)), go_v(float(number))) == (plain, v)

    @given(st.integers(1, 10**13))
    def test_both_sides_write_every_price_alike(self, fen):
        said = {"a": Decimal(fen) / 100}

        assert content_of(said) == "a=" + go_f(fen / 100)
        assert content_of(said, is_go_v=True) == "a=" + go_v(fen / 100)

    def test_L9_an_empty_token_signs_nothing(self):
        filled = replace(info_of(account(KEYS, "http://h")), secrets={"token": ("", "")})
        said = {"trade_id": "t1", "order_id": "Pay1", "status": 1}
        content = content_of({**said, "status": Decimal(1)})
        body = json.dumps({**said, "signature": signature_of(content, "")}).encode()

        with pytest.raises(BadSignature):
            epusdt("http://h").read_notice(filled, IncomingMessage(body=body), utc_now())

    @pytest.mark.parametrize("value", [True, [1], {"a": 1}])
    def test_nobody_signs_what_is_neither_text_nor_number(self, value):
        with pytest.raises(BadSignature):
            content_of({"a": value})


class TestNotices:
    def read(self, **changes: Any) -> Any:
        said = {
            "trade_id": "t1", "order_id": "Pay1-ab12", "amount": 19.99, "actual_amount": 2.8,
            "token": "T1", "block_transaction_id": "b1", "status": 2, **changes,
        }  # fmt: skip
        message = IncomingMessage(body=signed(said))
        return epusdt("http://h").read_notice(
            info_of(account(KEYS, "http://h")), message, utc_now()
        )

    def test_our_number_stands_before_theirs(self):
        assert self.read().payment_number == "Pay1"

    def test_amounts_may_be_text(self):
        assert self.read(amount="19.990", actual_amount="2.8036").amount == Money(1999)

    @pytest.mark.parametrize(
        "changes",
        [
            {"amount": 0}, {"amount": -19.99}, {"amount": 19.999}, {"amount": ""},
            {"actual_amount": 0}, {"actual_amount": "0.0000"}, {"actual_amount": "much"},
            {"trade_id": ""}, {"order_id": ""}, {"order_id": "-ab12"}, {"trade_id": "x" * 65},
        ],
    )  # fmt: skip
    def test_L9_what_is_signed_but_is_no_payment(self, changes):
        with pytest.raises(BadNotice):
            self.read(**changes)


class TestFilledIn:
    @pytest.mark.parametrize("token", ["", "short", "x" * 129, "x" * 16 + " "])
    def test_L9_a_token_is_worth_something(self, token):
        options = account(KEYS, "https://u.test")["options"]

        with pytest.raises(BadSecrets):
            epusdt("http://h").check_secrets({"token": (token,)}, options)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"gateway": "http://u.test"}, "gateway"),
            ({"dialect": "klingon"}, "dialect"),
            ({"trade_type": "USDT"}, "trade_type"),
        ],
    )
    def test_options_are_of_their_form(self, changes, field):
        options = {**account(KEYS, "https://u.test")["options"], **changes}

        with pytest.raises(BadSecrets) as refused:
            epusdt("http://h").check_secrets({"token": (TOKEN,)}, options)

        assert refused.value.detail == {"field": field}


class TestCalls:
    def test_P1_the_buyer_gets_all_that_a_wallet_needs(self, wallet):
        asked = PaymentAsked(NUMBER, Money(1999), back_url="https://shop.test/pay")

        made = epusdt(wallet.url).create(info_of(account(KEYS, wallet.url)), asked)

        (trade,) = wallet.books.trades.values()
        assert made.pay_url == f"{wallet.url}/pay/checkout-counter/{trade.trade_id}"
        assert made.facts == {
            "address": made.qr_content, "amount": "2.8036", "network": "USDT · TRC20",
        }  # fmt: skip
        assert trade.redirect_url == "https://shop.test/pay"

    def test_two_orders_never_want_the_same_coins(self, wallet):
        info = info_of(account(KEYS, wallet.url))
        for number in ("Pay1", "Pay2"):
            epusdt(wallet.url).create(info, PaymentAsked(number, Money(1999)))

        assert len({trade.coins for trade in wallet.books.trades.values()}) == 2

    @pytest.mark.parametrize("dialect", ["epusdt", "bepusdt"])
    def test_P1_a_wrong_token_is_told_by_the_probe(self, wallet, dialect):
        wallet.dialect = dialect
        info = info_of(account({**KEYS, "dialect": dialect}, wallet.url))
        epusdt(wallet.url).probe(info, utc_now())
        wallet.token = "another_token_entirely"

        with pytest.raises(AccountRefused) as refused:
            epusdt(wallet.url).probe(info, utc_now())
        with pytest.raises(AccountRefused):
            epusdt(wallet.url).create(info, PaymentAsked("Pay1", Money(1999)))

        assert "签名" in str(refused.value.detail["why"])
        assert wallet.books.trades == {}

    def test_what_has_expired_has_failed(self, wallet):
        info = info_of(account(KEYS, wallet.url))
        made = epusdt(wallet.url).create(info, PaymentAsked("Pay1", Money(1999)))
        wallet.books.trades[made.provider_ref].status = EXPIRED
        ref = PaymentRef("Pay1", Money(1999), made.provider_ref)

        said = epusdt(wallet.url).query(info, ref, utc_now())

        assert said.state is QueryState.FAILED

    @pytest.mark.parametrize("ref", ["", "../../api", "nobody"])
    def test_a_trade_that_was_not_made_is_unknown(self, wallet, ref):
        info = info_of(account(KEYS, wallet.url))

        said = epusdt(wallet.url).query(info, PaymentRef("Pay1", Money(1), ref), utc_now())

        assert said.state is QueryState.UNKNOWN

    def test_L9_an_answer_about_another_trade_is_none(self):
        class Liar(Company):
            def visit(self, asked: Asked) -> Said | None:
                return None

            def answer(self, asked: Asked) -> Said:
                return Said(b'{"trade_id": "other", "status": 2}')

        with Liar() as liar, pytest.raises(ProviderSilent):
            epusdt(liar.url).query(
                info_of(account(KEYS, liar.url)), PaymentRef("Pay1", Money(1), "t1"), utc_now()
            )

    def test_the_token_travels_in_no_call(self, wallet):
        info = info_of(account(KEYS, wallet.url))
        made = epusdt(wallet.url).create(info, PaymentAsked("Pay1", Money(1999)))
        epusdt(wallet.url).query(
            info, PaymentRef("Pay1", Money(1999), made.provider_ref), utc_now()
        )
        epusdt(wallet.url).probe(info, utc_now())

        assert not any(TOKEN in repr(call) for call in wallet.calls)
        assert TOKEN not in repr(replace(info, uid="acc_y"))
