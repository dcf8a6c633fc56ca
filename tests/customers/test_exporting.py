"""H1, O10: customers as a file, masked where the exporter may not see."""

import csv
import io
from datetime import timedelta

import pytest
from python_calamine import CalamineWorkbook

from kacang.customers import exporting, operations, tags
from kacang.customers.exporting import BadExport, ExportRequest, UnknownExport
from kacang.customers.finding.filters import CustomerFilter
from kacang.outbox import exporting as outbox_exporting
from kacang.outbox import queries as works
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact
from kacang.web.design.formats import mask_contact
from tests.customers.people import OTHER, STAFF, a_customer

PHONE = "+8613826042716"


@pytest.fixture
def an(merchant):
    uid = a_customer(merchant, "an", orders=2, spent=1999, days=timedelta(days=1))
    operations.add_contact(merchant_id=merchant, uid=uid, contact=Contact(phone=PHONE), actor=STAFF)
    gift = tags.make_tag(merchant_id=merchant, name="=福利", colour="blue", actor=STAFF)
    tags.tag_customer(merchant_id=merchant, uid=uid, tag=gift, takes=False, actor=STAFF)
    return uid


def start(merchant, *, masked=frozenset(), kind="csv", where=None, **more):
    request = ExportRequest(
        where or CustomerFilter(), kind, "en", {"checkout": "At the checkout"}, masked, **more
    )
    return exporting.start_export(merchant_id=merchant, actor=STAFF, request=request, now=utc_now())


def fetched(merchant, uid, actor=STAFF):
    exporting.run_export(merchant_id=merchant, work_uid=uid, mask=mask_contact)
    _name, pieces = exporting.fetch_export(merchant_id=merchant, actor=actor, uid=uid)
    return b"".join(pieces)


def lines(body):
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))


def test_H1_has_all_that_the_list_shows(merchant, an):
    heads, row = lines(fetched(merchant, start(merchant)))

    said = dict(zip(heads, row, strict=True))
    assert said["Customer number"] == an
    assert (said["E-mail"], said["Phone"].lstrip("'")) == ("an@example.com", PHONE)
    assert (said["Paid orders"], said["Spent"], said["Currency"]) == ("2", "19.99", "CNY")
    assert said["Agreed"] == "At the checkout"
    # What a spreadsheet would take for a formula is made harmless.
    assert said["Tags"].lstrip("'") == "=福利"
    assert not said["Tags"].startswith("=")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_H1_hides_what_the_exporter_may_not_see(merchant, an, kind):
    body = fetched(merchant, start(merchant, masked=frozenset({"phone"}), kind=kind))

    if kind == "csv":
        text = body.decode()
    else:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0)
        text = str(sheet.to_python())
    assert "an@example.com" in text
    assert PHONE[-8:] not in text
    assert "2716" in text


def test_H1_has_everybody_once_in_parts(merchant, monkeypatch):
    monkeypatch.setattr(outbox_exporting, "READ_AT_ONCE", 2)
    uids = [a_customer(merchant, f"n{number}") for number in range(5)]

    rows = lines(fetched(merchant, start(merchant)))[1:]

    assert [row[0] for row in rows] == uids[::-1]


def test_H1_is_for_who_asked_alone_and_in_a_format_that_there_is(merchant, other_merchant, an):
    uid = start(merchant)

    with pytest.raises(UnknownExport):
        fetched(merchant, uid, OTHER)
    with pytest.raises(works.UnknownWork):
        fetched(other_merchant, uid)
    with pytest.raises(BadExport):
        start(merchant, kind="exe")
    assert lines(fetched(other_merchant, start(other_merchant)))[1:] == []
