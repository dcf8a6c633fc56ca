-- Deliver what orders wait for. The orders are locked by an earlier statement; one row for each
-- order that this looked after. The part put in says what each unit gets, and which orders are `done`:
-- `deliver_quick.sql` when all their cards are still theirs, `deliver_thorough.sql` in every case.
with clock as materialized (
    select clock_timestamp() + make_interval(secs => %(shift)s::float8) as now
),
asked as materialized (
    select * from jsonb_to_recordset(%(due)s::jsonb) as d(
        order_id bigint, payment_id bigint, event int, hold_reason text, actor_kind text, actor_label text{due})
    limit %(all)s::bigint -- all of them; the planner then expects few, not a hundred
),
money as materialized (
    select * from jsonb_to_recordset(%(money)s::jsonb) as r(
        receipt_id bigint, payment_id bigint, amount_minor bigint, currency text, is_old boolean, waited boolean)
    limit %(all)s::bigint
),
{found}kept as (
    update allocation a set delivered_at = (select now from clock)
    from given g
    where g.is_own and a.merchant_id = %(merchant)s::bigint and a.line_id = g.line_id
      and a.unit_no = g.unit_no and a.released_at is null
),
sold as (
    update card c set state = 2, line_id = g.line_id, reserved_until = null, sold_at = (select now from clock){owed}
    from given g where c.merchant_id = %(merchant)s::bigint and c.id = g.card_id
    returning c.line_id, c.batch_id, c.cost_minor
),
moved as (
    insert into card_movement (merchant_id, sku_id, batch_id, from_state, to_state, cards, line_id, at)
    select %(merchant)s::bigint, sku_id, batch_id, from_state, 2, count(*), line_id, (select now from clock)
    from given group by sku_id, batch_id, from_state, line_id
),
fulfilled as (
    update order_unit u
    set state = case when s.is_given then 2 else 1 end,
        delivered_at = case when s.is_given then (select now from clock) end
    from served s
    where u.merchant_id = %(merchant)s::bigint and u.line_id = s.line_id and u.unit_no = s.unit_no
),
counts as materialized (
    select order_id, count(*) as units, count(*) filter (where is_given) as delivered
    from served group by order_id
),
outcome as materialized (
    select d.*, coalesce(c.units, 0){all_units} as units, coalesce(c.delivered, 0){all_given} as delivered
    from done d left join counts c on c.order_id = d.order_id
),
settled as (
    update sale_order o
    set state = case when t.units = t.delivered then {whole} else 9 end,
        hold_reason = {reason},
        paid_at = coalesce(o.paid_at, (select now from clock)),
        delivered_at = case when t.units = t.delivered{none_owed} then (select now from clock) end,
        held_counters = null
    from outcome t where o.merchant_id = %(merchant)s::bigint and o.id = t.order_id
    returning o.id, o.state, o.payable_minor - o.refund_minor as earned_minor, o.currency
),
paid as (
    update payment p set state = 1, paid_at = (select now from clock), ask_at = null
    from done d where p.merchant_id = %(merchant)s::bigint and p.id = d.payment_id
),
{extra}cost as materialized (
    select l.order_id, sum(coalesce(s.cost_minor, b.unit_cost_minor))::bigint as minor, b.currency
    from sold s
    join order_line l on l.merchant_id = %(merchant)s::bigint and l.id = s.line_id
    join batch b on b.merchant_id = %(merchant)s::bigint and b.id = s.batch_id
    where coalesce(s.cost_minor, b.unit_cost_minor) > 0
    group by l.order_id, b.currency
),
booked as (
    insert into transfer (merchant_id, debit, credit, amount_minor, currency, kind, document_kind, document_id, at)
    select %(merchant)s::bigint, case when waited then 2900 else 1100 end, 2200, amount_minor, currency,
           case when waited then 8 else 1 end, 2, receipt_id, (select now from clock)
    from money where payment_id in (select payment_id from done)
    union all
{parts}    select %(merchant)s::bigint, 2200, 4100, {earned}, currency, 3, 1, id, (select now from clock)
    from settled where state = 4 and {earned} > 0
    union all
    select %(merchant)s::bigint, 5100, 1400, minor, currency, 4, 1, order_id, (select now from clock) from cost
),
story as (
    insert into timeline (merchant_id, order_id, event, actor_kind, actor_label, detail, at)
    select %(merchant)s::bigint, order_id, event, actor_kind, actor_label, '{}'::jsonb, (select now from clock)
    from done where event > 0
    union all
    select %(merchant)s::bigint, order_id, case when units = delivered then {told} else 4 end, 'system', '',
           jsonb_build_object('units', units, 'delivered', delivered), (select now from clock)
    from outcome
),
news as (
    insert into outbox (merchant_id, kind, payload)
    select %(merchant)s::bigint, case when units = delivered then {news} else 'orders.on_hold' end,
           jsonb_build_object('order_id', order_id)
    from outcome
),
counters as materialized (
    select order_id, decode(key, 'hex') as key, times
    from jsonb_to_recordset(%(counters)s::jsonb) as u(order_id bigint, key text, times int)
    limit %(all)s::bigint
),
counted as materialized (
    select c.key, k.times from counter c
    join (select key, sum(times)::int as times from counters
          where order_id in (select order_id from done) group by key) k
      on k.key = c.key
    where c.merchant_id = %(merchant)s::bigint and (select count(*) from sold) >= 0
    order by c.key for no key update of c
),
let_go as (
    update counter c set used = greatest(c.used - k.times, 0)
    from counted k where c.merchant_id = %(merchant)s::bigint and c.key = k.key
)
select order_id, units, delivered from outcome
