"""X1, X2, O8: whose turn it is, which clock runs, and how a case ends."""

import functools
import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kacang.aftersales import errors, operations, queries
from kacang.aftersales.models import CASE_STEPS, Author, Case, CaseEvent, CaseState, Decision
from kacang.aftersales.rules import REOPENED_MAX, rules_of
from kacang.aftersales.turning import turn
from kacang.aftersales.types import CaseFilter, Verdict
from kacang.jobs import SEALED
from kacang.merchants.audit import SYSTEM
from kacang.outbox import rotating
from kacang.shared.clock import utc_now
from kacang.shared.errors import DomainError
from kacang.shared.states import WrongState
from tests import make
from tests.aftersales.cases import CLERK, Sold, later, picture
from tests.threads import at_once

REJECT = Verdict(Decision.REJECT, "卡密已被您本人使用")


@pytest.fixture
def sold(merchant):
    return Sold(merchant, 2)


@functools.cache
def account_of(merchant):
    """One account for all examples of a test."""
    return make.account(merchant)


def decide(sold, uid):
    return operations.decide(**sold.theirs(uid, verdict=REJECT, role="owner"))


def look(sold):
    return operations.look_after(merchant_id=sold.merchant)


class TestTable:
    def test_every_state_is_in_it(self):
        assert set(CASE_STEPS) == set(CaseState)

    @given(now=st.sampled_from(CaseState), to=st.sampled_from(CaseState))
    def test_only_what_it_says_is_a_step(self, now, to):
        if to in CASE_STEPS[now]:
            assert now is not to
        assert CaseState.NEW not in CASE_STEPS[now]

    @settings(
        max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        deeds=st.lists(
            st.sampled_from(("take", "ask", "answer", "write", "decide", "close", "reopen", "look",
                             "silence")),
            max_size=9,
        )
    )  # fmt: skip
    def test_whatever_is_done_the_row_keeps_its_rules(self, merchant, deeds):
        """The database holds what each state needs; every step is one of the table."""
        sold = Sold(merchant, 1, account=account_of(merchant))
        uid = sold.open()
        seen = [sold.view(uid).row.state]
        for deed in deeds:
            self.do(sold, uid, deed)
            row = sold.view(uid).row
            seen.append(row.state)
            assert (row.due_at is not None) == (row.state in queries.RUNNING)
            assert (row.decision is None) == (row.decided_at is None)
        for was, now in itertools.pairwise(seen):
            assert was is now or now in CASE_STEPS[was], (was, now)

    def do(self, sold, uid, deed):
        deeds = {
            "take": lambda: operations.take(**sold.theirs(uid)),
            "ask": lambda: operations.answer(**sold.theirs(uid, text="请补充视频", waits=True)),
            "answer": lambda: operations.answer(**sold.theirs(uid, text="核实中", waits=False)),
            "write": lambda: operations.write(**sold.mine(uid, text="已补充")),
            "decide": lambda: decide(sold, uid),
            "close": lambda: operations.close(**sold.mine(uid)),
            "reopen": lambda: operations.reopen(**sold.mine(uid, text="还是不行")),
            "look": lambda: look(sold),
            "silence": lambda: (later(sold.merchant, uid, days=6), look(sold)),
        }
        try:
            deeds[deed]()
        except DomainError:
            return

    def test_a_wrong_step_is_refused(self, merchant):
        case = Case(merchant_id=merchant, state=CaseState.CLOSED, alarms=0, outcome={})
        with pytest.raises(WrongState):
            turn(case, CaseState.DECIDED, rules_of(merchant), utc_now())


