"""API keys (J1)."""

import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import connection

from kacang.merchants import operations, queries
from kacang.merchants.audit import Actor
from kacang.merchants.models import ApiKey, MerchantKind
from kacang.merchants.operations import KeyDraft, KeyRefused
from kacang.merchants.operations.api_keys import (
    BadAddress,
    BadExpiry,
    BadName,
    BadScope,
    KeyIdentity,
)
from kacang.merchants.permissions import SCOPES
from kacang.merchants.tenancy import acting_as
from tests.threads import at_once

ACTOR = Actor(kind="user", id=1, label="owner@example.com")
HERE = "192.0.2.7"


def make_key(merchant, **changes):
    draft = KeyDraft(**{"name": "ERP", "scopes": ("orders:read",), **changes})
    return operations.create_key(merchant_id=merchant, draft=draft, actor=ACTOR)


class TestCreateKey:
    def test_is_shown_once_and_kept_as_a_hash(self, merchant):
        made = make_key(merchant)

        assert made.key.startswith("kc_test_")  # the merchant of this test is a demo
        assert len(made.key) == len("kc_test_") + 40
        assert made.hint == made.key[:12] + "…"
        with acting_as(merchant):
            row = ApiKey.objects.get(merchant_id=merchant)
        stored = " ".join(str(value) for value in vars(row).values())
        assert made.key not in stored
        assert len(bytes(row.key_hash)) == 32

    def test_of_a_live_merchant_says_so(self):
        live = operations.open_merchant(
            slug=f"live-{time.time_ns()}", name="x", kind=MerchantKind.LIVE
        )
        assert make_key(live).key.startswith("kc_live_")

    def test_all_means_every_scope(self, merchant):
        make_key(merchant, scopes=("all",))
        (key,) = queries.api_keys(merchant_id=merchant)
        assert set(key.scopes) == set(SCOPES)

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"name": " "}, BadName),
            ({"name": "x" * 81}, BadName),
            ({"scopes": ()}, BadScope),
            ({"scopes": ("orders:everything",)}, BadScope),
            ({"addresses": ("here",)}, BadAddress),
            ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, BadExpiry),
        ],
    )
    def test_refuses_what_makes_no_sense(self, merchant, changes, error):
        with pytest.raises(error):
            make_key(merchant, **changes)
        assert queries.api_keys(merchant_id=merchant) == []


