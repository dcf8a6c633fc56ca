-- What rules of review ask of orders themselves, row by row through the indexes. Deposits are no
-- sale, and what costs nothing is delivered when it is placed.
select o.id, o.number, o.channel, o.payable_minor, o.email, o.phone, l.quantity, l.kinds, o.discount_minor,
       o.currency, coalesce(o.paid_at, clock_timestamp() + make_interval(secs => %(shift)s::float8)) as at
from unnest(%(orders)s::bigint[]) as w(id)
cross join lateral (
    select id, number, channel, payable_minor, email, phone, discount_minor, currency, paid_at from sale_order
    where merchant_id = %(merchant)s::bigint and id = w.id offset 0
) o
cross join lateral (
    select coalesce(sum(quantity), 0)::int as quantity, coalesce(string_agg(distinct kind, ','), '') as kinds
    from order_line where merchant_id = %(merchant)s::bigint and order_id = o.id offset 0
) l
where o.channel in ('shop', 'api', 'staff') and o.payable_minor > 0
