"""N1: text messages by Aliyun and Tencent: signed, refused in plain words, never sent twice."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import override_settings

from kacang.messages import outside, registry
from kacang.messages.adapters import aliyun, tencent
from kacang.messages.ports import Asked, BadReport, NotConfigured, NotSent, Report
from simulators.sms_companies import Aliyun, Tencent
from simulators.sms_companies.phones import SmsCompany
from tests.messages.sms_contract import MESSAGE, SmsContract

TEMPLATES = json.dumps({"staff.low_stock": ["T-1", ["title", "left", "threshold"]]})
BASE = {"id": "AKID7", "secret": "s3cr3t", "sign_name": "小鹿数卡", "templates": TEMPLATES}
NOWHERE = "http://127.0.0.1:9/"


class Playing:
    """A company and our adapter to it, as it is set up now."""

    def __init__(self, company: SmsCompany, adapter: Any, setting: str) -> None:
        self.company, self.adapter, self.setting = company, adapter, setting
        self.endpoint = f"{company.url}/"
        self.changes: dict[str, str] = {}

    @property
    def sender(self) -> Any:
        keys = {**BASE, "app": "1400006666", "endpoint": self.endpoint, **self.changes}
        with override_settings(**{self.setting: keys}):
            return self.adapter()

    def ask(self, sms: Any) -> Any:
        """What the company says of a message when it is asked."""
        asked = Asked(sms.reference, sms.number, sms.phone, sms.at)
        return self.sender.report_on(asked)

    def arrived(self) -> list[tuple[str, str]]:
        return [(one.phone, one.text) for one in self.company.sent]

    def be_busy(self) -> None:
        self.company.is_busy = True

    def vanish(self) -> None:
        self.endpoint = NOWHERE


class TemplateContract(SmsContract):
    """These companies do not know a message again: what is unknown must never be tried again."""

    def test_the_same_again_reaches_the_phone_once(self, company):
        """Cut off after it was taken: it says so for good, and nobody asks a second time."""
        company.company.mood.mute = 1

        with pytest.raises(NotSent) as cut_off:
            company.sender.send(MESSAGE)

        assert (cut_off.value.reason, cut_off.value.is_final) == ("unknown", True)
        assert len(company.arrived()) == 1

    def test_a_broken_answer_is_unknown_too(self, company):
        company.company.mood.broken = 1

        with pytest.raises(NotSent) as broken:
            company.sender.send(MESSAGE)

        assert (broken.value.reason, broken.value.is_final) == ("unknown 500", True)

    def test_it_says_under_which_number_and_as_how_many_it_took_a_message(self, company):
        taken = company.sender.send(replace(MESSAGE, values={"title": "年" * 60, "left": "3"}))

        (sms,) = company.company.sent
        assert taken.number == sms.number
        assert sms.parts == 2
        assert taken.parts in (0, 2)

    def test_asked_too_early_nothing_is_known_and_later_it_is(self, company):
        company.sender.send(MESSAGE)
        (sms,) = company.company.sent
        early = company.ask(sms)
        company.company.deliver()

        found = company.ask(sms)

        assert early is None
        assert (found.is_delivered, found.reference) == (True, MESSAGE.reference)

    def test_a_phone_that_is_not_reached_is_said_with_the_reason(self, company):
        company.sender.send(replace(MESSAGE, phone="+8613826040003"))
        company.company.deliver()
        (sms,) = company.company.sent

        found = company.ask(sms)

        assert not found.is_delivered
        assert found.code

    def test_what_was_cut_off_can_be_asked_without_a_number(self, company):
        with pytest.raises(NotSent):
            company.sender.send(replace(MESSAGE, phone="+8613826040002"))
        (sms,) = company.company.sent
        company.company.deliver()

        found = company.ask(replace(sms, number=""))

        assert found.is_delivered

    def test_a_limit_of_the_company_is_for_later(self, company):
        with pytest.raises(NotSent) as refused:
            company.sender.send(replace(MESSAGE, phone="+8613826040001"))

        assert not refused.value.is_final
        assert company.arrived() == []

    def test_its_own_report_says_the_same(self, company):
        company.sender.send(MESSAGE)
        (sms,) = company.company.sent
        sms.state = "arrived"

        body = json.dumps([company.company.row(sms)]).encode()
        (found,) = company.sender.read_reports(body)

        assert isinstance(found, Report)
        assert found.is_delivered
        assert found.number == sms.number
        assert found.phone[-8:] == sms.phone[-8:]

    @pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"[[]]", b"\xff", b"[{}]" * 2])
    def test_what_is_no_report_is_refused(self, company, body):
        with pytest.raises(BadReport):
            company.sender.read_reports(body)

    def test_signature_and_reference_go_along(self, company):
        company.sender.send(MESSAGE)

        (sms,) = company.company.sent
        assert (sms.sign_name, sms.reference) == ("小鹿数卡", MESSAGE.reference)

    @pytest.mark.parametrize(
        ("changes", "reason", "is_final"),
        [
            ({"secret": "wrong"}, "sms_key", False),
            ({"id": "other"}, "sms_key", False),
            ({"templates": json.dumps({"staff.low_stock": ["T-9", []]})}, "sms_template", True),
            ({"templates": json.dumps({"order.delivered": ["T-1", []]})}, "sms_no_template", True),
        ],
    )
    def test_what_is_set_up_wrongly_is_said_plainly(self, company, changes, reason, is_final):
        company.changes = changes

        with pytest.raises(NotSent) as refused:
            company.sender.send(MESSAGE)

        assert refused.value.reason.split()[0] == reason
        assert refused.value.is_final is is_final
        assert company.arrived() == []

    def test_an_empty_account_waits_for_money(self, company):
        company.company.is_empty = True

        with pytest.raises(NotSent) as refused:
            company.sender.send(MESSAGE)

        assert refused.value.reason.split()[0] == "sms_balance"
        assert not refused.value.is_final

    def test_english_has_a_template_of_its_own(self, company):
        both = {"staff.low_stock": ["T-1", []], "staff.low_stock/en": ["T-2", ["title"]]}
        company.changes = {"templates": json.dumps(both)}

        company.sender.send(replace(MESSAGE, language="en", values={"title": "Video"}))

        assert company.arrived() == [(MESSAGE.phone, "Video is low")]

    @pytest.mark.parametrize("missing", ["id", "secret", "sign_name", "templates"])
    def test_without_all_that_is_needed_it_is_not_offered(self, company, missing):
        company.changes = {missing: ""}
        with pytest.raises(NotConfigured):
            _ = company.sender

    def test_no_secret_is_shown(self, company):
        assert "s3cr3t" not in repr(company.sender._keys)


class TestAliyun(TemplateContract):
    @pytest.fixture
    def company(self) -> Iterator[Playing]:
        texts = {"T-1": "{title}库存不足。剩余 {left} 件，预警线 {threshold} 件。"}
        with Aliyun("AKID7", "s3cr3t", {**texts, "T-2": "{title} is low"}) as made:
            yield Playing(made, aliyun.AliyunSms, "SMS_ALIYUN")
        outside.operators_client.cache_clear()

    def test_the_published_vector(self):
        query = {
            "PhoneNumbers": "13800138000",
            "SignName": "阿里云短信测试",
            "TemplateCode": "SMS_154950909",
            "TemplateParam": '{"code":"1234"}',
        }
        headers = {
            "host": "dysmsapi.aliyuncs.com",
            "x-acs-action": "SendSms",
            "x-acs-version": "2017-05-25",
            "x-acs-date": "2026-11-23T00:00:00Z",
            "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
            "x-acs-content-sha256": aliyun.NO_BODY,
        }
        assert aliyun.authorization("LTAItestAK", "testSK", query, headers) == (
            "ACS3-HMAC-SHA256 Credential=LTAItestAK,SignedHeaders=host;x-acs-action;"
            "x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature="
            "380ba8b73fdb85644622075a629e69cc8c1c81aac0a2b400290cee0ced57b84a"
        )

    def test_a_number_abroad_has_its_country(self, company):
        company.sender.send(replace(MESSAGE, phone="+4915112345678"))

        assert company.arrived()[0][0] == "+4915112345678"


class TestTencent(TemplateContract):
    @pytest.fixture
    def company(self) -> Iterator[Playing]:
        texts = {"T-1": "{1}库存不足。剩余 {2} 件，预警线 {3} 件。", "T-2": "{1} is low"}
        with Tencent("AKID7", "s3cr3t", texts) as made:
            yield Playing(made, tencent.TencentSms, "SMS_TENCENT")
        outside.operators_client.cache_clear()

    def test_the_published_vector(self):
        body = (
            b'{"PhoneNumberSet": ["+8613800138000"], "SmsSdkAppId": "1400006666", "SignName":'
            b' "\\u817e\\u8baf\\u4e91", "TemplateId": "1234", "TemplateParamSet": ["1234"]}'
        )
        now = datetime.fromtimestamp(1795392000, UTC)
        signed = tencent.authorization("AKIDtest", "SKtest", "sms.tencentcloudapi.com", body, now)
        assert signed.endswith(
            "Signature=534c3be5e6e1d54149e1d477088fbe41742b92fdce855a4394558d59ce8bbfda"
        )
        assert signed.startswith("TC3-HMAC-SHA256 Credential=AKIDtest/2026-11-23/sms/tc3_request,")


def test_nothing_is_offered_until_the_operator_sets_a_company_up():
    registry.forget_senders()
    assert registry.sms_sender() is None
