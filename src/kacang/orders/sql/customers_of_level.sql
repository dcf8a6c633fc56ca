-- Customers who have a level now, up to a limit.
select k.id from customer k
where k.merchant_id = %(merchant)s::bigint and k.level_id = %(level_id)s::bigint
  and k.forgotten_at is null and k.merged_into_id is null
order by k.id desc limit %(limit)s::int
