-- Second statement of settling: look at everything again, now that the orders are locked.
-- `offset 0`: row by row through the unique indexes, whatever statistics say.
select n.id as notice, n.notice_id, n.acted_at is not null as acted, n.is_final, n.payment_number,
       n.amount_minor, n.currency,
       r.id as receipt, r.payment_number as receipt_payment, r.amount_minor as receipt_amount,
       r.currency as receipt_currency, r.fit as receipt_fit, coalesce(r.back_minor > 0, false) as is_going_back,
       p.id as payment, p.state as payment_state, p.amount_minor as payment_amount,
       p.currency as payment_currency,
       r.amount_minor + (
           select coalesce(sum(x.amount_minor), 0)::bigint from receipt x
           where x.merchant_id = %(merchant)s::bigint and x.payment_id = p.id and x.currency = p.currency
             and x.fit in (0, 1) and x.back_minor = 0 and x.id <> r.id) as received,
       o.id as order_id, o.number, o.state as order_state, o.payable_minor, o.currency as order_currency,
       o.held_counters,
       o.state = 6 or o.pay_by <= clock_timestamp() + make_interval(secs => %(shift)s::float8) as is_late,
       o.has_goods or o.channel = 'deposit' as has_goods, -- what asks more than the vault
       -- Of which list of rules an order has to be asked; null where none is on (O9).
       (select stamp from review_book where merchant_id = %(merchant)s::bigint and rules_on > 0) as rules
from notice n
left join lateral (
    select id, payment_number, amount_minor, currency, fit, back_minor from receipt
    where account_id = %(account)s::bigint and provider_number = n.provider_number
      and merchant_id = %(merchant)s::bigint offset 0
) r on true
left join lateral (
    select id, order_id, state, amount_minor, currency from payment
    where number = n.payment_number and merchant_id = %(merchant)s::bigint
      and account_id = %(account)s::bigint offset 0
) p on true
left join lateral (
    select id, number, state, payable_minor, currency, held_counters, pay_by, has_goods, channel from sale_order
    where merchant_id = %(merchant)s::bigint and id = p.order_id offset 0
) o on true
where n.merchant_id = %(merchant)s::bigint and n.account_id = %(account)s::bigint
  and n.notice_id = any(%(n_id)s::text[])
