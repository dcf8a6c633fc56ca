-- What the buyers' other orders tell of orders: as it was when each was placed, as far as their rows
-- still say so. A contact's last two hundred orders, and the shop's last three hundred before it:
-- never more, whatever was sold. Orders by API all come from the caller's own address.
select o.id, b.paid, b.refunded, b.recent, n.contacts, p.failed
from unnest(%(orders)s::bigint[]) as w(id)
cross join lateral (
    select id, channel, email, phone, address, device, created_at from sale_order
    where merchant_id = %(merchant)s::bigint and id = w.id offset 0
) o
cross join lateral (
    select count(*) filter (where is_paid)::int as paid, count(*) filter (where is_back)::int as refunded,
           count(*) filter (where created_at > o.created_at - interval '1 hour')::int as recent
    from (
        (select id, created_at, paid_at <= o.created_at as is_paid, refund_minor > 0 as is_back from sale_order
         where merchant_id = %(merchant)s::bigint and email = o.email and email <> '' and id < o.id
         order by id desc limit 200)
        union
        (select id, created_at, paid_at <= o.created_at, refund_minor > 0 from sale_order
         where merchant_id = %(merchant)s::bigint and phone = o.phone and phone <> '' and id < o.id
         order by id desc limit 200)
    ) e
) b
cross join lateral (
    select count(distinct (email, phone))::int as contacts
    from (
        select email, phone, address, device, created_at from sale_order
        where merchant_id = %(merchant)s::bigint and id < o.id and o.channel = 'shop'
        order by id desc limit 300
    ) e
    where e.created_at > o.created_at - interval '1 hour'
      and (e.device = o.device and o.device <> '' or e.address = o.address and o.address <> '')
      and (e.email, e.phone) <> (o.email, o.phone)
) n
cross join lateral (
    select count(*)::int as failed from payment
    where merchant_id = %(merchant)s::bigint and order_id = o.id and state = 3 offset 0
) p
