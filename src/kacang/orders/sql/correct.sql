-- Give a delivered unit the corrected card that this transaction has brought in for it. The order
-- and the card that the unit has are locked by earlier statements. Nothing is booked: the corrected
-- card came in for nothing, and what the wrong one cost was booked when it was sold.
with clock as materialized (
    select clock_timestamp() + make_interval(secs => %(shift)s::float8) as now
),
back as (
    update allocation a set released_at = (select now from clock)
    where a.merchant_id = %(merchant)s::bigint and a.line_id = %(line)s::bigint
      and a.unit_no = %(unit)s::int and a.released_at is null
    returning a.card_id
),
sold as (
    update card c set state = 2, line_id = %(line)s::bigint, sold_at = (select now from clock)
    where c.merchant_id = %(merchant)s::bigint and c.id = %(card)s::bigint and c.state = 0
      and (select count(*) from back) = 1
    returning c.id, c.sku_id, c.pool_id, c.batch_id
),
new_allocation as (
    insert into allocation (merchant_id, card_id, line_id, unit_no, exclusive, delivered_at)
    select %(merchant)s::bigint, id, %(line)s::bigint, %(unit)s::int, true, (select now from clock) from sold
),
moved as (
    insert into card_movement (merchant_id, sku_id, pool_id, batch_id, from_state, to_state, cards, line_id, at)
    select %(merchant)s::bigint, sku_id, pool_id, batch_id, 0, 2, 1, %(line)s::bigint, (select now from clock)
    from sold
),
story as (
    insert into timeline (merchant_id, order_id, event, actor_kind, actor_label, address, detail, at)
    select %(merchant)s::bigint, %(order)s::bigint, %(event)s::int, %(actor_kind)s::text, %(actor)s::text,
           %(address)s::text,
           jsonb_build_object('text', %(reason)s::text, 'line', %(line_no)s::int, 'unit', %(unit)s::int),
           (select now from clock)
    from sold
)
select id from sold
