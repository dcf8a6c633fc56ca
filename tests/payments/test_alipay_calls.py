"""P4, F2, L9: what Alipay is asked, what it answers, and the keys that both sides need."""

import io
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest

from kacang.payments.adapters.alipay import gateway, keys
from kacang.payments.ports import (
    AccountRefused,
    BadNotice,
    BadSecrets,
    PaymentRef,
    ProviderSilent,
    QueryState,
    RefundAsked,
    RefundRefused,
    RefundState,
    RowKind,
)
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from simulators.payments.alipay import AlipayCompany
from simulators.payments.company import Asked, BillFault, Deed, RefundWay, Said
from tests.payments import alipay
from tests.payments.contract import MINOR, NUMBER, made


@pytest.fixture
def company():
    with alipay.played() as running:
        yield running


class TestAnswers:
    def test_members_keep_their_text(self):
        text = '{ "a_response" : {"x":"\\/ \\u6d4b","n":[1, {"y":"}"}]} , "sign":"s" }'

        found = gateway.members(text)

        assert found["a_response"][1] == '{"x":"\\/ \\u6d4b","n":[1, {"y":"}"}]}'
        assert found["sign"] == ("s", '"s"')

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", '{"a":1,}', '{"a":1}x', '{"a":1,"a":2}', '{"a" 1}', "{1:2}"]
    )
    def test_or_are_none(self, text):
        with pytest.raises(ValueError, match=r"."):
            gateway.members(text)

    def test_an_answer_that_another_key_signed_is_none(self, company):
        ref = made(company)
        wrong = {**company.account.secrets, keys.PUBLIC_KEY: (alipay.keys()["app_public_key"],)}

        with pytest.raises(ProviderSilent):
            company.provider.query(replace(company.account, secrets=wrong), ref, utc_now())

    def test_an_answer_about_another_trade_is_none(self, company):
        ref = made(company)
        company.pay(MINOR)
        others = company.alipay.trades[NUMBER]
        company.alipay.trades[NUMBER] = replace(others, out_trade_no="Other1")

        with pytest.raises(ProviderSilent):
            company.provider.query(company.account, ref, utc_now())

    def test_what_is_not_signed_has_said_nothing(self):
        class Bare(AlipayCompany):
            def answer(self, asked: Asked) -> Said:
                said = super().answer(asked)
                return replace(said, body=said.body.partition(b',"sign"')[0] + b"}")

        with Bare(alipay.keys()) as bare:
            bare.open({"out_trade_no": NUMBER, "total_amount": "19.99"}, {})
            bare.act(NUMBER, Deed.LOSE)
            adapter = alipay.adapter_for(bare)
            ref = PaymentRef(NUMBER, Money(MINOR))
            with pytest.raises(ProviderSilent):
                adapter.query(alipay.info(bare), ref, utc_now())

    def test_P1_a_probe_tells_a_wrong_key_or_application(self, company):
        wrong_key = {
            **company.account.secrets,
            keys.PRIVATE_KEY: (alipay.keys()["alipay_private_key"],),
        }
        other_app = {**company.account.options, "app_id": "2021000000000009"}

        for account in (
            replace(company.account, secrets=wrong_key),
            replace(company.account, options=other_app),
        ):
            with pytest.raises(AccountRefused) as told:
                company.provider.probe(account, utc_now())
            assert "isv.invalid" in str(told.value)
            assert "PRIVATE" not in repr(told.value)

    def test_a_wrong_clock_is_told(self, company):
        with pytest.raises(AccountRefused) as told:
            company.provider.probe(company.account, utc_now() - timedelta(hours=8))
        assert "isv.invalid-timestamp" in str(told.value)

    def test_500_is_silence(self, company):
        company.alipay.mood.broken = 1

        with pytest.raises(ProviderSilent):
            company.provider.probe(company.account, utc_now())
        company.provider.probe(company.account, utc_now())

    def test_a_closed_trade_has_failed(self, company):
        ref = made(company)
        company.alipay.open({"out_trade_no": NUMBER, "total_amount": "19.99"}, {})

        assert company.provider.query(company.account, ref, utc_now()).state is QueryState.PENDING
        company.provider.close(company.account, ref, utc_now())
        assert company.provider.query(company.account, ref, utc_now()).state is QueryState.FAILED

    def test_another_currency_is_another_amount(self, company):
        ref = made(company)
        company.alipay.open({"out_trade_no": NUMBER, "total_amount": "19.99"}, {})
        company.alipay.act(NUMBER, Deed.CURRENCY)

        notice = company.provider.query(company.account, ref, utc_now()).notice

        assert notice.amount == Money(MINOR, "USD")


