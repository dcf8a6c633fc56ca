-- Part of deliver.sql for orders that a rule of review holds: nothing is given, and what is reserved
-- for them stays so until somebody has looked. Units of an order that came too late wait again.
done as materialized (
    select * from asked
),
line as materialized (
    select d.order_id, l.id
    from done d
    cross join lateral (
        select id from order_line
        where merchant_id = %(merchant)s::bigint and order_id = d.order_id offset 0
    ) l
),
lasting as (
    update allocation a set reserved_until = (select now from clock) + interval '10 years'
    from line l
    where a.merchant_id = %(merchant)s::bigint and a.line_id = l.id and a.exclusive and a.released_at is null
    returning a.card_id, a.line_id
),
card_lasting as (
    update card c set reserved_until = (select now from clock) + interval '10 years'
    from lasting k
    where c.merchant_id = %(merchant)s::bigint and c.id = k.card_id and c.line_id = k.line_id and c.state + 0 = 1
),
awaited as (
    update order_unit u set state = 0
    from line l where u.merchant_id = %(merchant)s::bigint and u.line_id = l.id and u.state = 3
),
given as materialized (
    select null::bigint as order_id, null::bigint as line_id, null::int as unit_no, null::bigint as card_id,
           null::bigint as batch_id, null::bigint as sku_id, null::int as from_state, false as is_own,
           null::bigint as owed_minor
    where false
),
looped as materialized (
    select null::bigint as line_id, null::int as unit_no, null::bigint as card_id where false
),
served as materialized (
    select null::bigint as order_id, null::bigint as line_id, null::int as unit_no, false as is_given
    where false
),
