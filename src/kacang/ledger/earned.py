"""What was earned, as a relation for those who share in it (F4).

Other rooms may read these columns and no others; the statement that does is theirs. Parameters:
`merchant`, `currency`.
"""

from kacang.ledger.accounts import Account

_REVENUE = int(Account.REVENUE)
# A row for each transfer that touches revenue: positive where it grows, negative where a refund
# or a reversal takes from it.
EARNED = f"""
select t.id as transfer_id, t.at, t.document_kind, t.document_id,
       case when t.credit = {_REVENUE} then t.amount_minor else -t.amount_minor end as base_minor
from transfer t
where t.merchant_id = %(merchant)s::bigint and t.currency = %(currency)s::text
  and (t.credit = {_REVENUE} or t.debit = {_REVENUE})
"""  # noqa: S608 - our own text
