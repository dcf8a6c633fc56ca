-- Some orders as an export writes them, in the order of their ids.
select o.id, o.number, coalesce(o.external_number, '') as external_number, o.channel,
       case when o.state = 0 and o.pay_by <= clock_timestamp() + make_interval(secs => %(shift)s::float8)
            then 6 else o.state end as state,
       o.hold_reason, o.currency, o.total_minor, o.discount_minor, o.payable_minor, o.refund_minor,
       o.email, o.phone, o.created_at, o.paid_at, o.delivered_at, o.cancelled_at,
       n.products, n.variants, n.units, coalesce(a.provider, '') as provider,
       coalesce((select s.name from store s where s.merchant_id = o.merchant_id and s.id = o.store_id), '') as store
from sale_order o
cross join lateral (
    select string_agg(coalesce(x.title->>%(language)s::text, x.title->>'zh-Hans', ''), '; ' order by x.line_no) as products,
           string_agg(coalesce(x.sku_title->>%(language)s::text, x.sku_title->>'zh-Hans', '') || ' × ' || x.quantity, '; ' order by x.line_no) as variants,
           sum(x.quantity)::int as units
    from order_line x
    where x.merchant_id = o.merchant_id and x.order_id = o.id
) n
left join lateral (
    select account_id from payment p
    where p.merchant_id = o.merchant_id and p.order_id = o.id and p.state = 1
    order by p.id desc limit 1
) p on true
left join account a on a.merchant_id = o.merchant_id and a.id = p.account_id
where o.merchant_id = %(merchant)s::bigint and o.id = any(%(ids)s::bigint[])
order by o.id
