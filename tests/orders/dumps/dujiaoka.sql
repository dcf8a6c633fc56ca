/*!40101 SET NAMES utf8 */;
CREATE TABLE `carmis` (`id` bigint, `goods_id` int COMMENT '(a, b)', `status` tinyint,
 `is_loop` tinyint, `carmi` text, `deleted_at` timestamp, KEY `g` (`goods_id`)) ENGINE=InnoDB;
INSERT INTO `goods` (`id`,`gd_name`,`actual_price`,`description`) VALUES (1,'会员',10.00,''),(2,'通用',3,'');
INSERT INTO `carmis` VALUES (1,1,1,0,'free-1',NULL),(2,1,2,0,'sold-2',NULL),(3,2,1,1,'loop-3',NULL),
 (4,1,1,0,'gone-4','2024-01-01 00:00:00');
INSERT INTO `orders` (`id`,`order_sn`,`goods_id`,`type`,`goods_price`,`buy_amount`,`actual_price`,
 `search_pwd`,`email`,`info`,`buy_ip`,`status`,`created_at`,`updated_at`) VALUES
 (1,'ABCDEFGH12345678',1,1,10.00,2,15.00,'pw','a@b.cn','sold-2\nlost-9','9.9.9.9',4,'2024-03-01 00:00:00','2024-03-01 00:01:00'),
 (2,'LOOP000000000001',2,1,3,1,3,'','c@d.cn','loop-3','',4,'2024-03-01 00:00:00','2024-03-01 00:01:00'),
 (3,'LOOP000000000002',2,1,3,1,3,'','e@f.cn','loop-3','',4,'2024-03-01 00:00:00','2024-03-01 00:01:00'),
 (4,'HANDMADE00000001',1,2,10,1,10,'','g@h.cn','游戏账号: x','',4,'2024-03-01 00:00:00','2024-03-01 00:01:00'),
 (5,'WAITING000000001',1,1,10,1,10,'','g@h.cn','','',2,'2024-03-01 00:00:00','2024-03-01 00:01:00'),
 (6,'EXPIRED000000001',1,1,10,1,10,'','g@h.cn','','',-1,'2024-03-01 00:00:00','2024-03-01 00:01:00');
