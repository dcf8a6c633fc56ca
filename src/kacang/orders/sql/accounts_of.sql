-- The accounts of a merchant with one payment company, or the one of a uid; "" asks for no such thing.
select a.id from account a
where a.merchant_id = %(merchant)s::bigint
  and (%(provider)s::text = '' or a.provider = %(provider)s::text)
  and (%(account)s::text = '' or a.uid = %(account)s::text)
