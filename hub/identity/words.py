"""Words that names of companies and persons are made of. Data only: add what you meet.

Trades are from the general language of business registers, in no particular order; a name whose trade is not here is
compared as a whole.
"""

from __future__ import annotations

TRADES = frozenset(
    """
    科技 技术 高科技 新技术 信息 信息技术 信息科技 信息系统 网络 网络科技 网络技术 互联网 电子 电子科技 电子商务
    电子技术 电商 软件 软件开发
    软件技术 软件科技 计算机 数码 数码科技 数字 数字科技 数据 数据科技 大数据 智能 智能科技 智能装备 智能设备
    智能制造 人工智能 物联网
    物联网科技 云计算 通信 通讯 通信技术 通信设备 通讯设备 通讯器材 系统集成 集成电路 半导体 微电子 光电 光电子
    光电科技 光学 光纤 激光 传感器
    自动化 自动化设备 自动化科技 自动化控制 机器人 电气 电气设备 电器 电力 电力设备 电力科技 电力工程 电缆 电线电缆
    线缆 开关 照明 灯饰 灯具
    光伏 太阳能 新能源 新能源科技 能源 能源科技 节能 节能科技 环保 环保科技 环保设备 环保工程 环境 环境科技 环境工程
    水务 水处理 净化 净化设备
    贸易 商贸 国际贸易 进出口 进出口贸易 外贸 经贸 工贸 贸易商 商业 商务 商务服务 商务咨询 商务信息咨询 供应链
    供应链管理 物资 物资贸易
    实业 实业发展 实业投资 工业 工业设备 工业科技 产业 产业发展 产业园 企业 企业管理 企业管理咨询 企业服务 企业咨询
    企业发展 发展 开发 投资 投资管理
    投资咨询 投资发展 资产 资产管理 资本 资本管理 创业投资 股权投资 基金 基金管理 金融 金融服务 金融信息服务
    融资租赁 租赁 设备租赁 汽车租赁 担保 融资担保
    小额贷款 典当 拍卖 保险 保险代理 保险经纪 证券 期货 信托 财务 财务咨询 财务管理 税务 税务师 会计 会计师 审计
    评估 资产评估 造价 工程造价 咨询
    管理 管理咨询 信息咨询 技术咨询 服务 技术服务 信息服务 技术开发 科技开发 科技发展 科技服务 技术推广 科贸 推广
    人力资源 人力 人才 劳务 劳务派遣
    人事 外包 服务外包 家政 家政服务 保洁 清洁 保安 保安服务 安保 安防 安防科技 物业 物业管理 物业服务 房地产
    房地产开发 地产 置业 不动产 房产 房屋
    房地产经纪 中介 建设 建设工程 建设集团 建筑 建筑工程 建筑安装 建筑装饰 建筑劳务 建筑科技 建筑材料 建筑设计 建材
    建材贸易 新型建材 工程 工程技术
    工程管理 工程咨询 工程建设 工程设计 工程机械 市政 市政工程 市政建设 园林 园林绿化 园林景观 景观 绿化 园艺 花卉
    苗木 路桥 公路 桥梁 隧道 交通
    交通设施 轨道交通 水利 水电 水利水电 安装 安装工程 机电 机电设备 机电工程 机电安装 装饰 装饰工程 装修 装潢
    装饰设计 装饰材料 室内设计 设计
    勘察 勘察设计 规划 规划设计 测绘 监理 工程监理 检测 检测技术 检验 检验检测 认证 计量 混凝土 商品混凝土 水泥 砂石
    石材 石业 陶瓷 瓷砖 瓷业 玻璃
    门窗 幕墙 铝业 铝材 钢铁 钢构 钢结构 钢材 钢管 不锈钢 有色金属 金属 金属制品 金属材料 冶金 铸造 铸业 锻造 模具
    五金 五金制品 五金机电 机械
    机械设备 机械制造 机械科技 机械配件 机床 数控 数控设备 装备 装备制造 重工 设备 设备制造 设备安装 制造 精密
    精密机械 精密仪器 精密制造 仪器 仪表
    仪器仪表 轴承 阀门 泵业 水泵 管业 管道 管件 紧固件 弹簧 液压 压缩机 锅炉 电梯 空调 制冷 制冷设备 暖通 热力 热能
    供热 燃气 天然气 石油 石化
    油气 煤炭 煤业 矿业 矿产 矿山 矿产品 化工 化学 化工科技 化工产品 化工原料 精细化工 日化 涂料 油漆 颜料 染料 胶粘
    胶业 橡胶 橡塑 塑料 塑胶
    塑业 塑料制品 塑胶制品 高分子 材料 材料科技 新材料 新材料科技 复合材料 纳米 纳米科技 碳素 稀土 磁业 磁材 包装
    包装材料 包装制品 纸业 纸品 纸制品
    印刷 印务 印刷包装 彩印 图文 数码印刷 标识 标牌 广告 广告传媒 广告设计 传媒 文化 文化传媒 文化传播 文化发展
    文化创意 文化艺术 传播 创意 艺术 影视
    影视传媒 影业 影视文化 娱乐 演艺 动漫 动画 游戏 音乐 出版 图书 书店 新闻 广播 电视 摄影 婚庆 会展 会展服务 展览
    展示 展览服务 会议 策划 营销
    营销策划 品牌 品牌管理 公关 市场营销 礼仪 礼品 工艺品 工艺 工艺礼品 珠宝 珠宝首饰 首饰 黄金 玉石 古玩 收藏 玩具
    文具 办公用品 办公设备 体育 体育文化
    体育用品 体育发展 健身 运动 户外用品 旅游 旅游开发 旅行社 国际旅行社 旅行 酒店 酒店管理 宾馆 饭店 餐饮 餐饮管理
    餐饮服务 酒楼 食品 食品科技 食品贸易
    食品饮料 饮料 饮品 乳业 乳品 肉类 肉食 肉业 水产 海产 海鲜 水产品 粮油 粮食 米业 面业 面粉 油脂 食用油 调味品
    调味食品 酱业 糖业 糖酒 酒业 酒类 白酒
    啤酒 葡萄酒 酿酒 酿造 茶业 茶叶 茶文化 咖啡 烘焙 糕点 糖果 果业 果品 果蔬 蔬菜 水果 农业 农业科技 农业开发
    农业发展 生态农业 现代农业 农产品
    农资 农机 农牧 农林 农副产品 农贸 种业 种子 种植 种苗 养殖 畜牧 畜禽 禽业 牧业 渔业 林业 木业 木材 木制品 竹业
    竹木 饲料 肥业 肥料 化肥 农药 兽药
    生态 生态科技 生物 生物科技 生物技术 生物工程 生物医药 生物制药 医药 医药科技 医药连锁 药业 制药 中药 中药材
    中药饮片 药材 药房 大药房 医疗 医疗器械
    医疗设备 医疗科技 医疗用品 医疗服务 医疗管理 医学 医学检验 健康 健康科技 健康管理 健康产业 大健康 养生 养老
    养老服务 康复 护理 母婴 美容 美发 美容美发
    化妆品 护肤品 眼镜 眼科 口腔 牙科 诊断 基因 保健品 保健食品 教育 教育科技 教育咨询 教育信息咨询 培训 职业培训
    教育培训 学校 科教 家教 留学 出国
    出国留学 翻译 语言 法律 法律咨询 律师 专利 专利代理 知识产权 知识产权代理 商标 商标代理 服饰 服装 制衣 时装 衣业
    内衣 针织 毛织 毛纺 棉纺 棉业
    纺织 纺织品 印染 织造 化纤 纤维 丝绸 布业 布艺 家纺 家居 家居用品 家具 家私 家电 家用电器 日用品 日用百货 百货
    商场 商厦 超市 购物 购物中心 连锁
    便利店 零售 批发 市场 市场管理 皮革 皮具 箱包 鞋业 鞋材 制鞋 鞋服 帽业 羽绒 地毯 厨具 厨房设备 厨卫 卫浴 洁具
    洗涤 洗涤用品 洗衣 汽车 汽车销售
    汽车服务 汽车贸易 汽车配件 汽车零部件 汽车科技 汽车维修 汽车用品 汽配 二手车 车业 车辆 客车 专用车 摩托车 电动车
    自行车 轮胎 润滑油 驾校 驾驶培训
    客运 货运 货物运输 运输 物流 物流运输 物流科技 现代物流 国际物流 货运代理 国际货运代理 国际货运 快递 速递 速运
    冷链 冷链物流 仓储 仓储服务 配送 港口
    港务 码头 航运 船务 船舶 海运 船业 航空 航空服务 航天 航空科技 机场 铁路 地铁 公交 停车 停车场管理 出租汽车 充电
    充电桩 电池 电源 蓄电池 锂电
    电机 电动机 发电 风电 核电 水力发电 变压器 电子元件 电子元器件 电子材料 电子设备 线路板 电路 电路板 连接器 显示
    显示技术 屏幕 音响 影音 视听 无线
    无线电 卫星 导航 地理信息 遥感 北斗 无人机 安全 安全技术 安全科技 消防 消防设备 消防工程 消防器材 救援 防护 防水
    防水材料 防腐 保温 保温材料
    耐火材料 隔热 膜结构 膜业 气体 特种气体 危险品 爆破 再生资源 资源 资源利用 废旧物资 回收 再生 循环 垃圾 环卫
    餐具 清洗 消毒 防疫 研究 研发 孵化器
    科技园 园区 创业 创新 众创空间 公寓 民宿 度假 度假村 景区 游乐 乐园 农庄 庄园 牧场 农场 林场 茶场 果园 花园 烟草
    盐业 彩票 殡葬 宠物 宠物用品
    渔具 乐器 钟表 电讯 电信 手机 通信工程 弱电 综合 商事 商社 国贸 百汇 商城 器材 用品 制品 产品 配件 零部件 机器
    器械 工具 刀具 量具 磨具 磨料
    砖业 瓦业 石膏 石灰 管材 板材 型材 线材 棒材 带钢 型钢 彩钢 钢板 铜业 锌业 铅业 锡业 镁业 钛业 硅业 金业 银业
    矿泉水 纯净水 供水 排水 污水处理 城市建设
    城乡建设 城建 新农村 乡村振兴 文旅 文体 文教 文化旅游 艺术品 美术 书画 雕塑 陶艺 刺绣 服务部
    """.split()  # noqa: SIM905  - a list of words reads best as one
)
"""What a company does (行业表述)."""

