-- Whether the customer of an order has a level now.
exists (
    select from order_customer e
    join customer k on k.merchant_id = e.merchant_id and k.id = e.customer_id
    where e.merchant_id = %(merchant)s::bigint and e.order_id = o.id
      and k.level_id = %(level_id)s::bigint)
