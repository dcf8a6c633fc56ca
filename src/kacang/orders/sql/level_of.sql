-- The level of a uid.
select v.id from customer_level v
where v.merchant_id = %(merchant)s::bigint and v.uid = %(level)s::text
