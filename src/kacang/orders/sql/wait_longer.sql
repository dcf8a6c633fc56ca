-- Wait longer for an order's money, and keep its cards as long. The order is locked by an earlier
-- statement; no row when its time is over already. One row for each line, of goods too.
with clock as materialized (
    select clock_timestamp() + make_interval(secs => %(shift)s::float8) as now
),
waits as (
    update sale_order o
    set pay_by = greatest(o.pay_by, case when %(since_now)s::boolean then (select now from clock) else o.created_at end
                                    + make_interval(secs => %(seconds)s::float8))
    where o.merchant_id = %(merchant)s::bigint and o.id = %(order)s::bigint and o.state = 0
      and o.pay_by > (select now from clock)
    returning o.id, o.pay_by
),
line as materialized (
    select l.id, w.pay_by from waits w
    join order_line l on l.merchant_id = %(merchant)s::bigint and l.order_id = w.id
),
kept as (
    update allocation a set reserved_until = l.pay_by from line l
    where a.merchant_id = %(merchant)s::bigint and a.line_id = l.id and a.exclusive and a.released_at is null
    returning a.card_id, a.line_id
),
card_kept as (
    update card c set reserved_until = l.pay_by from kept k join line l on l.id = k.line_id
    where c.merchant_id = %(merchant)s::bigint and c.id = k.card_id and c.line_id = k.line_id and c.state = 1
)
select w.pay_by, l.id from waits w left join line l on true
