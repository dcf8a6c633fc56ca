-- Second statement of settling: look at everything again, now that the orders are locked.
select n.id as notice, n.notice_id, n.acted_at is not null as acted, n.is_final, n.payment_number,
       n.amount_minor, n.currency,
       r.id as receipt, r.payment_number as receipt_payment, r.amount_minor as receipt_amount,
       r.currency as receipt_currency, r.fit as receipt_fit,
       p.id as payment, p.state as payment_state, p.amount_minor as payment_amount,
       p.currency as payment_currency,
       r.amount_minor + (
           select coalesce(sum(x.amount_minor), 0)::bigint from receipt x
           where x.merchant_id = n.merchant_id and x.payment_id = p.id and x.currency = p.currency
             and x.fit in (0, 1) and x.id <> r.id) as received,
       o.id as order_id, o.number, o.state as order_state, o.payable_minor, o.currency as order_currency,
       o.held_counters,
       o.state = 6 or o.pay_by <= clock_timestamp() + make_interval(secs => %(shift)s::float8) as is_late
from notice n
left join receipt r on r.account_id = n.account_id and r.provider_number = n.provider_number
                   and r.merchant_id = n.merchant_id
left join payment p on p.merchant_id = n.merchant_id and p.number = n.payment_number
                   and p.account_id = n.account_id
left join sale_order o on o.merchant_id = p.merchant_id and o.id = p.order_id
where n.merchant_id = %(merchant)s::bigint and n.account_id = %(account)s::bigint
  and n.notice_id = any(%(n_id)s::text[])
