-- Part of deliver.sql: gift cards and redeem codes that are given now. What was paid for them is no
-- revenue before they are redeemed: each is owed its share of what the order's money is for yet.
open_money as materialized (
    select d.order_id, o.payable_minor - o.refund_minor - t.minor as open_minor, t.minor as deferred_minor
    from done d
    cross join lateral (
        select payable_minor, refund_minor from sale_order
        where merchant_id = %(merchant)s::bigint and id = d.order_id offset 0
    ) o
    cross join lateral ( -- what went to its cards before, and did not come back
        select coalesce(sum(case kind when 16 then amount_minor else -amount_minor end), 0)::bigint as minor
        from transfer
        where merchant_id = %(merchant)s::bigint and document_kind = 1 and document_id = d.order_id
          and kind in (16, 19)
    ) t
    where exists (
        select from order_line
        where merchant_id = %(merchant)s::bigint and order_id = d.order_id and claim > 0 offset 0)
),
worth as materialized (
    select order_id, line_id, unit_no,
           case when whole > 0 then
               (floor(open_minor * upto / whole) - floor(open_minor * (upto - weight) / whole))::bigint
           else 0 end as minor
    from (
        select m.order_id, m.open_minor, l.id as line_id, u.unit_no, l.claim, l.weight,
               sum(l.weight) over (partition by m.order_id order by l.id, u.unit_no) as upto,
               sum(l.weight) over (partition by m.order_id) as whole
        from open_money m
        cross join lateral (
            select id, claim, (unit_price_minor::numeric * quantity - discount_minor) / quantity as weight
            from order_line
            where merchant_id = %(merchant)s::bigint and order_id = m.order_id offset 0
        ) l
        cross join lateral (
            select unit_no from order_unit
            where merchant_id = %(merchant)s::bigint and line_id = l.id and state <> 5
              and (state <> 2 or l.claim = 0) offset 0
        ) u
    ) s
    where claim > 0
),
given as materialized (
    select max(order_id) as order_id, line_id, unit_no, max(card_id) as card_id, max(batch_id) as batch_id,
           max(sku_id) as sku_id, max(from_state) as from_state, bool_or(is_own) as is_own, max(owed_minor) as owed_minor
    from (
        select null::bigint as order_id, line_id, unit_no, card_id, batch_id, sku_id, from_state, is_own,
               null::bigint as owed_minor
        from handed
        union all select order_id, line_id, unit_no, null, null, null, null, null, minor from worth
    ) h
    group by line_id, unit_no having max(card_id) is not null
),
deferred as materialized (
    select order_id, sum(owed_minor)::bigint as minor from given where owed_minor > 0 group by order_id
),
