-- What is needed in order to price and check: SKUs on sale, and whether somebody is kept out.
select s.uid, s.id, s.price_minor, s.currency, s.min_per_order, s.max_per_order, s.max_per_buyer,
       s.strategy, s.stock_mode, s.chosen_surcharge_minor, p.form_fields::text, p.form_version, p.uid as product_uid,
       p.delivery_way,
       (select coalesce(array_agg(b.kind || ':' || b.value), '{}'::text[])
        from unnest(%(kinds)s::text[], %(values)s::text[]) as w(kind, value)
        join block b on b.merchant_id = %(merchant)s::bigint and b.kind = w.kind and b.value = w.value) as blocked
from sku s
join product p on p.merchant_id = s.merchant_id and p.id = s.product_id
where s.merchant_id = %(merchant)s::bigint and s.uid = any(%(uids)s::text[]) 
  and (s.on_sale and p.state = 1 or s.uid = any(%(redeemed)s::text[]))
