-- A merchant's rules of review that are on, in order, with the stamp of the whole list.
select b.stamp, r.id, r.uid, v.version, v.name, v.conditions::text, v.verdict, v.priority,
       case when m.disabled_at is null then v.assignee_id end,
       v.people, v.limit_minutes, v.limit_deed, v.limit_working
from review_book b
join review_rule r on r.merchant_id = b.merchant_id and r.is_on and r.deleted_at is null
join review_rule_version v on v.merchant_id = r.merchant_id and v.rule_id = r.id and v.version = r.version
left join membership m on m.merchant_id = v.merchant_id and m.id = v.assignee_id
where b.merchant_id = %(merchant)s::bigint
order by r.position, r.id
