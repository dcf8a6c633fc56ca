-- What orders would cost at the price struck through, whether a line is sold below it, and what
-- all of it cost us: by its cards where each unit has one with a cost, else as the line kept it
-- from its SKU. Null: of some line it is not known.
select o.id, l.listed, l.is_below, l.cost
from unnest(%(orders)s::bigint[]) as w(id)
cross join lateral (
    select id, currency from sale_order where merchant_id = %(merchant)s::bigint and id = w.id offset 0
) o
cross join lateral (
    select coalesce(sum(x.quantity * greatest(coalesce(s.list_price_minor, 0), x.unit_price_minor)), 0)::bigint as listed,
           coalesce(bool_or(coalesce(s.list_price_minor, 0) * x.quantity > x.unit_price_minor * x.quantity - x.discount_minor), false) as is_below,
           case when bool_and(coalesce(c.minor, nullif(x.unit_cost_minor, 0)) is not null)
                then sum(coalesce(c.minor, x.unit_cost_minor * x.quantity))::bigint end as cost
    from order_line x
    cross join lateral (
        select list_price_minor from sku where merchant_id = %(merchant)s::bigint and id = x.sku_id offset 0
    ) s
    cross join lateral (
        select case when count(*) filter (where k.minor > 0 and k.currency = o.currency) = x.quantity
                    then sum(k.minor)::bigint end as minor
        from allocation a
        cross join lateral (
            select coalesce(c.cost_minor, b.unit_cost_minor) as minor, b.currency
            from card c join batch b on b.merchant_id = c.merchant_id and b.id = c.batch_id
            where c.merchant_id = %(merchant)s::bigint and c.id = a.card_id offset 0
        ) k
        where a.merchant_id = %(merchant)s::bigint and a.line_id = x.id and a.released_at is null
    ) c
    where x.merchant_id = %(merchant)s::bigint and x.order_id = o.id
) l
