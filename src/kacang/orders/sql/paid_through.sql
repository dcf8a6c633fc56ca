-- Whether an order was paid through one of some accounts.
exists (
    select from payment e
    where e.merchant_id = %(merchant)s::bigint and e.order_id = o.id and e.state = 1
      and e.account_id = any(%(accounts)s::bigint[]))