class TestDeadlines:
    def test_first_answer_then_decision(self, sold):
        uid = sold.open()
        row = sold.view(uid).row
        assert row.due_at == row.opened_at + timedelta(hours=12)

        later(sold.merchant, uid, hours=5)
        operations.answer(**sold.theirs(uid, text="核实中", waits=False))

        row = sold.view(uid).row
        assert row.due_at == row.opened_at + timedelta(hours=12)
        assert row.owner_label == "lu@example.com"

    def test_the_decisions_time_stands_still_while_the_buyer_is_asked(self, sold):
        uid = sold.open()
        operations.answer(**sold.theirs(uid, text="请补充视频", waits=True))
        assert sold.view(uid).row.due_at is None
        later(sold.merchant, uid, hours=50)

        operations.write(**sold.mine(uid, text="已补充", files=[picture()]))

        row = sold.view(uid).row
        assert row.state is CaseState.OURS
        assert row.due_at is not None
        left = row.due_at - utc_now()
        assert timedelta(hours=11) < left <= timedelta(hours=12)

    def test_reminds_once_and_escalates_once(self, sold):
        uid = sold.open()
        assert look(sold) == 0
        later(sold.merchant, uid, hours=11)
        assert (look(sold), look(sold)) == (1, 0)
        later(sold.merchant, uid, hours=2)
        assert (look(sold), look(sold)) == (1, 0)

        found = sold.view(uid)
        assert [entry.event for entry in found.entries[1:]] == [
            CaseEvent.REMINDED, CaseEvent.ESCALATED,
        ]  # fmt: skip
        assert (found.row.is_late, found.row.alarms) == (True, 2)
        assert queries.late_count(merchant_id=sold.merchant) == 1

    def test_two_workers_at_once_remind_once(self, sold):
        uid = sold.open()
        later(sold.merchant, uid, hours=11)

        at_once([lambda: look(sold)] * 6)

        assert [entry.event for entry in sold.view(uid).entries[1:]] == [CaseEvent.REMINDED]

    def test_silence_closes_what_waits_for_the_buyer(self, sold):
        uid = sold.open()
        operations.answer(**sold.theirs(uid, text="请补充视频", waits=True))
        later(sold.merchant, uid, days=6, hours=23)
        look(sold)
        assert sold.view(uid).row.state is CaseState.BUYERS
        later(sold.merchant, uid, hours=2)
        look(sold)

        found = sold.view(uid)
        assert found.row.state is CaseState.CLOSED
        assert found.entries[-1].event is CaseEvent.CLOSED_SILENT
        sold.open()  # the unit is free for another case

    def test_silence_does_not_close_what_waits_for_us(self, sold):
        uid = sold.open()
        later(sold.merchant, uid, days=90)
        look(sold)
        assert sold.view(uid).row.state is CaseState.NEW


class TestTalking:
    def test_a_new_case_is_taken_and_says_by_whom(self, sold):
        uid = sold.open()
        operations.take(**sold.theirs(uid))
        operations.take(**{**sold.theirs(uid), "owner_uid": "mem_2"})

        found = sold.view(uid)
        assert (found.row.state, found.row.owner_uid) == (CaseState.OURS, "mem_2")
        assert found.entries[-1].detail == {"from": "lu@example.com"}

    def test_messages_stand_in_order_with_their_authors(self, sold):
        uid = sold.open(text="无效")
        operations.answer(**sold.theirs(uid, text="请补充视频", waits=True))
        operations.write(**sold.mine(uid, text="已补充"))

        said = [(one.author, one.text) for one in sold.view(uid).messages]
        assert said == [
            (Author.BUYER, "无效"), (Author.STAFF, "请补充视频"), (Author.BUYER, "已补充"),
        ]  # fmt: skip

    def test_nothing_is_said_in_a_decided_case(self, sold):
        uid = sold.open()
        decide(sold, uid)
        for act in (
            lambda: operations.write(**sold.mine(uid, text="x")),
            lambda: operations.answer(**sold.theirs(uid, text="x", waits=False)),
            lambda: operations.take(**sold.theirs(uid)),
        ):
            with pytest.raises(errors.DecidedAlready):
                act()
        assert len(sold.view(uid).messages) == 1

    def test_V4_messages_follow_the_merchants_key(self, sold):
        uid = sold.open(text="卡密 ABC 无效")

        work = rotating.start_rotation(merchant_id=sold.merchant, actor=SYSTEM, reason="演练")
        rotating.run_rotation(merchant_id=sold.merchant, work_uid=work, tables=SEALED)

        assert sold.view(uid).messages[0].text == "卡密 ABC 无效"


