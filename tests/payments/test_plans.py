"""Rule 16: money, messages, limits and books are listed by index, whatever history there is."""

import re
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kacang.ledger import queries as ledger
from kacang.ledger.accounts import DocumentKind
from kacang.ledger.queries import EntryFilter
from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from kacang.merchants.tenancy import acting_as
from kacang.messages import queries as messages
from kacang.messages.bell import reading
from kacang.messages.bell.readers import Reader
from kacang.messages.queries import MessageFilter, MessageState
from kacang.messages.webhooks import queries as webhooks
from kacang.payments import listing
from kacang.risk import operations as risk
from kacang.risk import queries as blacklist
from kacang.shared.ids import new_uid
from tests import make

FILL = """
insert into payment (merchant_id, number, order_id, account_id, amount_minor, currency, created_at)
select m, 'Planned' || m || 'x' || n, (select min(id) from sale_order where merchant_id = m),
       (select min(id) from account where merchant_id = m), 100, 'CNY', now()
from unnest(%(m)s::bigint[]) m, generate_series(1, 8000) n;
insert into receipt (merchant_id, account_id, payment_id, payment_number, provider_number,
                     amount_minor, currency, fit, seen_at)
select merchant_id, account_id, id, number, 'sb' || number, 100, 'CNY',
       case when id % 2000 = 0 then 2 else 0 end, now() from payment where number like 'Planned%';
insert into notice (merchant_id, account_id, notice_id, payment_number, provider_number,
                    amount_minor, currency, is_final, raw, received_at, acted_at)
select merchant_id, account_id, 'n' || number, number, 'sb' || number, 100, 'CNY', true, '{}',
       now(), now() from payment where number like 'Planned%';
insert into transfer (merchant_id, debit, credit, amount_minor, currency, kind, document_kind,
                      document_id)
select merchant_id, 1100, 2200, 100, 'CNY', 1, 2, id from payment where number like 'Planned%';
insert into message (merchant_id, uid, channel, event, language, recipient, context, once, state,
                     tries, error, company, account, company_number, parts,
                     price_milli, report_asks, is_asked_for, created_at)
select merchant_id, 'p' || number, case when id % 9 = 0 then 'in_app' else 'email' end,
       'staff.suspense', 'en', 'b' || id || '@example.com', '{}', number,
       case when id % 500 = 0 then 2 else 1 end, 1, '', '', '', '', 0, 0, 0, false, now()
from payment where number like 'Planned%';
insert into notice_read (merchant_id, member_uid, message_id, read_at)
select merchant_id, 'mem_planned', id, now() from message where channel = 'in_app' and id % 2 = 0;
insert into webhook_endpoint (merchant_id, uid, url, note, events, secret, state, failures,
                              created_at)
select m, 'whe_planned' || m, 'https://erp.example.com/', '', '[]', '', 0, 0, now()
from unnest(%(m)s::bigint[]) m;
insert into webhook_message (merchant_id, uid, endpoint_id, event, once, data, state, tries, status,
                             error, created_at)
select p.merchant_id, 'w' || p.number, e.id, 'order.paid', p.number, '{}',
       case when p.id % 500 = 0 then 2 else 1 end, 1, 200, '', now()
from payment p join webhook_endpoint e on e.merchant_id = p.merchant_id
where p.number like 'Planned%';
insert into webhook_try (merchant_id, message_uid, status, milliseconds)
select merchant_id, uid, 200, 30 from webhook_message where uid like 'wPlanned%';
insert into counter (merchant_id, key, scope, used, cap)
select merchant_id, substring(decode(md5(number), 'hex') from 1 for 16), 1, 1, 9
from payment where number like 'Planned%'
"""
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
# So small that reading it whole is the right plan.
MONTH = re.compile(r"_(20\d{4}|default)$")
SMALL = {
    "account", "block", "message_wording", "notice_seen", "sale_order", "webhook_endpoint",
}  # fmt: skip
READER = Reader("mem_planned", frozenset({"staff.account_paused"}))


