-- The accounts of a merchant with one payment company.
select a.id from account a
where a.merchant_id = %(merchant)s::bigint and a.provider = %(provider)s::text
