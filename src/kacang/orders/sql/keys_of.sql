-- The API keys of a merchant, or the one of a uid.
select k.id from api_key k
where k.merchant_id = %(merchant)s::bigint and (%(uid)s::text = '' or k.uid = %(uid)s::text)