LONGEST_TRADE = max(map(len, TRADES))

ENGLISH_TRADES = {
    "technology": "科技", "technologies": "科技", "tech": "科技", "sci": "科技", "science": "科技",
    "sci-tech": "科技",
    "information": "信息", "network": "网络", "internet": "网络", "electronic": "电子", "electronics": "电子",
    "software": "软件", "data": "数据", "intelligent": "智能", "intelligence": "智能", "communication": "通信",
    "communications": "通信", "telecom": "通信", "optoelectronics": "光电", "automation": "自动化",
    "electric": "电气",
    "electrical": "电气", "power": "电力", "cable": "电缆", "lighting": "照明", "energy": "能源",
    "environmental": "环保",
    "environment": "环境", "trading": "贸易", "trade": "贸易", "commerce": "商贸", "commercial": "商业",
    "import": "进出口", "export": "进出口", "supply": "供应链", "chain": "供应链", "industry": "工业",
    "industrial": "工业", "industries": "工业", "enterprise": "企业", "enterprises": "企业", "development": "发展",
    "investment": "投资", "investments": "投资", "asset": "资产", "capital": "资本", "finance": "金融",
    "financial": "金融", "leasing": "租赁", "insurance": "保险", "securities": "证券", "consulting": "咨询",
    "consultancy": "咨询", "consultant": "咨询", "management": "管理", "service": "服务", "services": "服务",
    "human": "人力资源", "labor": "劳务", "property": "物业", "estate": "房地产", "realty": "房地产",
    "construction": "建设", "building": "建筑", "engineering": "工程", "landscape": "园林", "garden": "园林",
    "decoration": "装饰", "design": "设计", "testing": "检测", "cement": "水泥", "ceramics": "陶瓷", "glass": "玻璃",
    "steel": "钢铁", "metal": "金属", "metals": "金属", "mould": "模具", "mold": "模具", "hardware": "五金",
    "machinery": "机械", "machine": "机械", "equipment": "设备", "manufacturing": "制造", "precision": "精密",
    "instrument": "仪器", "instruments": "仪器", "bearing": "轴承", "valve": "阀门", "pump": "泵业", "gas": "燃气",
    "petroleum": "石油", "oil": "石油", "coal": "煤炭", "mining": "矿业", "chemical": "化工", "chemicals": "化工",
    "rubber": "橡胶", "plastic": "塑料", "plastics": "塑料", "material": "材料", "materials": "材料",
    "packaging": "包装", "packing": "包装", "paper": "纸业", "printing": "印刷", "advertising": "广告",
    "media": "传媒", "culture": "文化", "cultural": "文化", "film": "影视", "exhibition": "展览", "marketing": "营销",
    "brand": "品牌", "gift": "礼品", "gifts": "礼品", "crafts": "工艺品", "jewelry": "珠宝", "jewellery": "珠宝",
    "toys": "玩具", "sports": "体育", "travel": "旅游", "tourism": "旅游", "hotel": "酒店", "catering": "餐饮",
    "food": "食品", "foods": "食品", "foodstuff": "食品", "beverage": "饮料", "dairy": "乳业", "aquatic": "水产",
    "grain": "粮油", "wine": "酒业", "liquor": "酒业", "tea": "茶业", "agriculture": "农业", "agricultural": "农业",
    "seed": "种业", "forestry": "林业", "wood": "木业", "timber": "木业", "feed": "饲料", "fertilizer": "肥料",
    "ecological": "生态", "biological": "生物", "biotech": "生物科技", "biotechnology": "生物科技", "bio": "生物",
    "pharmaceutical": "医药", "pharmaceuticals": "医药", "pharma": "医药", "medicine": "医药", "medical": "医疗",
    "health": "健康", "healthcare": "健康", "beauty": "美容", "cosmetics": "化妆品", "optical": "光学",
    "education": "教育", "training": "培训", "law": "法律", "garment": "服装", "garments": "服装", "clothing": "服装",
    "apparel": "服饰", "textile": "纺织", "textiles": "纺织", "home": "家居", "furniture": "家具",
    "appliance": "电器", "appliances": "电器", "department": "百货", "leather": "皮革", "shoes": "鞋业",
    "footwear": "鞋业", "kitchen": "厨具", "sanitary": "卫浴", "automobile": "汽车", "automotive": "汽车",
    "auto": "汽车", "vehicle": "车辆", "tire": "轮胎", "tyre": "轮胎", "transport": "运输", "transportation": "运输",
    "logistics": "物流", "freight": "货运", "express": "快递", "warehousing": "仓储", "shipping": "航运",
    "ship": "船舶", "aviation": "航空", "aerospace": "航天", "battery": "电池", "motor": "电机", "security": "安防",
    "fire": "消防", "water": "水务", "resources": "资源", "international": "国际", "products": "制品",
    "system": "系统",
    "systems": "系统", "real": "房地产", "art": "艺术", "entertainment": "娱乐", "cleaning": "保洁",
}  # fmt: skip
"""English words of trades → what they usually stand for."""

