former as (
    update allocation a set released_at = (select now from clock)
    from given g
    where g.from_state = 1 and not g.is_own and a.merchant_id = %(merchant)s::bigint
      and a.card_id = g.card_id and a.exclusive and a.released_at is null
    returning a.card_id
),
new_allocation as (
    insert into allocation (merchant_id, card_id, line_id, unit_no, exclusive, delivered_at, shared_at)
    select %(merchant)s::bigint, card_id, line_id, unit_no, true, (select now from clock), null
    from given where not is_own and (select count(*) from former) >= 0
    union all
    select %(merchant)s::bigint, card_id, line_id, unit_no, false, now, now from looped, clock
),
-- Parts of a payment that waited on the suspense account until it was whole.
parts as (
    update receipt r set fit = 0
    from done d where r.merchant_id = %(merchant)s::bigint and r.payment_id = d.payment_id and r.fit = 1
      and r.back_minor = 0
    returning r.id, r.amount_minor, r.currency
),
matched as (
    update receipt r set fit = 0, payment_id = w.payment_id
    from money w
    where w.is_old and r.merchant_id = %(merchant)s::bigint and r.id = w.receipt_id and r.fit is distinct from 1
),
