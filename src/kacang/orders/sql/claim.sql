-- Part of a statement: for each row of need(sku_id, start, wanted) take free cards.
-- First from `start` upwards, then from the beginning (a mark may be stale, a random start may be
-- near the end), then cards whose reservation has run out, from their former holder (rules 1, 3, 7).
ahead as materialized (
    select n.sku_id, c.id, c.batch_id, c.pick_key
    from need n cross join lateral (
        select id, batch_id, pick_key from card
        where merchant_id = %(merchant)s::bigint and sku_id = n.sku_id and pool_id = 0 and state = 0
          and pick_key >= n.start and not is_loop
          and (expires_at is null or expires_at > (select now from clock))
        order by pick_key limit n.wanted for no key update skip locked
    ) c
),
still as materialized (
    select n.sku_id, n.start, n.wanted - (select count(*) from ahead a where a.sku_id = n.sku_id) as wanted
    from need n
),
behind as materialized (
    select n.sku_id, c.id, c.batch_id, c.pick_key
    from still n cross join lateral (
        select id, batch_id, pick_key from card
        where merchant_id = %(merchant)s::bigint and sku_id = n.sku_id and pool_id = 0 and state = 0
          and pick_key < n.start and not is_loop
          and (expires_at is null or expires_at > (select now from clock))
        order by pick_key limit n.wanted for no key update skip locked
    ) c
    where n.wanted > 0
),
at_last as materialized (
    select n.sku_id, n.wanted - (select count(*) from behind b where b.sku_id = n.sku_id) as wanted
    from still n
),
overdue as materialized (
    select n.sku_id, c.id, c.batch_id, c.pick_key
    from at_last n cross join lateral (
        select id, batch_id, pick_key from card
        where merchant_id = %(merchant)s::bigint and sku_id = n.sku_id and pool_id = 0 and state = 1
          and reserved_until <= (select now from clock)
          and (expires_at is null or expires_at > (select now from clock))
        order by reserved_until limit n.wanted for no key update skip locked
    ) c
    where n.wanted > 0
),
picked as materialized (
    select sku_id, id as card_id, batch_id, from_state,
           row_number() over (partition by sku_id order by stage, pick_key) as nth
    from (
        select sku_id, id, batch_id, pick_key, 0 as from_state, 0 as stage from ahead
        union all select sku_id, id, batch_id, pick_key, 0, 1 from behind
        union all select sku_id, id, batch_id, pick_key, 1, 2 from overdue
    ) c
),
