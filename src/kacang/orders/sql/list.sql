-- One page of orders, of those that were found. Every condition compares by = or < only (rule 16).
select o.id, o.number, o.state, o.hold_reason, o.payable_minor, o.currency, o.email, o.phone, o.channel,
       o.created_at, o.paid_at, o.pay_by,
       o.state = 0 and o.pay_by <= clock_timestamp() + make_interval(secs => %(shift)s::float8) as is_overdue,
       l.title::text, l.sku_title::text, l.cover, n.units, n.lines, n.has_codes, coalesce(a.provider, ''),
       o.has_note, coalesce(o.external_number, ''), o.priority,
       coalesce((select s.name from store s where s.merchant_id = o.merchant_id and s.id = o.store_id), '')
from ({found}) o
join order_line l on l.merchant_id = o.merchant_id and l.order_id = o.id and l.line_no = 1
cross join lateral (
    select sum(x.quantity)::int as units, count(*)::int as lines,
           bool_or(x.stock_mode <> 2) as has_codes
    from order_line x
    where x.merchant_id = o.merchant_id and x.order_id = o.id
) n
left join lateral (
    select account_id from payment p
    where p.merchant_id = o.merchant_id and p.order_id = o.id
    order by (p.state = 1) desc, p.id desc limit 1
) p on true
left join account a on a.merchant_id = o.merchant_id and a.id = p.account_id
order by {order}
