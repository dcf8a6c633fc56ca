-- Part of deliver.sql for nearly every order: all its cards are still reserved for it, and good for
-- nothing more. Others are left to `deliver_thorough.sql`: a plan with every case in it takes twice
-- as long to set up.
waiting as materialized (
    select d.order_id, l.id as line_id, l.claim, u.unit_no
    from asked d
    cross join lateral ( -- `offset 0`: order by order by index, whatever statistics say
        select id, claim from order_line
        where merchant_id = %(merchant)s::bigint and order_id = d.order_id offset 0
    ) l
    cross join lateral (
        select unit_no from order_unit
        where merchant_id = %(merchant)s::bigint and line_id = l.id and state not in (2, 5) offset 0
    ) u
),
own as materialized (
    select u.order_id, u.line_id, u.unit_no, c.id as card_id, c.batch_id, c.sku_id
    from waiting u
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
    where u.claim = 0
),
done as materialized (
    select d.* from asked d
    where (select count(*) from own o where o.order_id = d.order_id)
        = (select count(*) from waiting w where w.order_id = d.order_id)
),
given as materialized (
    select line_id, unit_no, card_id, batch_id, sku_id, 1 as from_state, true as is_own
    from own where order_id in (select order_id from done)
),
served as materialized (
    select order_id, line_id, unit_no, true as is_given
    from own where order_id in (select order_id from done)
),
