-- A rule of review by its uid, one that is deleted too.
select id from review_rule where merchant_id = %(merchant)s::bigint and uid = %(uid)s::text
