"""What tests of bills at the desk share."""

import re
from html import unescape

from kacang.reconciliation import queries

START = "/console/reconciliation/"


def text_of(answer) -> str:
    return unescape(re.sub(r"\s+", " ", answer.content.decode()))


def page_of(bill, act="") -> str:
    return f"{START}bills/{bill.uid}/{act}"


def found(shop):
    return queries.differences(merchant_id=shop.merchant)
