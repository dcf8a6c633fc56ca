"""P2: messages are kept as they came, and shown without what is nobody's business."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kacang.payments.companies.raw_messages import SHOWN_MOST, masked


class TestMasked:
    def test_json_by_the_names_of_its_fields(self):
        raw = json.dumps({
            "out_trade_no": "Pay123", "amount": {"total": 1999},
            "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}, "sign": "x",
            "buyer_logon_id": "159****5620", "list": [{"email": "li@example.com"}],
        })  # fmt: skip

        shown = json.loads(masked(raw))

        assert (shown["out_trade_no"], shown["amount"]) == ("Pay123", {"total": 1999})
        assert shown["payer"]["openid"] == "oU****6o"
        assert (shown["sign"], shown["buyer_logon_id"]) == ("****", "15****20")
        assert shown["list"] == [{"email": "li****om"}]

    def test_forms_and_xml(self):
        form = masked("no=Pay123&fen=1999&sign=0123456789abcdef&note=13800138000")
        xml = masked("<xml><no>Pay123</no><sign><![CDATA[0123456789abcdef]]></sign></xml>")

        assert form.splitlines() == ["no = Pay123", "fen = 1999", "sign = 01****ef",
                                     "note = 13****00"]  # fmt: skip
        assert xml == "<xml><no>Pay123</no><sign>01****ef</sign></xml>"

    @pytest.mark.parametrize("raw", ["call 13912345678 or a.b+c@mail.example.com", "A" * 88])
    def test_other_texts_by_what_they_look_like(self, raw):
        shown = masked(raw)

        assert "13912345678" not in shown
        assert "mail.example" not in shown
        assert "A" * 20 not in shown

    @given(st.text())
    def test_nothing_breaks_it_and_it_is_short(self, raw):
        assert len(masked(raw)) <= SHOWN_MOST
