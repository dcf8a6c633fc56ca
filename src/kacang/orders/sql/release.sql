-- Cancel unpaid orders: their cards go back, their counters are let go. The orders are locked by
-- an earlier statement.
with clock as materialized (
    select clock_timestamp() + make_interval(secs => %(shift)s::float8) as now
),
gone as materialized (
    select * from unnest(%(o_id)s::bigint[]) as g(order_id)
),
line as materialized (
    select l.id from gone g
    cross join lateral (
        select id from order_line
        where merchant_id = %(merchant)s::bigint and order_id = g.order_id offset 0
    ) l
),
back as materialized (
    select c.id, c.sku_id, c.pool_id, c.batch_id, c.pick_key, l.id as line_id
    from line l
    cross join lateral (
        select card_id from allocation
        where merchant_id = %(merchant)s::bigint and line_id = l.id and exclusive and released_at is null offset 0
    ) a
    cross join lateral (
        select id, sku_id, pool_id, batch_id, pick_key from card
        where merchant_id = %(merchant)s::bigint and id = a.card_id and state + 0 = 1 and line_id = l.id
        for no key update
    ) c
),
freed as (
    update card c set state = 0, line_id = null, reserved_until = null
    from back b where c.merchant_id = %(merchant)s::bigint and c.id = b.id
    returning c.id
),
released as (
    update allocation a set released_at = (select now from clock)
    from line l where a.merchant_id = %(merchant)s::bigint and a.line_id = l.id and a.released_at is null
),
dropped as (
    update order_unit u set state = 3
    from line l where u.merchant_id = %(merchant)s::bigint and u.line_id = l.id
),
cancelled as (
    update sale_order o
    set state = 6, cancelled_at = (select now from clock), held_counters = null, limit_counters = null
    from gone g where o.merchant_id = %(merchant)s::bigint and o.id = g.order_id
),
-- The companies are asked at once, then told to take no more: see `paying.ask_about` (P3).
asked as (
    update payment p set ask_at = clock_timestamp()
    from gone g where p.merchant_id = %(merchant)s::bigint and p.order_id = g.order_id and p.state = 0
),
moved as (
    insert into card_movement (merchant_id, sku_id, pool_id, batch_id, from_state, to_state, cards, line_id, at)
    select %(merchant)s::bigint, sku_id, pool_id, batch_id, 1, 0, count(*), line_id, (select now from clock)
    from back group by sku_id, pool_id, batch_id, line_id
),
lowered as (
    update pick_mark m set pick_key = b.pick_key
    from (select sku_id, pool_id, min(pick_key) as pick_key from back group by sku_id, pool_id) b
    where m.merchant_id = %(merchant)s::bigint and m.sku_id = b.sku_id and m.pool_id = b.pool_id
      and m.pick_key > b.pick_key
),
story as (
    insert into timeline (merchant_id, order_id, event, actor_kind, actor_label, detail, address, at)
    select %(merchant)s::bigint, order_id, %(event)s::int, %(actor_kind)s::text, %(actor)s::text,
           jsonb_build_object('reason', %(reason)s::text), %(address)s::text, (select now from clock)
    from gone
),
news as (
    insert into outbox (merchant_id, kind, payload)
    select %(merchant)s::bigint, 'orders.cancelled', jsonb_build_object('order_id', o.id)
    from gone g join sale_order o on o.merchant_id = %(merchant)s::bigint and o.id = g.order_id
),
counters as materialized (
    select decode(key, 'hex') as key, times from jsonb_to_recordset(%(counters)s::jsonb) as u(key text, times int)
    limit %(all)s::bigint
),
counted as materialized (
    select c.key, k.times from counter c
    join (select key, sum(times)::int as times from counters group by key) k
      on k.key = c.key
    where c.merchant_id = %(merchant)s::bigint and (select count(*) from freed) >= 0
    order by c.key for no key update of c
),
let_go as (
    update counter c set used = greatest(c.used - k.times, 0)
    from counted k where c.merchant_id = %(merchant)s::bigint and c.key = k.key
)
select count(*) from freed
