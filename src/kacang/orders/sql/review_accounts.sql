-- By which company and account orders were paid, for those of which nobody is just hearing.
select w.id, p.provider, p.uid
from unnest(%(orders)s::bigint[]) as w(id)
cross join lateral (
    select a.provider, a.uid from payment x
    join account a on a.merchant_id = x.merchant_id and a.id = x.account_id
    where x.merchant_id = %(merchant)s::bigint and x.order_id = w.id and x.state = 1
    order by x.id desc limit 1
) p
