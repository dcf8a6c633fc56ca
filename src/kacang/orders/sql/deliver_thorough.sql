-- Part of deliver.sql for every case: the order's own cards, then free ones, loop cards; the rest
-- is marked short.
done as materialized (
    select * from asked
),
unit as materialized (
    select d.order_id, l.id as line_id, l.sku_id, l.stock_mode, l.is_chosen, u.unit_no
    from done d
    cross join lateral (
        select id, sku_id, stock_mode, is_chosen from order_line
        where merchant_id = %(merchant)s::bigint and order_id = d.order_id and stock_mode <> 2 offset 0
    ) l
    cross join lateral (
        select unit_no from order_unit
        where merchant_id = %(merchant)s::bigint and line_id = l.id and state not in (2, 5) offset 0
    ) u
),
own as materialized (
    select u.line_id, u.unit_no, c.id as card_id, c.batch_id, c.sku_id
    from unit u
    cross join lateral (
        select card_id from allocation
        where merchant_id = %(merchant)s::bigint and line_id = u.line_id and unit_no = u.unit_no
          and exclusive and released_at is null limit 1
    ) a
    cross join lateral (
        select id, batch_id, sku_id from card
        where merchant_id = %(merchant)s::bigint and id = a.card_id and line_id = u.line_id
          and state + 0 = 1 -- by its id: an index of all reserved cards must look tempting to nobody
        for no key update
    ) c
),
-- Sets are put side by side and grouped, not joined: the planner expects few rows, and would loop
-- over ten thousand units ten thousand times.
lack as materialized (
    select line_id, unit_no, sku_id, row_number() over (partition by sku_id order by line_id, unit_no) as nth
    from (
        select line_id, unit_no, sku_id from unit where stock_mode = 0 and not is_chosen
        union all select line_id, unit_no, sku_id from own
        union all select line_id, unit_no, sku_id from own
    ) u
    group by line_id, unit_no, sku_id having count(*) = 1
),
need as materialized (
    select k.sku_id, k.wanted,
           case s.strategy
               when 0 then floor(random() * 2147483647)::bigint
               when 2 then greatest(coalesce(m.pick_key, 0), (extract(epoch from (select now from clock)) * 1000000)::bigint)
               else coalesce(m.pick_key, 0)
           end as start
    from (select sku_id, count(*)::int as wanted from lack group by sku_id) k
    join sku s on s.merchant_id = %(merchant)s::bigint and s.id = k.sku_id
    left join pick_mark m on m.merchant_id = %(merchant)s::bigint and m.sku_id = k.sku_id and m.pool_id = 0
),
{claim}
looped as materialized (
    select u.line_id, u.unit_no, c.id as card_id
    from unit u cross join lateral (
        select id from card
        where merchant_id = %(merchant)s::bigint and sku_id = u.sku_id and pool_id = 0 and state = 0
          and is_loop and (expires_at is null or expires_at > (select now from clock))
        order by pick_key limit 1
    ) c
    where u.stock_mode = 1
),
paired as materialized (
    select sku_id, max(line_id) as line_id, max(unit_no) as unit_no, max(card_id) as card_id,
           max(batch_id) as batch_id, max(from_state) as from_state
    from (
        select sku_id, nth, line_id, unit_no, null::bigint as card_id, null::bigint as batch_id, null::int as from_state
        from lack
        union all select sku_id, nth, null, null, card_id, batch_id, from_state from picked
    ) p
    group by sku_id, nth having count(*) = 2
),
handed as materialized (
    select line_id, unit_no, card_id, batch_id, sku_id, 1 as from_state, true as is_own from own
    union all
    select line_id, unit_no, card_id, batch_id, sku_id, from_state, false from paired
),
{claims}served as materialized (
    select max(order_id) as order_id, line_id, unit_no, bool_or(is_given) as is_given
    from (
        select order_id, line_id, unit_no, false as is_given from unit
        union all select null, line_id, unit_no, true from given
        union all select null, line_id, unit_no, true from looped
    ) u
    group by line_id, unit_no
),
