-- MySQL dump 10.13
CREATE TABLE `acg_commodity` (
  `id` int UNSIGNED NOT NULL AUTO_INCREMENT COMMENT '主键, id',
  `name` varchar(255) NOT NULL, `description` text, `factory_price` decimal(10, 2) NOT NULL,
  `price` decimal(10, 2) NOT NULL, `config` text,
  PRIMARY KEY (`id`) USING BTREE
) ENGINE=InnoDB;
INSERT INTO `acg_commodity` VALUES
 (7,'视频\'会员',"",0.5,19.90,'[category]\n月卡=9.90\n年卡=99'),
 (8,'软件','<p>一次性<br>激活</p>',0.00,5.00,NULL),(9,'坏价','',0,'很贵',NULL);
INSERT INTO `acg_card` (`id`,`commodity_id`,`secret`,`purchase_time`,`order_id`,`status`,`note`,`race`)
 VALUES (1,7,'AAAA\\1\'x',NULL,NULL,0,NULL,'月卡'),
 (2,7,'BBBB-2','2024-05-01 10:00:00',31,1,NULL,'月卡'),
 (3,7,'CCCC-3',NULL,NULL,2,'锁','年卡'),(4,8,'DDDD\r\n4; INSERT',NULL,NULL,0,NULL,NULL),
 (5,99,'no product',NULL,NULL,0,NULL,NULL),(6,8,'   ',NULL,NULL,0,NULL,NULL),
 (10,8,'EEEE','short'),(11,8,'DDDD\r\n4; INSERT',NULL,NULL,0,NULL,NULL);
INSERT INTO `acg_order` (`id`,`owner`,`trade_no`,`amount`,`commodity_id`,`card_num`,`create_time`,
 `create_ip`,`pay_time`,`status`,`secret`,`password`,`contact`,`delivery_status`,`race`) VALUES
 (31,0,'1240501100000000001',9.90,7,1,'2024-05-01 09:59:00','1.2.3.4','2024-05-01 10:00:00',1,
  'BBBB-2','geheim','Buyer@Example.com',1,'月卡'),
 (32,0,'1240501100000000002',10.01,8,2,'2024-05-02 09:59:00','1.2.3.4','2024-05-02 10:00:00',1,
  'F-1\nF-2','','wx: 鹿',1,NULL),
 (33,0,'1240501100000000003',5,8,1,'2024-05-02 09:59:00','',NULL,0,NULL,'','1',0,NULL),
 (34,0,'1240501100000000004',5,8,1,'2024-05-02 09:59:00','',NULL,1,NULL,'','1',0,NULL);