@pytest.fixture(scope="module")
def filled(database) -> int:
    merchants = [
        open_merchant(slug=f"plan-{new_uid('x')[2:].lower()}", name="P", kind=MerchantKind.DEMO)
        for _ in range(3)
    ]
    for merchant in merchants:
        make.account(merchant)
        make.order(make.sku(merchant))
    with psycopg.connect(database.dsn("kacang_owner"), autocommit=True) as owner:
        for text in FILL.split(";\n"):
            owner.execute(text, {"m": merchants} if "%(m)s" in text else None)
    with psycopg.connect(database.dsn("superuser"), autocommit=True) as admin:
        admin.execute("analyze")
    return merchants[0]


LISTS = {
    "suspense": lambda m: listing.suspense_page(merchant_id=m),
    "suspense count": lambda m: listing.suspense_count(merchant_id=m),
    "books": lambda m: ledger.entries(merchant_id=m),
    "books, later": lambda m: ledger.entries(merchant_id=m, before_id=9000),
    "books of a document": lambda m: ledger.entries(
        merchant_id=m, wanted=EntryFilter(document=(DocumentKind.RECEIPT, [77]))
    ),
    # By the order of booking alone: an index of times would sort the period for each part.
    "books, for an export": lambda m: ledger.entries_after(
        merchant_id=m, wanted=EntryFilter(since=LONG_AGO), after_id=9000, until_id=2**60, limit=200
    ),
    "messages": lambda m: messages.log(merchant_id=m),
    "failed messages": lambda m: messages.log(
        merchant_id=m, where=MessageFilter(state=MessageState.FAILED)
    ),
    "messages by a channel": lambda m: messages.log(
        merchant_id=m, where=MessageFilter(channel="in_app")
    ),
    "messages to somebody": lambda m: messages.log(
        merchant_id=m, where=MessageFilter(recipient="b77@example.com")
    ),
    "webhook's messages": lambda m: webhooks.hooks(merchant_id=m, endpoint_uid=f"whe_planned{m}"),
    "webhook's failures": lambda m: webhooks.hooks(
        merchant_id=m, endpoint_uid=f"whe_planned{m}", state=webhooks.HookState.FAILED
    ),
    "webhook's tries": lambda m: webhooks.tries_of(merchant_id=m, uid=f"wPlanned{m}x77"),
    "notices": lambda m: reading.notices(merchant_id=m, reader=READER, language="en"),
    "unread count": lambda m: reading.unread_count(merchant_id=m, reader=READER),
    "blacklist": lambda m: blacklist.blocks(merchant_id=m),
    "a counter": lambda m: blacklist.used(merchant_id=m, key=b"\1" * 16),
    "giving back": lambda m: risk.release(merchant_id=m, taken=[(b"\1" * 16, 1)]),
}
# What a sort of a handful of rows is nothing to.
FEW = {"giving back", "books of a document", "webhook's tries"}
INDEXED = {
    "suspense": "receipt_suspense",
    "suspense count": "receipt_suspense",
    "books of a document": "transfer_document",
    "books, for an export": "transfer_pkey",
    "failed messages": "message_failed",
    "messages to somebody": "message_recipient",
    "webhook's failures": "webhook_message_failed",
    "webhook's messages": "webhook_message_recent",
    "webhook's tries": "message_uid_at_idx",
    "notices": "message_notices",
    "unread count": "message_notices",
    "a counter": "counter_pkey",
    "giving back": "counter_pkey",
}


@pytest.mark.parametrize("name", LISTS)
def test_goes_by_index_and_sorts_no_table(filled, name):
    with CaptureQueriesContext(connection) as ran:
        LISTS[name](filled)

    asked = [
        query["sql"]
        for query in ran
        if query["sql"].lstrip().startswith(("SELECT", "select", "with", "\nwith"))
    ]
    assert asked
    plans = []
    with acting_as(filled), connection.cursor() as cursor:
        for sql in asked:
            cursor.execute("explain (costs off) " + sql.replace("%", "%%"), [])
            plan = "\n".join(row[0] for row in cursor.fetchall())
            plans.append(plan)
            # Months without rows are read whole, in no time.
            scans = {one for one in re.findall(r"Seq Scan on (\w+)", plan) if not MONTH.search(one)}
            assert scans <= SMALL, plan
            if not scans and name not in FEW:
                assert "Sort" not in plan, plan
    if name in INDEXED:
        assert any(INDEXED[name] in plan for plan in plans), plans
