-- Part of place.sql for nearly every order: free cards from the start upwards, nothing else.
-- Orders that this does not fill are placed by `place_thorough.sql`. A plan with every case in it
-- takes twice as long to set up.
picked as materialized (
    select n.sku_id, c.id as card_id, c.batch_id, 0 as from_state,
           row_number() over (partition by n.sku_id order by c.pick_key) as nth
    from need n cross join lateral (
        select id, batch_id, pick_key from card
        where merchant_id = %(merchant)s::bigint and sku_id = n.sku_id and pool_id = 0 and state = 0
          and pick_key >= n.start and not is_loop
          and (expires_at is null or expires_at > (select now from clock))
        order by pick_key limit n.wanted for no key update skip locked
    ) c
),
held as materialized (
    select min(number) as number, min(line_no) as line_no, min(unit_no) as unit_no,
           min(card_id) as card_id, min(batch_id) as batch_id, sku_id, min(from_state) as from_state
    from ( -- side by side and grouped, not joined: ten thousand units must not meet ten thousand cards
        select sku_id, nth, number, line_no, unit_no, null::bigint as card_id, null::bigint as batch_id, null::int as from_state
        from slot
        union all select sku_id, nth, null, null, null, card_id, batch_id, from_state from picked
    ) p
    group by sku_id, nth having count(*) = 2
),
