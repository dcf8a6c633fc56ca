-- Give a delivered unit another card, claimed as a sale claims. The order and the card that it has
-- are locked by earlier statements. One row; none when there is no free card: then nothing is done.
with clock as materialized (
    select clock_timestamp() + make_interval(secs => %(shift)s::float8) as now
),
need as materialized (
    select s.id as sku_id, 1 as wanted,
           case s.strategy
               when 0 then floor(random() * 2147483647)::bigint
               when 2 then greatest(coalesce(m.pick_key, 0), (extract(epoch from (select now from clock)) * 1000000)::bigint)
               else coalesce(m.pick_key, 0)
           end as start
    from order_line l
    join sku s on s.merchant_id = %(merchant)s::bigint and s.id = l.sku_id
    left join pick_mark m on m.merchant_id = %(merchant)s::bigint and m.sku_id = l.sku_id and m.pool_id = 0
    where l.merchant_id = %(merchant)s::bigint and l.id = %(line)s::bigint
),
{claim}
-- The former holder's allocation and that of the card that goes are closed before the new one is made.
former as (
    update allocation a set released_at = (select now from clock)
    from picked p
    where p.from_state = 1 and a.merchant_id = %(merchant)s::bigint and a.card_id = p.card_id
      and a.exclusive and a.released_at is null
    returning a.card_id
),
back as (
    update allocation a set released_at = (select now from clock)
    from picked p
    where a.merchant_id = %(merchant)s::bigint and a.line_id = %(line)s::bigint
      and a.unit_no = %(unit)s::int and a.released_at is null
    returning a.card_id
),
new_allocation as (
    insert into allocation (merchant_id, card_id, line_id, unit_no, exclusive, delivered_at)
    select %(merchant)s::bigint, card_id, %(line)s::bigint, %(unit)s::int, true, (select now from clock)
    from picked where (select count(*) from former) >= 0 and (select count(*) from back) = 1
),
sold as (
    update card c set state = 2, line_id = %(line)s::bigint, reserved_until = null, sold_at = (select now from clock)
    from picked p where c.merchant_id = %(merchant)s::bigint and c.id = p.card_id
    returning c.id, c.batch_id, c.cost_minor
),
moved as (
    insert into card_movement (merchant_id, sku_id, batch_id, from_state, to_state, cards, line_id, at)
    select %(merchant)s::bigint, sku_id, batch_id, from_state, 2, 1, %(line)s::bigint, (select now from clock)
    from picked
),
booked as (
    insert into transfer (merchant_id, debit, credit, amount_minor, currency, kind, document_kind, document_id, at)
    select %(merchant)s::bigint, 5100, 1400, coalesce(s.cost_minor, b.unit_cost_minor), b.currency, 4, 1,
           %(order)s::bigint, (select now from clock)
    from sold s
    join batch b on b.merchant_id = %(merchant)s::bigint and b.id = s.batch_id
    where coalesce(s.cost_minor, b.unit_cost_minor) > 0
),
story as (
    insert into timeline (merchant_id, order_id, event, actor_kind, actor_label, address, detail, at)
    select %(merchant)s::bigint, %(order)s::bigint, %(event)s::int, %(actor_kind)s::text, %(actor)s::text,
           %(address)s::text,
           jsonb_build_object('text', %(reason)s::text, 'line', %(line_no)s::int, 'unit', %(unit)s::int),
           (select now from clock)
    from picked
)
select id from sold
