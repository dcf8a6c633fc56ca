"""N1: each member of staff chooses what they are told, of what their role may see."""

import html
from datetime import timedelta
from functools import partial

import pytest

from kacang.merchants import operations as merchants
from kacang.merchants import queries as people
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.messages import operations
from kacang.messages.events import NOTICES, WATCHED, Event
from kacang.messages.models import Message
from kacang.messages.operations import Tell
from kacang.messages.restraint import members
from kacang.messages.restraint.members import NotTheirs
from kacang.messages.wording import operations as wording
from kacang.shared.clock import utc_now
from kacang.shared.ids import new_uid
from tests.threads import at_once
from tests.web.console.conftest import work_as

PAGE, BELL = "/console/account/notices/", "/console/notices/"
SUSPENSE, LOW = "staff.suspense", "staff.low_stock"


def tell(merchant, event=Event.STAFF_SUSPENSE):
    context = {"amount": "¥7", "receipt": "R1", "title": "年卡", "left": 1, "threshold": 2}
    context |= {"sku": "sku_1"}
    operations.tell(merchant_id=merchant, message=Tell(event, new_uid("x"), context, in_app=True))


def mails(merchant):
    with acting_as(merchant):
        rows = Message.objects.filter(merchant_id=merchant, channel="email")
        return list(rows.values_list("recipient", flat=True))


def member(merchant, role):
    return next(one for one in people.staff(merchant_id=merchant) if one.role == role)


def bell(client):
    return html.unescape(client.get(BELL).content.decode())


def test_every_event_for_staff_says_what_it_takes_to_see_it():
    assert set(members.NEEDED) == {event for event in Event if event.startswith("staff.")}
    assert set(NOTICES) <= set(members.NEEDED)


class TestConsole:
    def test_what_a_role_may_not_see_is_not_told_to_it(self, merchant, owner):
        keeper = work_as(merchant, "stock_keeper")
        tell(merchant)
        tell(merchant, Event.STAFF_LOW_STOCK)

        assert "¥7" in bell(owner)
        assert "¥7" not in bell(keeper)
        assert "年卡" in bell(keeper)
        assert "Notifications, 1 unread" in bell(keeper)

    def test_what_somebody_switched_off_is_gone_for_them_alone(self, merchant, owner):
        other = work_as(merchant, "finance")
        tell(merchant)

        kept = [f"{event}/in_app" for event in {*NOTICES} - {*WATCHED, SUSPENSE}]
        assert owner.post(PAGE, {"on": kept}).status_code == 302

        assert "¥7" not in bell(owner)
        assert "¥7" in bell(other)

    def test_marking_all_as_read_leaves_what_one_does_not_see(self, merchant, owner):
        tell(merchant)
        work_as(merchant, "stock_keeper").post("/console/notices/read/", {})

        assert "Notifications, 1 unread" in bell(owner)

    def test_N1_each_reads_for_themselves(self, merchant, owner):
        other = work_as(merchant, "finance")
        tell(merchant)
        tell(merchant)

        owner.post("/console/notices/read/", {})

        assert "Notifications, 0 unread" in bell(owner)
        assert "Notifications, 2 unread" in bell(other)
        tell(merchant)
        assert "Notifications, 1 unread" in bell(owner)

    def test_N1_one_is_marked_by_its_number_once(self, merchant, owner):
        tell(merchant)
        tell(merchant)
        with acting_as(merchant):
            uid = Message.objects.filter(merchant_id=merchant).values_list("uid", flat=True)[0]

        for _ in range(2):
            owner.post("/console/notices/read/", {"uid": uid})

        assert "Notifications, 1 unread" in bell(owner)

    def test_N1_what_was_told_long_ago_is_new_to_nobody(self, merchant, owner):
        tell(merchant)
        with acting_as(merchant):
            Message.objects.filter(merchant_id=merchant).update(
                created_at=utc_now() - timedelta(days=31)
            )

        assert "Notifications, 0 unread" in bell(owner)
        assert "¥7" in bell(owner)

    def test_N1_what_gets_in_below_the_newest_stays_new(self, merchant, owner):
        """A notice whose number was drawn earlier may be committed later."""
        tell(merchant)
        with acting_as(merchant):
            late = Message.objects.get(merchant_id=merchant)
            drawn = late.pk
            late.delete()
        tell(merchant)
        owner.post("/console/notices/read/", {})
        with acting_as(merchant):
            late.pk = drawn
            late.save(force_insert=True)

        assert "Notifications, 1 unread" in bell(owner)

    def test_I1_a_visitor_marks_nothing(self, merchant, owner):
        clerk = work_as(merchant, "finance")
        tell(merchant)
        owner.post(
            f"/console/visits/new/?member={member(merchant, 'finance').uid}",
            {"reason": "why", "may_change": "on"},
        )

        owner.post("/console/notices/read/", {})

        assert "Notifications, 1 unread" in bell(clerk)