class TestRefunds:
    def asked(self, company, minor: int = 500, number: str = "Ref1") -> RefundAsked:
        ref = made(company)
        company.pay(MINOR)
        return RefundAsked(number, ref, "T", Money(minor), reason="卡密/无效=")

    def test_P4_a_lost_answer_is_found_again(self, company):
        asked = self.asked(company)
        company.alipay.mood.mute = 1

        with pytest.raises(ProviderSilent):
            company.provider.refund(company.account, asked, utc_now())
        again = company.provider.refund(company.account, asked, utc_now())

        assert again.state is RefundState.DONE
        assert company.refunded() == 500

    @pytest.mark.parametrize(
        ("way", "state"),
        [(RefundWay.PENDING, RefundState.DONE), (RefundWay.FAILS_LATER, RefundState.FAILED)],
    )
    def test_P4_what_is_pending_ends_one_way_or_the_other(self, company, way, state):
        asked = self.asked(company)
        company.alipay.mood.refunds = way

        first = company.provider.refund(company.account, asked, utc_now())
        company.alipay.finish_refunds()
        last = company.provider.query_refund(company.account, asked, utc_now())

        assert (first.state, last.state) == (RefundState.PENDING, state)
        assert (first.provider_ref, last.provider_ref) == ("Ref1", "Ref1")

    def test_P4_one_that_it_never_heard_of(self, company):
        asked = self.asked(company)

        known = company.provider.query_refund(company.account, asked, utc_now())

        assert known.state is RefundState.UNKNOWN

    def test_P4_a_refusal_comes_in_its_words(self, company):
        with pytest.raises(RefundRefused) as told:
            company.provider.refund(company.account, self.asked(company, 2000), utc_now())

        assert "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL" in str(told.value)
        assert company.refunded() == 0

    def test_P4_trouble_there_is_not_a_refusal(self, company):
        asked = self.asked(company)
        company.alipay.mood.broken = 1

        with pytest.raises(ProviderSilent):
            company.provider.refund(company.account, asked, utc_now())
        assert company.refunded() == 0


