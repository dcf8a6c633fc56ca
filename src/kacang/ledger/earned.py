"""What was earned, as a relation for those who share in it (F4); what is deferred, for its proof.

Other rooms may read these columns and no others; the statement that does is theirs. Parameters:
`merchant`, and for what was earned `currency`.
"""

from kacang.ledger.accounts import Account

_REVENUE = f"({int(Account.REVENUE)}, {int(Account.GIFT_CARD_DIFFERENCE)})"
# A row for each transfer that touches revenue: positive where it grows, negative where a refund
# or a reversal takes from it. What gift cards were sold below their worth takes from it as well.
EARNED = f"""
select t.id as transfer_id, t.at, t.document_kind, t.document_id,
       case when t.credit in {_REVENUE} then t.amount_minor else -t.amount_minor end as base_minor
from transfer t
where t.merchant_id = %(merchant)s::bigint and t.currency = %(currency)s::text
  and (t.credit in {_REVENUE} or t.debit in {_REVENUE})
"""  # noqa: S608 - our own text
_DEFERRED = int(Account.DEFERRED_REVENUE)
# One row: what stands on deferred revenue, all currencies together.
DEFERRED = f"""
select coalesce(sum(case when t.credit = {_DEFERRED} then t.amount_minor else -t.amount_minor end),
                0)::bigint as minor
from transfer t
where t.merchant_id = %(merchant)s::bigint and (t.credit = {_DEFERRED} or t.debit = {_DEFERRED})
"""  # noqa: S608 - our own text
