"""Z1: the blacklist, and services that may be asked but never stop sales."""

import time

import pytest

from kacang.merchants.audit import Actor
from kacang.merchants.models import AuditEntry
from kacang.merchants.tenancy import acting_as
from kacang.risk import operations, queries, registry
from kacang.risk.operations import BadBlock, UnknownBlock
from kacang.risk.ports import Attempt, Decision, Verdict

ACTOR = Actor(kind="user", label="lu@example.com")
BUYER = Attempt(email="zhao@example.com", phone="+8613826042716", address="1.2.3.4", device="dev1")


class Check:
    """The port's fake: says what it is told to, as slowly as it is told to."""

    port_version = 1

    def __init__(self, name, decision=Decision.ALLOW, *reasons, seconds=0.0, error=None):
        self.name, self.verdict = name, Verdict(decision, reasons)
        self.seconds, self.error = seconds, error

    def check(self, _attempt: Attempt) -> Verdict:
        time.sleep(self.seconds)
        if self.error:
            raise self.error
        return self.verdict


def block(merchant, kind, value, reason=""):
    return operations.block(
        merchant_id=merchant, kind=kind, value=value, reason=reason, actor=ACTOR
    )


def judge(merchant, *attempts):
    return operations.judge(merchant_id=merchant, attempts=attempts)


class TestBlacklist:
    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            ("email", " Zhao@Example.com "), ("phone", "138 2604 2716"),
            ("address", "1.2.3.4"), ("address", "::ffff:1.2.3.4"), ("device", "dev1"),
        ],
    )  # fmt: skip
    def test_keeps_somebody_out_however_it_was_typed(self, merchant, kind, value):
        block(merchant, kind, value)

        assert judge(merchant, BUYER, Attempt(email="other@example.com")) == [
            Verdict(Decision.REFUSE, (f"blocked.{kind}",)),
            Verdict(Decision.ALLOW),
        ]

    def test_is_each_merchants_own(self, merchant, other_merchant):
        block(merchant, "device", "dev1")

        assert judge(other_merchant, BUYER) == [Verdict(Decision.ALLOW)]
        assert queries.blocks(merchant_id=other_merchant).rows == ()

    def test_a_value_of_another_kind_blocks_nobody(self, merchant):
        block(merchant, "device", "zhao@example.com")

        assert judge(merchant, BUYER, Attempt()) == [Verdict(Decision.ALLOW)] * 2

    @pytest.mark.parametrize(
        ("kind", "value"),
        [("email", "nobody"), ("phone", "12"), ("device", " "), ("device", "a\0"), ("name", "x")],
    )
    def test_refuses_what_is_nothing(self, merchant, kind, value):
        with pytest.raises(BadBlock):
            block(merchant, kind, value)

        assert queries.blocks(merchant_id=merchant).rows == ()

    def test_twice_is_once(self, merchant):
        assert block(merchant, "device", "x", "spam") == block(merchant, "device", "x")

        (row,) = queries.blocks(merchant_id=merchant).rows
        assert (row.kind, row.value, row.reason) == ("device", "x", "spam")

    def test_can_be_undone(self, merchant, other_merchant):
        uid = block(merchant, "device", "dev1")
        with pytest.raises(UnknownBlock):
            operations.unblock(merchant_id=other_merchant, uid=uid)

        operations.unblock(merchant_id=merchant, uid=uid, actor=ACTOR)

        assert judge(merchant, BUYER) == [Verdict(Decision.ALLOW)]
        with pytest.raises(UnknownBlock):
            operations.unblock(merchant_id=merchant, uid=uid)

    def test_the_log_names_the_entry_and_not_the_person(self, merchant):
        uid = block(merchant, "email", "zhao@example.com", "chargeback")

        with acting_as(merchant):
            entry = AuditEntry.objects.get(merchant_id=merchant, action="risk.block")
        assert (entry.object_uid, entry.reason, entry.before, entry.after) == (
            uid, "chargeback", None, None,
        )  # fmt: skip

    def test_is_paged(self, merchant):
        for number in range(5):
            block(merchant, "device", f"d{number}")

        first = queries.blocks(merchant_id=merchant, limit=3)
        second = queries.blocks(merchant_id=merchant, limit=3, cursor=first.next_cursor)

        assert [row.value for row in first.rows] == ["d4", "d3", "d2"]
        assert [row.value for row in second.rows] == ["d1", "d0"]
        assert second.next_cursor == ""


class TestConsult:
    def ask(self, monkeypatch, *checks, seconds=0.3):
        monkeypatch.setattr(registry, "checks", lambda: checks)
        return operations.consult(attempt=BUYER, seconds=seconds)

    def test_nobody_to_ask(self, monkeypatch):
        assert self.ask(monkeypatch) == Verdict(Decision.ALLOW)

    def test_the_strictest_counts(self, monkeypatch):
        verdict = self.ask(
            monkeypatch,
            Check("a", Decision.REVIEW, "proxy"),
            Check("b", Decision.REFUSE, "stolen card"),
            Check("c"),
        )

        assert verdict == Verdict(Decision.REFUSE, ("stolen card",))

    def test_an_outage_never_stops_sales(self, monkeypatch):
        started = time.monotonic()
        verdict = self.ask(
            monkeypatch,
            Check("slow", Decision.REFUSE, seconds=4),
            Check("broken", error=ConnectionError()),
            Check("wrong", error=ValueError()),
        )

        assert verdict == Verdict(Decision.ALLOW)
        assert time.monotonic() - started < 3

    def test_L18_never_inside_a_transaction(self, merchant, monkeypatch):
        with acting_as(merchant), pytest.raises(RuntimeError, match="inside a transaction"):
            self.ask(monkeypatch, Check("a"))

    def test_nobody_is_asked_where_nothing_is_installed(self):
        assert registry.checks() == ()
