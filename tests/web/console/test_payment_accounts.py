"""P1, L9: accounts at the desk, whatever company: the form is made of what the company says."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from kacang.payments import operations, queries
from kacang.payments.account_models import CallKind
from kacang.payments.accounts.details import account_details
from kacang.payments.adapters.sandbox import Sandbox
from kacang.payments.companies import registry
from kacang.payments.companies.calls import recorded
from kacang.payments.ports import AccountField, AccountRefused, ProviderSilent, Surroundings
from kacang.shared.outbound import Guard, Outbound
from tests import make
from tests.outside import company as mypay
from tests.outside.kacang_mypay import SECRET, MyPay
from tests.web.console.conftest import work_as

KEY = "0123456789abcdef" * 2
NEW = "/console/payments/accounts/new/"
PEM = "-----BEGIN KEY-----\nabc\ndef\n-----END KEY-----"


class LongPay(MyPay):
    """A company with long fields, choices, and things that may be left out."""

    name = "longpay"
    fields = (
        *MyPay.fields,
        AccountField("pem", "Private key", "私钥", is_secret=True, is_long=True, is_required=False),
        AccountField("mode", "Mode", "模式", choices=("no", "yes"), default="no"),
        AccountField("note", "Note", "备注", is_required=False, hint_zh="在商户后台", hint="There"),
    )

    def probe(self, account, now):
        raise AccountRefused(why="appid <b>不存在</b>")


@pytest.fixture(autouse=True)
def companies(monkeypatch):
    books = mypay.Books(KEY, datetime.now(UTC))
    with mypay.running(books) as url:
        http = Outbound(Guard.build(own_urls=[url]), seconds=3)
        around = Surroundings(public_url="https://shop.example", http=http)
        built: list[Any] = [Sandbox(around), MyPay(around), LongPay(around)]
        monkeypatch.setattr(registry, "providers", lambda: {made.name: made for made in built})
        queries.forget_accounts()
        yield url, books


def open_one(owner, company="mypay", **fields) -> str:
    data = {"company": company, "name": "支付", "c_url": "https://pay.example",
            f"c_{SECRET}": KEY, **fields}  # fmt: skip
    answer = owner.post(NEW, data)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"]).rstrip("/").rpartition("/")[2]


def form_of(**fields) -> dict[str, object]:
    return {
        "name": "支付",
        "weight": "100",
        "position": "0",
        "c_url": "https://pay.example",
        **fields,
    }


class TestNew:
    def test_P1_asks_what_the_company_asks_in_the_readers_language(self, owner, work):
        page = owner.get(f"{NEW}?company=longpay").content.decode()
        chinese = work("owner", "zh-hans").get(f"{NEW}?company=longpay").content.decode()

        assert all(
            word in page for word in ("Gateway", "Merchant key", "Private key", "Mode", "There")
        )
        assert all(word in chinese for word in ("网关地址", "商户密钥", "私钥", "在商户后台"))

    def test_P1_keeps_secrets_apart_from_options(self, owner, merchant):
        uid = open_one(owner, "longpay", c_pem=PEM, c_note="")

        account = queries.account_of_uid(uid)
        assert account.options == {"url": "https://pay.example", "mode": "no"}
        assert account.secrets[SECRET] == (KEY,)
        assert account.secrets["pem"][0].splitlines() == PEM.splitlines()
        assert not account.enabled

    def test_L9_what_is_required_must_be_there(self, owner, merchant):
        answer = owner.post(NEW, {"company": "mypay", "name": "x", "c_url": ""})

        assert answer.status_code == 422
        assert queries.accounts(merchant_id=merchant) == []

    def test_L9_a_secret_that_is_none_is_refused_and_opens_nothing(self, owner, merchant):
        answer = owner.post(
            NEW, {"company": "mypay", "name": "x", "c_url": "u", f"c_{SECRET}": "1"}
        )

        assert answer.status_code == 422
        assert queries.accounts(merchant_id=merchant) == []

    def test_of_a_company_that_is_not_there(self, owner):
        assert owner.get(f"{NEW}?company=nobody").status_code == 404
        assert owner.post(NEW, {"company": "nobody", "name": "x"}).status_code == 404


class TestChange:
    def test_P1_keeps_limits_fees_networks_and_products(self, owner, merchant):
        uid, made = open_one(owner), make.sku(merchant)

        answer = owner.post(
            f"/console/payments/accounts/{uid}/",
            form_of(
                weight="7", amount_min="1.50", amount_max="20", day_max="1000", fee_percent="0.38",
                fee_fixed="0.10", networks="10.0.0.1\r\n192.0.2.0/24\r\n",
                products=[made.sku.product.uid],
            ),
        )  # fmt: skip

        assert answer.status_code == 302
        details = account_details(merchant_id=merchant, uid=uid)
        limits = details.row.limits
        assert (limits.weight, limits.amount_min_minor, limits.amount_max_minor) == (7, 150, 2000)
        assert limits.day_max_minor == 100_000
        assert limits.products == {made.sku.product.uid}
        assert (details.fee_bp, details.fee_fixed_minor) == (38, 10)
        assert details.networks == ("10.0.0.1/32", "192.0.2.0/24")
        assert queries.account_of_uid(uid).secrets[SECRET] == (KEY,)

    def test_L9_no_page_shows_a_secret_that_is_kept(self, owner):
        uid = open_one(owner, "longpay", c_pem=PEM)

        page = owner.get(f"/console/payments/accounts/{uid}/")

        assert KEY not in page.content.decode()
        assert "BEGIN KEY" not in page.content.decode()
        assert "no-store" in page["Cache-Control"]

    def test_a_new_secret_stands_beside_the_old_until_the_change_ends(self, owner):
        uid, new = open_one(owner), "f" * 32

        owner.post(f"/console/payments/accounts/{uid}/", form_of(**{f"c_{SECRET}": new}))
        both = queries.account_of_uid(uid).secrets[SECRET]
        owner.post(f"/console/payments/accounts/{uid}/settle/")

        assert both == (new, KEY)
        assert queries.account_of_uid(uid).secrets[SECRET] == (new,)

    @pytest.mark.parametrize(
        "wrong",
        [{"weight": "0"}, {"amount_min": "x"}, {"amount_min": "3", "amount_max": "2"},
         {"networks": "nowhere"}, {"fee_percent": "101"}, {"products": ["prd_nobody"]},
         {"name": ""}],
    )  # fmt: skip
    def test_what_makes_no_sense_changes_nothing(self, owner, merchant, wrong):
        uid = open_one(owner)
        before = account_details(merchant_id=merchant, uid=uid)

        answer = owner.post(f"/console/payments/accounts/{uid}/", form_of(**wrong))

        assert answer.status_code == 422
        after = account_details(merchant_id=merchant, uid=uid)
        assert replace(after, history=()) == replace(before, history=())


class TestTrial:
    def test_P1_says_that_the_company_answers_and_how_fast(self, owner, companies):
        uid = open_one(owner, c_url=companies[0])

        page = owner.post(f"/console/payments/accounts/{uid}/probe/", follow=True).content.decode()

        assert "The company answers" in page
        assert " ms" in page

    def test_P1_shows_the_companys_words_as_text(self, owner):
        uid = open_one(owner, "longpay")

        page = owner.post(f"/console/payments/accounts/{uid}/probe/", follow=True).content.decode()

        assert "The last trial failed." in page
        assert "appid &lt;b&gt;不存在&lt;/b&gt;" in page

    def test_P1_a_failed_trial_warns_but_does_not_forbid(self, owner):
        uid = open_one(owner, "longpay")
        owner.post(f"/console/payments/accounts/{uid}/probe/")

        owner.post(f"/console/payments/accounts/{uid}/switch/", {"to": "on"})

        assert queries.account_of_uid(uid).enabled


class TestHealth:
    def test_P5_both_pages_say_how_it_does_and_what_happened(self, owner, merchant):
        uid = open_one(owner)
        owner.post(f"/console/payments/accounts/{uid}/switch/", {"to": "on"})
        account = queries.account_of_uid(uid)
        for _ in range(6):
            with suppress(ProviderSilent), recorded(account, CallKind.CREATE):
                raise ProviderSilent

        operations.look_after(merchant_id=merchant)

        page = owner.get(f"/console/payments/accounts/{uid}/").content.decode()
        assert "6 / 6" in page
        assert "6 of 6 calls failed" in page
        assert "Fails, others are taken" in page
        assert (
            "Fails, others are taken" in owner.get("/console/payments/accounts/").content.decode()
        )


class TestSecrets:
    def test_are_shown_for_a_reason_only(self, owner):
        uid = open_one(owner)
        path = f"/console/payments/accounts/{uid}/reveal/"

        without = owner.post(path, {"reason": " "}, follow=True).content.decode()
        shown = owner.post(path, {"reason": "对账"}).content.decode()

        assert KEY not in without
        assert KEY in shown
        assert KEY not in owner.get(f"/console/payments/accounts/{uid}/").content.decode()

    def test_a_stranger_finds_nothing(self, owner, other_merchant):
        uid = open_one(owner)
        stranger = work_as(other_merchant)

        assert stranger.get(f"/console/payments/accounts/{uid}/").status_code == 404
        for act in ("", "probe/", "reveal/", "settle/"):
            path = f"/console/payments/accounts/{uid}/{act}"
            assert stranger.post(path, form_of(reason="x")).status_code == 404, act

    def test_who_may_only_look_changes_nothing(self, owner, merchant):
        uid = open_one(owner)
        looker = work_as(merchant, role="finance")

        codes = [
            looker.post(f"/console/payments/accounts/{uid}/{act}", form_of(reason="x")).status_code
            for act in ("", "probe/", "reveal/", "settle/", "switch/", "rotate/")
        ]

        assert looker.get(f"/console/payments/accounts/{uid}/").status_code == 200
        assert codes == [403] * 6
        assert looker.get(NEW).status_code == 403