class TestMail:
    def test_goes_to_who_wants_it_at_their_own_address(self, merchant, owner):
        work_as(merchant, "finance")
        owner.post(PAGE, {"on": [f"{SUSPENSE}/email", f"{SUSPENSE}/in_app"]})

        tell(merchant)
        tell(merchant, Event.STAFF_LOW_STOCK)

        assert mails(merchant) == [member(merchant, "owner").email]

    def test_not_when_the_shop_has_switched_it_off(self, merchant, owner):
        owner.post(PAGE, {"on": [f"{SUSPENSE}/email"]})
        wording.switch(
            merchant_id=merchant, event=SUSPENSE, channel="email", on=False, actor=SYSTEM
        )

        tell(merchant)

        assert mails(merchant) == []
        assert "switched it off for everybody" in owner.get(PAGE).content.decode()

    def test_I1_a_role_that_was_taken_away_takes_its_mails_along(self, merchant, owner):
        finance = work_as(merchant, "finance")
        finance.post(PAGE, {"on": [f"{SUSPENSE}/email"]})
        uid = member(merchant, "finance").uid
        merchants.change_role(merchant_id=merchant, uid=uid, role="stock_keeper", actor=SYSTEM)

        tell(merchant)

        assert mails(merchant) == []

    def test_the_shops_own_address_gets_its_mail_once(self, merchant, owner):
        owner.post(PAGE, {"on": [f"{SUSPENSE}/email"]})
        address = member(merchant, "owner").email

        context = {"amount": "¥7", "receipt": "R1"}
        operations.tell(
            merchant_id=merchant, message=Tell(Event.STAFF_SUSPENSE, "1", context, [address])
        )

        assert mails(merchant) == [address]


class TestChoosing:
    @pytest.mark.parametrize("wish", [f"{SUSPENSE}/email", "order.code/email", "nothing/email"])
    def test_nobody_chooses_what_is_not_theirs(self, merchant, wish):
        keeper = work_as(merchant, "stock_keeper")

        said = keeper.post(PAGE, {"on": [wish]}, follow=True).content.decode()

        assert "not told of this" in said
        uid = member(merchant, "stock_keeper").uid
        assert members.choices(merchant_id=merchant, member_uid=uid) == {}

    def test_I2_a_choice_is_of_one_shop(self, merchant, other_merchant, owner):
        owner.post(PAGE, {"on": []})
        uid = member(merchant, "owner").uid

        assert members.choices(merchant_id=other_merchant, member_uid=uid) == {}
        assert members.choices(merchant_id=merchant, member_uid=uid)

    def test_chosen_twice_at_once_it_is_kept_once(self, merchant, owner):
        may = people.memberships_of(user_id=member(merchant, "owner").user_id)[0].permissions
        choose = partial(
            members.choose, merchant_id=merchant, member_uid=member(merchant, "owner").uid,
            permissions=may, on=[(Event.STAFF_SUSPENSE, "email")],
        )  # fmt: skip

        at_once([choose] * 6)

        found = members.choices(merchant_id=merchant, member_uid=member(merchant, "owner").uid)
        assert [switch for switch, on in found.items() if on] == [(Event.STAFF_SUSPENSE, "email")]
        with pytest.raises(NotTheirs):
            members.choose(
                merchant_id=merchant, member_uid="mem_x", permissions=frozenset(),
                on=[(Event.STAFF_SUSPENSE, "email")],
            )  # fmt: skip
