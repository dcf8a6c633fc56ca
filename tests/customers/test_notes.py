"""H1: notes are changed by who wrote them, and deleted with a trace."""

import pytest

from kacang.customers import operations, queries
from kacang.customers.operations import BadCustomer, NotYourNote, UnknownCustomer, UnknownNote
from kacang.merchants.models import AuditEntry
from kacang.merchants.tenancy import acting_as
from tests.customers.people import OTHER, STAFF, a_customer


@pytest.fixture
def an(merchant):
    uid = a_customer(merchant, "an")
    operations.add_note(merchant_id=merchant, uid=uid, text="喜欢年卡", actor=STAFF)
    return uid


def only(merchant, uid):
    (note,) = queries.customer(merchant_id=merchant, uid=uid).notes
    return note


def change(merchant, uid, note, text="喜欢季卡", actor=STAFF):
    operations.change_note(merchant_id=merchant, uid=uid, note=note, text=text, actor=actor)


def test_H1_are_changed_by_who_wrote_them(merchant, an):
    note = only(merchant, an)
    assert note.changed_at is None

    change(merchant, an, note.id)

    assert (only(merchant, an).text, only(merchant, an).actor_label) == ("喜欢季卡", STAFF.label)
    assert only(merchant, an).changed_at is not None


def test_H1_are_not_changed_by_others(merchant, an):
    note = only(merchant, an).id

    with pytest.raises(NotYourNote):
        change(merchant, an, note, actor=OTHER)
    for text in ("", "  ", "x" * 1001):
        with pytest.raises(BadCustomer):
            change(merchant, an, note, text)
    assert only(merchant, an).text == "喜欢年卡"


def test_H1_are_deleted_and_the_log_says_whose_they_were(merchant, an):
    note = only(merchant, an).id

    operations.delete_note(merchant_id=merchant, uid=an, note=note, actor=OTHER)

    assert queries.customer(merchant_id=merchant, uid=an).notes == ()
    with acting_as(merchant):
        entry = AuditEntry.objects.filter(
            merchant_id=merchant, action="customers.delete_note"
        ).get()
    assert entry.actor_label == OTHER.label
    assert entry.before is not None
    assert entry.before["author"] == STAFF.label
    assert "年卡" not in str(entry.before)
    with pytest.raises(UnknownNote):
        operations.delete_note(merchant_id=merchant, uid=an, note=note, actor=OTHER)


def test_H1_of_another_customer_or_merchant_are_not_there(merchant, other_merchant, an):
    note, bo = only(merchant, an).id, a_customer(merchant, "bo")
    theirs = a_customer(other_merchant, "theirs")

    for who, uid, error in (
        (merchant, bo, UnknownNote),
        (other_merchant, theirs, UnknownNote),
        (other_merchant, an, UnknownCustomer),
    ):
        with pytest.raises(error):
            change(who, uid, note)
        with pytest.raises(error):
            operations.delete_note(merchant_id=who, uid=uid, note=note, actor=STAFF)
    assert only(merchant, an).text == "喜欢年卡"
