"""Money that moved at companies, as a relation for those who set it beside bills (F2).

Other rooms may read these columns and no others; the statement that does is theirs. Parameters:
`merchant`, `account`.
"""

# what: 0 a payment, 1 a refund. `amount_minor` is positive. `at` is when we heard of it, which is
# not before the company has booked it.
MOVEMENTS = """
select 0::smallint as what, r.provider_number, r.payment_number, ''::varchar as refund_number,
       r.amount_minor, r.currency, true as is_done, r.seen_at as at
from receipt r
where r.merchant_id = %(merchant)s::bigint and r.account_id = %(account)s::bigint
"""