class TestBill:
    def rows(self, company):
        bill = io.BytesIO()
        day = utc_now().astimezone(gateway.ZONE).date()
        company.provider.fetch_bill(company.account, day, bill, utc_now() + timedelta(days=1))
        return list(company.provider.read_bill(company.account, bill)), bill

    @pytest.fixture
    def booked(self, company):
        ref = made(company)
        company.pay(MINOR)
        company.provider.refund(
            company.account, RefundAsked("Ref1", ref, "T", Money(500)), utc_now()
        )
        return company

    def test_F2_has_payments_and_refunds(self, booked):
        (paid, back), _ = self.rows(booked)

        assert (paid.kind, paid.amount, paid.fee) == (RowKind.PAYMENT, Money(MINOR), Money(11))
        assert (back.kind, back.amount, back.fee) == (RowKind.REFUND, Money(500), Money(0))
        assert (back.payment_number, back.refund_number) == (NUMBER, "Ref1")
        # What a refund's own answer names it by: bills and books are matched by that.
        assert back.provider_number == "Ref1"
        assert abs(paid.at - utc_now()) < timedelta(minutes=1)
        assert (paid.line, back.line) == (6, 7)

    def test_F2_faults_come_through(self, booked):
        booked.alipay.mood.bill = frozenset({BillFault.EXTRA, BillFault.CHANGED})

        rows, _ = self.rows(booked)

        assert [row.amount.minor for row in rows] == [MINOR + 1, 500, 777]
        booked.alipay.mood.bill = frozenset({BillFault.MISSING})
        assert [row.kind for row in self.rows(booked)[0]] == [RowKind.REFUND]

    def test_F2_of_another_seller_it_is_refused(self, booked):
        _, bill = self.rows(booked)
        other = {**booked.account.options, "seller_id": "2088621900000009"}

        with pytest.raises(BadNotice):
            list(booked.provider.read_bill(replace(booked.account, options=other), bill))

    def test_F2_cut_off_it_is_refused(self, booked):
        _, bill = self.rows(booked)
        whole = _unpacked(bill)
        for text in (
            whole[: whole.rindex("#----")],
            whole.replace("列表结束", "列表"),
            whole.replace("#退款合计：1笔", "#退款合计：2笔"),
            whole.replace("交易号", "交易"),
            whole.replace("19.99", "many"),
            "x" * 100_000,
        ):
            with pytest.raises(BadNotice):
                list(booked.provider.read_bill(booked.account, _packed(text)))
        for broken in (bill.getvalue()[:-30], b"", bill.getvalue()[:200] + bill.getvalue()[260:]):
            with pytest.raises(BadNotice):
                list(booked.provider.read_bill(booked.account, io.BytesIO(broken)))


class TestSecrets:
    def check(self, company, *, drop: str = "", options=None, **secrets: str) -> None:
        given = {name: values for name, values in company.account.secrets.items() if name != drop}
        given |= {name: (value,) for name, value in secrets.items()}
        company.provider.check_secrets(given, {**company.account.options, **(options or {})})

    def test_keys_may_be_bare(self, company):
        known = alipay.keys()
        bare = {
            name: "".join(known[name].splitlines()[1:-1])
            for name in (keys.PRIVATE_KEY, keys.PUBLIC_KEY)
        }

        self.check(company, **bare)
        account = replace(company.account, secrets={n: (v,) for n, v in bare.items()})
        company.provider.probe(account, utc_now())
        assert company.provider.read_notice(account, company.message(), utc_now()).is_final

    @pytest.mark.parametrize("name", [keys.PRIVATE_KEY, keys.PUBLIC_KEY])
    @pytest.mark.parametrize("value", ["", "x", "-----BEGIN PUBLIC KEY-----", "AAAA", "私钥"])
    def test_L9_what_is_no_key_is_refused(self, company, name, value):
        with pytest.raises(BadSecrets) as told:
            self.check(company, **{name: value})
        assert told.value.detail == {"field": name}

    def test_L9_the_own_public_key_in_the_place_of_alipays(self, company):
        with pytest.raises(BadSecrets):
            self.check(company, alipay_public_key=alipay.keys()["app_public_key"])

    @pytest.mark.parametrize(
        "options",
        [{"app_id": "1"}, {"seller_id": ""}, {"mode": "none"}, {"gateway": "ftp://x"}],
    )
    def test_L9_nor_options_that_mean_nothing(self, company, options):
        with pytest.raises(BadSecrets):
            self.check(company, options=options)

    def test_L9_certificates_must_belong_together(self):
        known = alipay.keys()
        with alipay.played("certificates") as company:
            self.check(company)
            for wrong in (
                {"app_cert": known["alipay_cert"]},
                {"alipay_cert": known["app_cert"]},
                {"alipay_root_cert": "x"},
                {"app_private_key": known["alipay_private_key"]},
            ):
                with pytest.raises(BadSecrets):
                    self.check(company, **wrong)
            for name in ("app_cert", "alipay_cert", "alipay_root_cert"):
                with pytest.raises(BadSecrets):
                    self.check(company, drop=name)


def _unpacked(bill: io.BytesIO) -> str:
    with zipfile.ZipFile(bill) as files:
        return files.read(files.namelist()[0]).decode("gb18030")


def _packed(text: str) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as files:
        files.writestr("bill.csv", text.encode("gb18030"))
    return made