class TestAuthenticate:
    def test_says_whose_it_is(self, merchant):
        made = make_key(merchant, scopes=("orders:read", "secrets:read"))

        identity = operations.authenticate(key=made.key, address=HERE)

        assert (identity.merchant_id, identity.uid, identity.merchant_kind) == (
            merchant,
            made.uid,
            "demo",
        )
        identity.demand("secrets:read")
        with pytest.raises(operations.KeyScope):
            identity.demand("orders:write")

    def test_all_refusals_are_alike(self, merchant):
        now = datetime.now(UTC)
        expired = make_key(merchant, expires_at=now + timedelta(seconds=60))
        elsewhere = make_key(merchant, addresses=("198.51.100.0/24", "2001:db8::/32"))
        revoked = make_key(merchant)
        operations.revoke_key(merchant_id=merchant, uid=revoked.uid, actor=ACTOR)

        told = []
        for key, when in [
            (expired.key, now + timedelta(seconds=60)),
            (elsewhere.key, now),
            (revoked.key, now),
            ("kc_test_" + "a" * 40, now),
            ("", now),
            ("钥匙\udc80", now),
        ]:
            with pytest.raises(KeyRefused) as refusal:
                operations.authenticate(key=key, address=HERE, now=when)
            told.append((str(refusal.value), refusal.value.detail))
        assert told == [("keys.refused {}", {})] * 6

    @pytest.mark.parametrize(
        ("address", "allowed"),
        [("198.51.100.9", True), ("2001:db8::1", True), ("198.51.101.9", False), ("", False)],
    )
    def test_holds_to_its_addresses(self, merchant, address, allowed):
        made = make_key(merchant, addresses=("198.51.100.0/24", "2001:db8::/32"))
        if allowed:
            assert operations.authenticate(key=made.key, address=address).uid == made.uid
        else:
            with pytest.raises(KeyRefused):
                operations.authenticate(key=made.key, address=address)

    def test_writes_its_last_use_once_a_minute(self, merchant):
        made = make_key(merchant)
        now = datetime.now(UTC)

        def used_at():
            return queries.api_keys(merchant_id=merchant)[0].used_at

        operations.authenticate(key=made.key, address=HERE, now=now)
        assert used_at() == now
        operations.authenticate(key=made.key, address=HERE, now=now + timedelta(seconds=59))
        operations.forget_cached_keys()
        operations.authenticate(key=made.key, address=HERE, now=now + timedelta(seconds=59))
        assert used_at() == now
        operations.authenticate(key=made.key, address=HERE, now=now + timedelta(seconds=60))
        assert used_at() == now + timedelta(seconds=60)

    def test_costs_no_query_while_it_is_remembered(
        self, merchant, django_assert_num_queries, settings
    ):
        made = make_key(merchant)
        operations.authenticate(key=made.key, address=HERE)
        with django_assert_num_queries(0):
            operations.authenticate(key=made.key, address=HERE)

    def test_revoked_elsewhere_ends_within_three_seconds(self, merchant):
        made = make_key(merchant)
        operations.authenticate(key=made.key, address=HERE)
        # Another process revokes: nothing here is told.
        with acting_as(merchant):
            ApiKey.objects.filter(merchant_id=merchant).update(revoked_at=datetime.now(UTC))

        # What counts is when it was taken for the last time: a busy machine answers late.
        started = accepted = time.monotonic()
        while accepted - started <= 3:
            asked = time.monotonic()
            try:
                operations.authenticate(key=made.key, address=HERE)
            except KeyRefused:
                break
            accepted = asked
            time.sleep(0.05)
        assert accepted - started <= 3

    def test_waits_for_nobody_who_holds_its_row(self, merchant):
        made = make_key(merchant)
        with acting_as(merchant):
            ApiKey.objects.select_for_update().get(merchant_id=merchant, uid=made.uid)
            (known,) = at_once([partial(operations.authenticate, key=made.key, address=HERE)])

        assert isinstance(known, KeyIdentity)
        assert known.uid == made.uid

    def test_revoked_under_load_is_refused_from_then_on(self, merchant):
        made = make_key(merchant)
        revoked = threading.Event()
        late: list[str] = []

        def call() -> None:
            try:
                for _ in range(300):
                    known = revoked.is_set()
                    try:
                        operations.authenticate(key=made.key, address=HERE)
                    except KeyRefused:
                        continue
                    # A look-up that began before the revocation may live on for three seconds.
                    if known and time.monotonic() > deadline[0]:
                        late.append("let in")
            finally:
                connection.close()

        deadline = [float("inf")]
        threads = [threading.Thread(target=call) for _ in range(8)]
        for thread in threads:
            thread.start()
        operations.revoke_key(merchant_id=merchant, uid=made.uid, actor=ACTOR)
        deadline[0] = time.monotonic() + 3
        revoked.set()
        for thread in threads:
            thread.join()
        operations.forget_cached_keys()
        with pytest.raises(KeyRefused):
            operations.authenticate(key=made.key, address=HERE)
        assert late == []


class TestRevokeKey:
    def test_never_finds_somebody_elses(self, merchant, other_merchant):
        theirs = make_key(other_merchant)
        with pytest.raises(operations.UnknownKey):
            operations.revoke_key(merchant_id=merchant, uid=theirs.uid, actor=ACTOR)
        assert operations.authenticate(key=theirs.key, address=HERE).merchant_id == other_merchant

    def test_is_written_down_once(self, merchant):
        made = make_key(merchant)
        for _ in range(2):
            operations.revoke_key(merchant_id=merchant, uid=made.uid, actor=ACTOR)
        page = queries.audit_page(
            merchant_id=merchant, where=queries.AuditFilter(object_uid=made.uid)
        )
        assert [row.action for row in page.rows] == ["keys.revoke", "keys.create"]
        assert made.key not in str(page.rows)
