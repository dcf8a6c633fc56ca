-- What the shop's last orders cost. The caller takes the middle of them.
select payable_minor from sale_order
where merchant_id = %(merchant)s::bigint and paid_at is not null and payable_minor > 0
order by paid_at desc limit 300
