-- Part of place.sql for every case: chosen cards, loop cards, the last cards, overdue ones.
{claim}
wished as materialized (
    select number, line_no, unit_no, sku_id, card_id
    from jsonb_to_recordset(%(chosen)s::jsonb)
         as w(number text, line_no int, unit_no int, sku_id bigint, card_id bigint)
    limit %(all)s::bigint
),
chosen as materialized (
    select w.number, w.line_no, w.unit_no, c.id as card_id, c.batch_id, c.sku_id, c.state as from_state
    from wished w
    join card c on c.merchant_id = %(merchant)s::bigint and c.id = w.card_id and c.sku_id = w.sku_id
    where c.pool_id = 0 and not c.is_loop
      and (c.state = 0 or (c.state = 1 and c.reserved_until <= (select now from clock)))
      and (c.expires_at is null or c.expires_at > (select now from clock))
    order by c.id -- of two who want the same pair, whoever gets the first gets both
    for no key update of c skip locked
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
    union all
    select number, line_no, unit_no, card_id, batch_id, sku_id, from_state from chosen
),
looped as materialized (
    select a.number, a.line_no, a.quantity from ask a
    where a.stock_mode = 1 and exists (
        select from card c
        where c.merchant_id = %(merchant)s::bigint and c.sku_id = a.sku_id and c.pool_id = 0 and c.state = 0
          and c.is_loop and (c.expires_at is null or c.expires_at > (select now from clock)))
),