ENGLISH_FORMS = frozenset(
    """
    co company corp corporation inc incorporated ltd limited llc llp lp plc pte pty sdn bhd gmbh ag kg kgaa ohg ug
    mbh sa
    sas sarl sasu spa srl sl slu bv nv oy oyj ab as asa aps kk gk sro doo ood eood zrt kft rt jsc ojsc pjsc ooo zao
    oao
    pvt private proprietary lda ltda eirl cv vof se scs snc eg ev fzco fze dmcc
    """.split()  # noqa: SIM905
)
ENGLISH_GROUPS = frozenset({"group", "groups", "holding", "holdings"})
ENGLISH_FILLERS = frozenset({"the", "of", "and", "&", "for", "by"})

NOTES = (
    "已停用", "停用", "禁用", "已作废", "作废", "废弃", "已注销", "注销", "已吊销", "吊销", "已删除", "待删除",
    "删除", "勿用", "请勿使用",
    "不要用", "不用", "无效", "失效", "已失效", "有效", "启用", "正常", "在用", "备用", "临时", "暂用", "测试",
    "演示", "重复", "重复客户", "重名",
    "老客户", "新客户", "大客户", "潜在客户", "意向客户", "重点客户", "优质客户", "普通客户", "黑名单", "白名单",
    "战略客户", "核心客户", "客户",
    "供应商", "经销商", "代理商", "合作伙伴", "合作中", "已合作", "未合作", "已成交", "未成交", "已签约", "未签约",
    "跟进中", "待跟进", "待审核",
    "已审核", "待确认", "已确认", "待核实", "已核实", "待处理", "已处理", "已合并", "待合并", "已迁移", "历史",
    "旧", "新", "原", "老", "总部",
    "总公司", "本部", "主账号", "主体", "开票", "开票用", "收货", "收款", "付款", "月结", "现结", "预付", "欠款",
    "逾期", "冻结", "暂停", "备注",
    "更名", "已更名", "改名", "曾用名", "副本", "复制", "拷贝", "导入", "手工", "系统", "内部", "外部", "直营",
    "加盟", "渠道", "电商", "线上", "线下",
    "公海", "私海", "转介绍", "样品", "售后", "采购", "财务", "vip", "svip", "kp", "new", "old", "test", "demo",
    "copy", "dup", "duplicate",
    "inactive", "closed", "do not use", "donotuse", "deleted", "tbd", "n/a", "customer", "a", "b", "c", "d", "s",
    "aa", "aaa",
)  # fmt: skip
"""What people write beside a name to themselves, in brackets or behind a dash."""

