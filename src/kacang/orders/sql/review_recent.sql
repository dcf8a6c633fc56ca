-- How much else the buyers of orders have paid for in the hours before, by their contacts: of the
-- last two hundred orders of each that were placed by then, whenever they were placed.
select w.id, h.hours, count(e.id)::int, coalesce(sum(e.pieces), 0)::int
from rows from (unnest(%(orders)s::bigint[]), unnest(%(moments)s::timestamptz[])) as w(id, at)
cross join unnest(%(hours)s::int[]) as h(hours)
cross join lateral (
    select id, email, phone from sale_order where merchant_id = %(merchant)s::bigint and id = w.id offset 0
) o
left join lateral (
    select f.id, (select sum(quantity) from order_line l
                  where l.merchant_id = %(merchant)s::bigint and l.order_id = f.id) as pieces
    from (
        (select id, channel, paid_at from sale_order
         where merchant_id = %(merchant)s::bigint and email = o.email and email <> '' and created_at <= w.at
         order by id desc limit 200)
        union
        (select id, channel, paid_at from sale_order
         where merchant_id = %(merchant)s::bigint and phone = o.phone and phone <> '' and created_at <= w.at
         order by id desc limit 200)
    ) f
    where f.id <> o.id and f.channel in ('shop', 'api', 'staff') and f.paid_at <= w.at
      and f.paid_at > w.at - make_interval(hours => h.hours)
) e on true
group by w.id, h.hours
