-- Orders of customers, newest or oldest first, each asked for its customer's level. `offset 0`: asked
-- as the orders are read in order, never joined with all customers of the level and sorted.
order_customer c join sale_order o on o.merchant_id = c.merchant_id and o.id = c.order_id
where c.merchant_id = %(merchant)s::bigint
  and exists (
    select from customer k
    where k.merchant_id = %(merchant)s::bigint and k.id = c.customer_id
      and k.level_id = %(level_id)s::bigint offset 0)