PERSON_TITLES = (
    "先生", "女士", "小姐", "太太", "夫人", "同志", "老师", "老板娘", "老板", "师傅", "董事长", "副董事长",
    "总经理", "副总经理", "总裁", "副总裁", "副总",
    "总监", "总工", "总", "经理", "副经理", "主管", "主任", "副主任", "部长", "科长", "处长", "局长", "院长",
    "校长", "厂长", "店长", "组长", "队长", "班长",
    "所长", "站长", "行长", "馆长", "秘书长", "秘书", "书记", "助理", "专员", "采购", "会计", "出纳", "财务",
    "文员", "前台", "客服", "销售", "业务员",
    "业务", "工程师", "工", "教授", "博士", "医生", "律师", "顾问", "代表", "董事", "董", "处", "局", "科", "姐",
    "哥", "阿姨",
)  # fmt: skip
NOBODIES = frozenset(
    """
    未知 不详 不明 无 没有 暂无 空 匿名 匿名用户 佚名 某 某某 某人 测试 联系人 客户 用户 负责人 总机 值班 公司
    办公室 本人 待定 待补 待补充 其他 其它 保密
    unknown none null nil na nan test anonymous nobody contact customer user reception office tbd
    """.split()  # noqa: SIM905
)
"""What stands in the field for a name where nobody knew it."""
ENGLISH_TITLES = frozenset(
    """
    mr mrs ms miss mx dr prof sir madam ing dipl jr sr phd md mba ceo cfo cto manager director
    """.split()  # noqa: SIM905
)
DOUBLE_SURNAMES = frozenset(
    """
    欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠
    公孙 慕容 仲孙 钟离 长孙 宇文
    司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐 段干 百里
    呼延 东郭 南门 羊舌 微生 公户
    公玉 公仪 梁丘 公仲 公上 公门 公山 公坚 左丘 公伯 西门 公祖 第五 公乘 贯丘 公皙 南荣 东里 东宫 仲长 子书 子桑
    即墨 达奚 褚师 吴铭 纳兰 叶赫
    """.split()  # noqa: SIM905
)

