-- Orders by what they were paid through: the first of its paid payments stands for an order. `offset 0`:
-- asked of each payment as it is read in order, never joined with all and sorted.
payment p join sale_order o on o.merchant_id = p.merchant_id and o.id = p.order_id
where p.merchant_id = %(merchant)s::bigint and p.state = 1 and p.account_id = {value}
  and not exists (
    select from payment e
    where e.merchant_id = %(merchant)s::bigint and e.order_id = p.order_id and e.state = 1
      and e.account_id = any(%(accounts)s::bigint[]) and e.id < p.id offset 0)