class TestEnding:
    def test_the_buyer_rates_a_decided_case(self, sold):
        uid = sold.open()
        with pytest.raises(errors.DecidedAlready):
            operations.rate(**sold.mine(uid, stars=5, text=""))
        decide(sold, uid)
        for stars in (0, 6):
            with pytest.raises(errors.BadStars):
                operations.rate(**sold.mine(uid, stars=stars, text=""))

        operations.rate(**sold.mine(uid, stars=2, text="等太久"))

        found = sold.view(uid)
        assert (found.row.stars, found.messages[-1].text) == (2, "等太久")

    def test_opens_again_within_the_observation_and_starts_anew(self, sold):
        uid = sold.open()
        decide(sold, uid)
        later(sold.merchant, uid, days=6)

        operations.reopen(**sold.mine(uid, text="还是不行"))

        row = sold.view(uid).row
        assert (row.state, row.decision, row.reopened) == (CaseState.OURS, None, 1)
        assert row.due_at is not None
        assert row.due_at > utc_now() + timedelta(hours=11)
        assert decide(sold, uid) is CaseState.DECIDED

    def test_not_after_it_and_not_for_ever(self, sold):
        uid = sold.open()
        decide(sold, uid)
        for _ in range(REOPENED_MAX):
            operations.reopen(**sold.mine(uid, text="还是不行"))
            decide(sold, uid)
        with pytest.raises(errors.TooManyCases):
            operations.reopen(**sold.mine(uid, text="还是不行"))
        assert not queries.may_reopen(merchant_id=sold.merchant, uid=uid)

        late = sold.open(places=sold.places[1:])
        operations.decide(**sold.theirs(late, verdict=REJECT, role="owner"))
        assert queries.may_reopen(merchant_id=sold.merchant, uid=late)
        later(sold.merchant, late, days=8)
        with pytest.raises(errors.NotObserved):
            operations.reopen(**sold.mine(late, text="还是不行"))

    def test_not_when_another_case_is_open_for_the_unit(self, sold):
        uid = sold.open()
        operations.close(**sold.mine(uid))
        sold.open()

        with pytest.raises(errors.OpenAlready):
            operations.reopen(**sold.mine(uid, text="还是不行"))
        assert sold.view(uid).row.state is CaseState.CLOSED


class TestLists:
    def test_what_is_due_first_stands_first_page_by_page(self, sold, merchant):
        uids = [sold.open()]
        for _ in range(4):
            other = (
                Sold(merchant, 1, made=sold.made, account=sold.account)
                if (len(uids) < 2)
                else Sold(merchant, 1, account=sold.account)
            )
            uids.append(other.open())
        later(merchant, uids[3], hours=3)
        where = CaseFilter(states=(CaseState.NEW,))
        found, cursor = [], ""
        while True:
            page = queries.cases_page(merchant_id=merchant, where=where, cursor=cursor, limit=2)
            found += [row.uid for row in page.rows]
            cursor = page.next_cursor
            if not cursor:
                break

        assert found == [uids[3], uids[0], uids[1], uids[2], uids[4]]
        assert queries.counts(merchant_id=merchant)[CaseState.NEW] == 5
        newest = queries.cases_page(merchant_id=merchant, where=CaseFilter(), limit=10)
        assert [row.uid for row in newest.rows] == uids[::-1]

    @pytest.mark.parametrize("cursor", ["x", "1:x", "9" * 40, "²", "1:" + "9" * 30])
    def test_a_cursor_that_is_not_ours_is_refused(self, merchant, cursor):
        for where in (CaseFilter(), CaseFilter(states=(CaseState.NEW,))):
            with pytest.raises(queries.BadCaseCursor):
                queries.cases_page(merchant_id=merchant, where=where, cursor=cursor)

    def test_former_cases_are_those_of_the_same_buyer(self, merchant, sold):
        mine = sold.open()
        again = sold.open(places=sold.places[1:])
        Sold(merchant, 1, account=sold.account).open()

        found = queries.former_cases(merchant_id=merchant, uid=again)

        assert [row.uid for row in found] == [mine]


class TestReplies:
    def test_are_filled_in_in_the_orders_language(self, merchant):
        body = {
            "zh-Hans": "订单 {order} 将在 {hours} 小时内处理。",
            "en": "{order}: soon",
        }
        uid = operations.save_reply(merchant_id=merchant, title="收到", body=body, actor=CLERK)
        (reply,) = queries.replies(merchant_id=merchant)

        values = {"order": "2026X", "hours": "12"}
        assert reply.filled("zh-Hans", values) == "订单 2026X 将在 12 小时内处理。"
        assert reply.filled("en", values) == "2026X: soon"
        operations.delete_reply(merchant_id=merchant, uid=uid, actor=CLERK)
        assert queries.replies(merchant_id=merchant) == []

    @pytest.mark.parametrize(
        ("title", "body"),
        [("", {"en": "x"}), ("x", {}), ("x", {"en": "{secret}"}), ("x", {"en": "长" * 2001})],
    )
    def test_need_a_title_a_text_and_known_names(self, merchant, title, body):
        with pytest.raises(errors.BadReply):
            operations.save_reply(merchant_id=merchant, title=title, body=body, actor=CLERK)
        assert queries.replies(merchant_id=merchant) == []
