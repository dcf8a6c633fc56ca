-- PostgreSQL database dump
SET standard_conforming_strings = on;
CREATE TABLE public.products (id bigint NOT NULL, title_json json, price_amount numeric(20,2));
COPY public.products (id, title_json, price_amount) FROM stdin;
1	{"zh-CN": "组合", "en-US": "Bundle"}	20.00
\.
COPY public.product_skus (id, product_id, sku_code, price_amount, spec_values_json) FROM stdin;
11	1	A	12.00	{"zh-CN": "甲"}
12	1	B	8.00	\N
\.
COPY public.card_secrets (id, product_id, sku_id, secret, status, order_id, used_at, deleted_at) FROM stdin;
1	1	11	back\\slash\ttab	used	101	2025-02-01 08:00:00.123456+00	\N
2	1	12	两行\n卡密	used	102	2025-02-01 08:00:00+00	\N
3	1	12	held	reserved	\N	\N	\N
4	1	11	fresh	available	\N	\N	\N
\.
COPY public.orders (id, order_no, parent_id, guest_email, guest_password, status, currency, created_at, paid_at) FROM stdin;
100	DJ20250201080000ABCDEFGH	\N	x@y.io	secret	completed	CNY	2025-02-01 08:00:00+00	2025-02-01 08:00:00+00
101	DJ-101	100	x@y.io		delivered	CNY	2025-02-01 08:00:00+00	\N
102	DJ-102	100	x@y.io		delivered	CNY	2025-02-01 08:00:00+00	\N
103	DJ-103	\N	x@y.io		completed	USD	2025-02-01 08:00:00+00	\N
\.
COPY public.wallet_recharge_orders (id, status) FROM stdin;
1	completed
\.
COPY public.order_items (id, order_id, product_id, sku_id, unit_price, quantity, total_price, fulfillment_type) FROM stdin;
1	101	1	11	12.00	1	12.00	auto
2	102	1	12	8.00	1	7.50	auto
\.