GENERIC_DOMAINS = frozenset(
    """
    qq.com vip.qq.com foxmail.com 163.com vip.163.com 126.com vip.126.com yeah.net 188.com netease.com sina.com
    sina.cn
    vip.sina.com sohu.com vip.sohu.com tom.com 21cn.com 139.com 189.cn wo.cn wo.com.cn aliyun.com alibaba-inc.com
    263.net 263.net.cn china.com chinaren.com eyou.com gmail.com googlemail.com hotmail.com hotmail.co.uk outlook.com
    live.com live.cn msn.com msn.cn yahoo.com yahoo.cn yahoo.com.cn yahoo.com.hk yahoo.com.tw yahoo.co.jp yahoo.co.uk
    ymail.com rocketmail.com icloud.com me.com mac.com aol.com protonmail.com proton.me mail.com gmx.com gmx.de
    gmx.net
    web.de t-online.de freenet.de orange.fr free.fr laposte.net wanadoo.fr libero.it mail.ru yandex.ru yandex.com
    naver.com hanmail.net daum.net zoho.com hey.com fastmail.com btinternet.com comcast.net verizon.net att.net
    """.split()  # noqa: SIM905
)
"""Mail providers: such a domain says nothing about the company."""

ROLES = frozenset(
    """
    info sales sale hr admin service services support contact office mail email webmaster postmaster marketing market
    finance cw caiwu fp fapiao kefu kf zhaopin job jobs recruit career careers hello enquiry inquiry enquiries help
    noreply no-reply donotreply accounts accounting account billing invoice invoices order orders purchase purchasing
    cg caigou xs xiaoshou yewu yw bd pr press media legal it tech export import trade business biz general team
    reception secretary boss manager ceo customer customerservice cs feedback public post root system test
    """.split()  # noqa: SIM905
)
"""Mailboxes of a department: they say nothing about the person."""
