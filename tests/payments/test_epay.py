"""易支付: signatures, what is filled in, and what gateways answer (P1, P2, L9)."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from kacang.payments.adapters.epay import Epay
from kacang.payments.adapters.epay.reading import money_of, name_of
from kacang.payments.adapters.epay.signing import (
    content_of,
    is_md5_of,
    is_rsa_of,
    md5_of,
    public,
    rsa_of,
)
from kacang.payments.ports import (
    AccountInfo,
    AccountRefused,
    BadNotice,
    BadSecrets,
    BadSignature,
    Device,
    IncomingMessage,
    PaymentAsked,
    PaymentRef,
    ProviderSilent,
    QueryState,
    Surroundings,
)
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from kacang.shared.outbound import Guard, Outbound
from simulators.payments.company import Asked, Company, Said
from simulators.payments.epay import new_keys
from simulators.payments.epay.signing import new_pair
from tests.payments.vectors import public_key, vector

KEY = "KeyKeyKeyKeyKeyKeyKeyKeyKeyKey32"
ASKED = PaymentAsked("Pay1234567", Money(1999), title="视频会员 年卡 × 1", back_url="https://s/p")


class Fork(Company):
    """A gateway that always says the same."""

    says: Any = None

    def visit(self, asked: Asked) -> Said | None:
        return None

    def answer(self, asked: Asked) -> Said:
        raw = self.says if isinstance(self.says, bytes) else json.dumps(self.says).encode()
        return Said(raw)


@pytest.fixture
def fork() -> Iterator[Fork]:
    with Fork() as running:
        yield running


def epay(*own: str, networks: tuple[str, ...] = ()) -> Epay:
    http = Outbound(Guard.build(own_urls=own, networks=networks), seconds=3)
    return Epay(Surroundings("https://shop.test", http))


def info(url: str = "https://pay.test", key: str = KEY, **options: str) -> AccountInfo:
    return AccountInfo(
        id=1, merchant_id=1, uid="acc_x", provider="epay", enabled=True, currency="CNY",
        secrets={"key": (key,)}, options={"gateway": url, "pid": "1001", **options},
    )  # fmt: skip


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def with_wrong_numbers() -> str:
    """A key that can be read and is none: halves of two that do not belong together."""
    one, other = (rsa.generate_private_key(65537, 2048).private_numbers() for _ in range(2))
    mixed = rsa.RSAPrivateNumbers(
        one.p, one.q, other.d, other.dmp1, other.dmq1, one.iqmp, one.public_numbers
    )
    key = mixed.private_key(unsafe_skip_rsa_key_validation=True)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


ANYWHERE = epay()


class TestSignatures:
    @pytest.mark.parametrize("name", ["epay_v1_submit", "epay_v1_notify"])
    def test_V1_is_made_as_the_vectors_say(self, name):
        known = vector(name)

        assert content_of(known["params"]) == known["string"]
        assert md5_of(known["string"], known["key"]) == known["sign"]
        assert is_md5_of(known["string"], [known["key"]], known["sign"].upper())

    def test_V2_is_checked_as_the_vector_says(self):
        known = vector("epay_v2_create")
        keys = [public_key("merchant"), public_key("platform")]

        assert content_of(known["params"]) == known["string"]
        assert is_rsa_of(known["string"], keys, known["sign"])
        assert not is_rsa_of(known["string"] + "0", keys, known["sign"])
        assert not is_rsa_of(known["string"], [], known["sign"])

    def test_keys_are_taken_as_the_website_shows_them(self):
        private_pem, public_pem = new_pair()
        bare = "".join(line for line in private_pem.splitlines() if "-" not in line)
        shown = "".join(line for line in public_pem.splitlines() if "-" not in line)

        assert is_rsa_of("a=1", [shown], rsa_of("a=1", bare))
        assert public(shown).key_size == 2048

    def test_L9_an_empty_key_signs_nothing(self):
        assert not is_md5_of("a=1", ["", ""], md5_of("a=1", ""))

    def test_nought_is_something_and_blank_is_nothing(self):
        assert content_of({"b": "0", "a": "", "sign": "x", "sign_type": "MD5"}) == "b=0"

    @given(st.dictionaries(st.text("abcz_", min_size=1), st.text(max_size=8), max_size=6))
    def test_the_order_of_fields_means_nothing(self, fields):
        turned = dict(reversed(fields.items()))

        assert content_of(fields) == content_of(turned)


class TestFilledIn:
    def test_a_place_without_tls_must_be_the_operators(self):
        named = {"key": (KEY,)}
        for url in ("http://pay.test", "ftp://pay.test", "https://", "https://a@b.test",
                    "https://pay.test/?a=1", "https://pay.test#a", "", "https://x" + "x" * 200,
                    "http://10.0.0.7", "https://[::1"):  # fmt: skip
            with pytest.raises(BadSecrets) as refused:
                epay().check_secrets(named, info(url).options)
            assert refused.value.detail == {"field": "gateway"}

        inside = epay("http://127.0.0.1:81", networks=("10.0.0.0/8",))
        for url in ("http://127.0.0.1:81/", "http://10.0.0.7:8000/pay/", "http://epay:8000"):
            inside.check_secrets(named, info(url).options)
        for url in ("http://127.0.0.1:82", "http://11.0.0.7", "http://pay.test"):
            with pytest.raises(BadSecrets):
                inside.check_secrets(named, info(url).options)

    @pytest.mark.parametrize(
        ("options", "field"),
        [
            ({"pid": ""}, "pid"),
            ({"pid": "10 01"}, "pid"),
            ({"version": "v3"}, "version"),
            ({"type": "gold"}, "type"),
            ({"way": "pigeon"}, "way"),
            ({"way": "api"}, "type"),  # nobody can choose inside the shop
            ({"version": "v2", "type": "cashier"}, "type"),
            ({"letters": "many"}, "letters"),
        ],
    )
    def test_options_are_of_their_choices(self, options, field):
        with pytest.raises(BadSecrets) as refused:
            epay().check_secrets({"key": (KEY,)}, info(**options).options)

        assert refused.value.detail == {"field": field}

    @pytest.mark.parametrize("key", ["", "short", "x" * 15, "x" * 129, "x" * 16 + " ", "钥" * 20])
    def test_L9_a_key_is_worth_something(self, key):
        with pytest.raises(BadSecrets):
            epay().check_secrets({"key": (key,)}, info().options)

    def test_L9_V2_wants_both_halves_of_the_right_kind(self):
        keys = new_keys()
        both = {
            "private_key": (keys["merchant_private"],),
            "platform_key": (keys["platform_public"],),
        }
        options = info(version="v2", type="alipay").options
        epay().check_secrets(both, options)

        for wrong in (
            {"private_key": both["private_key"]},
            {"platform_key": both["platform_key"]},
            {**both, "platform_key": both["private_key"]},
            {**both, "private_key": ("MIIB",)},
            {**both, "private_key": (with_wrong_numbers(),)},
            {"key": (KEY,)},
        ):
            with pytest.raises(BadSecrets):
                epay().check_secrets(wrong, options)

    @pytest.mark.parametrize(
        ("type_", "out"),
        [("alipay", Device.WECHAT), ("wxpay", Device.ALIPAY), ("cashier", None)],
    )
    def test_P1_one_companys_page_does_not_open_in_the_others_browser(self, type_, out):
        fitting = {each for each in Device if epay().fits(info(type=type_), each)}

        assert fitting == set(Device) - {out}


class TestPage:
    def test_the_address_says_all_and_no_secret(self):
        said = query_of(epay().create(info(), ASKED).pay_url)

        assert said == {
            "pid": "1001", "out_trade_no": "Pay1234567", "money": "19.99",
            "name": "视频会员 年卡 × 1", "return_url": "https://s/p",
            "notify_url": "https://shop.test/callbacks/payments/epay/acc_x",
            "sign": md5_of(content_of(said), KEY), "sign_type": "MD5",
        }  # fmt: skip

    def test_forks_that_sign_otherwise(self):
        upper = query_of(epay().create(info(letters="upper"), ASKED).pay_url)
        encoded = query_of(epay().create(info(signed_values="encoded"), ASKED).pay_url)

        plain = query_of(epay().create(info(), ASKED).pay_url)["sign"]
        assert upper["sign"] == plain.upper()
        names = sorted(encoded.keys() - {"sign", "sign_type"})
        text = "&".join(f"{name}={quote(encoded[name], safe='')}" for name in names)
        assert encoded["sign"] == md5_of(text, KEY)

    @settings(deadline=None)
    @given(st.text(max_size=200))
    def test_no_title_is_too_long_or_chokes_a_gateway(self, title):
        url = ANYWHERE.create(info(), PaymentAsked("Pay1", Money(1), title=title)).pay_url
        name = query_of(url)["name"]

        assert len(url) <= 2000
        assert name == name.strip()
        assert not set(name) & set("'\"<>&%#+=\\/;")

    def test_without_a_title_it_is_named_by_its_number(self):
        assert name_of("<>", "Pay1") == "Pay1"


class TestMoney:
    @pytest.mark.parametrize(
        ("text", "fen"), [("1", 100), ("1.0", 100), ("1.00", 100), ("19.990000", 1999)]
    )
    def test_is_read_as_decimals(self, text, fen):
        assert money_of(text) == Money(fen)

    @pytest.mark.parametrize(
        "text", ["", "1.", ".5", "1,00", "+1", "-1", "1e2", "0.001", "１", "NaN", "9" * 14]
    )
    def test_what_is_none_is_refused(self, text):
        with pytest.raises(BadNotice):
            money_of(text)


class TestNotices:
    def message(self, said: dict[str, str], key: str = KEY) -> IncomingMessage:
        sign = md5_of(content_of(said), key)
        return IncomingMessage("POST", "", {}, urlencode({**said, "sign": sign}).encode())

    @pytest.mark.parametrize("money", ["1", "1.0", "1.00"])
    def test_P2_is_signed_over_what_came(self, money):
        known = vector("epay_v1_notify")
        message = self.message({**known["params"], "money": money, "extra": "+ &%"})

        notice = epay().read_notice(info(), message, utc_now())

        assert notice.amount == Money(100)
        assert notice.payment_number == "P20261123000003"
        assert notice.provider_number == "2026112308000012345"

    def test_the_known_message_is_believed_with_its_signature(self):
        known = vector("epay_v1_notify")
        query = urlencode({**known["params"], "sign": known["sign"]})

        assert epay().read_notice(info(), IncomingMessage("GET", query), utc_now()).is_final

    def test_L9_a_field_said_twice_is_no_message(self):
        known = vector("epay_v1_notify")
        query = urlencode({**known["params"], "sign": known["sign"]}) + "&money=1.00"

        with pytest.raises(BadSignature):
            epay().read_notice(info(), IncomingMessage("GET", query), utc_now())

    def test_a_key_that_is_being_changed_counts_beside_the_new_one(self):
        known = vector("epay_v1_notify")
        account = info()
        both = {"key": ("N" * 32, KEY)}
        rotating = AccountInfo(
            account.id, 1, account.uid, "epay", enabled=True, currency="CNY", secrets=both,
            options=account.options,
        )  # fmt: skip

        notice = epay().read_notice(rotating, self.message(known["params"]), utc_now())

        assert notice.is_final


class TestAnswers:
    @pytest.mark.parametrize(
        ("says", "url", "code"),
        [
            ({"payurl": "https://g/p", "qrcode": "weixin://a"}, "https://g/p", "weixin://a"),
            ({"qrcode": "weixin://a", "img": "https://g/i"}, "", "weixin://a"),
            ({"urlscheme": "weixin://b"}, "", "weixin://b"),
            ({"img": "https://g/i"}, "https://g/i", ""),
        ],
    )
    def test_every_way_that_forks_name_is_shown(self, fork, says, url, code):
        fork.says = {"code": "1", "trade_no": 7, **says}

        made = epay(fork.url).create(info(fork.url, way="api", type="wxpay"), ASKED)

        assert (made.pay_url, made.qr_content, made.provider_ref) == (url, code, "7")

    @pytest.mark.parametrize(
        "says", [b"<html>", b"[1]", b"\xff", {"code": 1}, {"code": 1, "payurl": "javascript:1"},
                 b'{"code": 1, "money": NaN}', b"{" + b" " * 70_000 + b"}",
                 b'{"code": 1e999999999}', b'{"code": ' + b"9" * 60_000 + b"}"],
    )  # fmt: skip
    def test_what_cannot_be_understood_is_silence(self, fork, says):
        fork.says = says

        with pytest.raises(ProviderSilent):
            epay(fork.url).create(info(fork.url, way="api", type="wxpay"), ASKED)

    def test_a_refusal_is_told_without_our_key(self, fork):
        fork.says = {"code": -3, "msg": f"bad {KEY} " + "x" * 900}

        with pytest.raises(AccountRefused) as refused:
            epay(fork.url).probe(info(fork.url), utc_now())

        why = str(refused.value.detail["why"])
        assert why.startswith("bad … ")
        assert len(why) == 200

    @pytest.mark.parametrize(
        ("says", "state"),
        [
            ({"code": -1, "msg": "订单号不存在"}, QueryState.UNKNOWN),
            ({"code": "1", "out_trade_no": "Pay1", "status": "0"}, QueryState.PENDING),
            ({"code": 1, "out_trade_no": "Pay1", "status": 3}, QueryState.PENDING),
            ({"code": 1, "out_trade_no": "Pay1", "status": 2}, QueryState.FAILED),
            ({"code": 1, "out_trade_no": "Pay1", "status": 1, "trade_no": "t", "money": 19.99},
             QueryState.PAID),
        ],
    )  # fmt: skip
    def test_L8_an_answer_about_an_order(self, fork, says, state):
        fork.says = says

        said = epay(fork.url).query(info(fork.url), PaymentRef("Pay1", Money(1999)), utc_now())

        assert said.state is state
        assert said.notice is None or said.notice.amount == Money(1999)

    @pytest.mark.parametrize(
        "says",
        [
            {"code": 1, "out_trade_no": "Pay2", "status": 1, "trade_no": "t", "money": "1"},
            {"code": 1, "out_trade_no": "Pay1", "pid": 7, "status": 1, "trade_no": "t", "money": 1},
            {"code": 1, "out_trade_no": "Pay1", "status": 1, "trade_no": "t", "money": "0"},
            {"code": 1, "out_trade_no": "Pay1", "status": 1, "trade_no": "", "money": "1"},
            {"code": -2, "msg": "KEY校验失败"},
        ],
    )
    def test_L9_an_answer_about_something_else_is_none(self, fork, says):
        fork.says = says

        with pytest.raises(ProviderSilent):
            epay(fork.url).query(info(fork.url), PaymentRef("Pay1", Money(1999)), utc_now())

    def test_V2_good_news_without_a_signature_are_not_believed(self, fork):
        keys = new_keys()
        fork.says = {"code": 0, "out_trade_no": "Pay1", "status": 1, "trade_no": "t", "money": "1"}
        account = AccountInfo(
            id=1, merchant_id=1, uid="acc_x", provider="epay", enabled=True, currency="CNY",
            secrets={
                "private_key": (keys["merchant_private"],),
                "platform_key": (keys["platform_public"],),
            },
            options=info(fork.url, version="v2", type="alipay").options,
        )  # fmt: skip

        for call in (
            lambda: epay(fork.url).query(account, PaymentRef("Pay1", Money(100)), utc_now()),
            lambda: epay(fork.url).probe(account, utc_now()),
        ):
            with pytest.raises(ProviderSilent):
                call()
