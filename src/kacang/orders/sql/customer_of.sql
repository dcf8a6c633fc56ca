-- The customer of a uid.
select k.id from customer k
where k.merchant_id = %(merchant)s::bigint and k.uid = %(customer)s::text
