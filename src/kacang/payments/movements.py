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
union all
-- Refunds that the company has named; those by hand and to wallets are in no bill of its.
select 1::smallint, f.provider_ref, coalesce(r.payment_number, f.said::varchar(64)),
       case when f.way = 2 then '' else f.number end, f.amount_minor, f.currency,
       f.state in (3, 7), coalesce(f.ended_at, f.sent_at, f.asked_at)
from refund f
left join receipt r on r.merchant_id = f.merchant_id and r.id = f.receipt_id
where f.merchant_id = %(merchant)s::bigint and f.account_id = %(account)s::bigint
  and f.provider_ref <> '' and f.way in (0, 2)
"""
