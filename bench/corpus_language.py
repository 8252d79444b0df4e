# SPDX-License-Identifier: Apache-2.0
"""Sentences in seven languages for the generated benchmark corpus, made from patterns and word lists of our own.

Not literature, but real words in grammatical order: language detection, stop-word rules, tokenizers and shingles see
what they would see on the web. A bank of sentences a language is made once; documents draw from it.
"""

import random
import re

# Each language: what joins sentences, patterns whose {slots} name word lists (`topic`: three of the topics), the lists,
# and phrases of web pages.
LANGUAGES = {
    "en": {
        "share": 0.50,
        "joiner": " ",
        "patterns": [
            "{who} {did} {what} {where}, and {who} {did} {what} {when}",
            "{when}, {who} {did} {what} that {who} had asked for {where}",
            "it is not easy to say whether {who} will have {what} {where} before the end of the {period}",
            "with {what} of this kind, {who} {did} {what} {where}",
            "because {who} {did} {what}, {who} could be seen {where} {when}",
            "{who} said to the {press} that {what} should be {state} {when}",
            "to have {what} {where} is what {who} wanted {when}",
            "there was {what} {where}, but {who} {did} {what} of the {period}",
            "in {number} cases out of {number}, {what} was {state} {when}",
            "if you have {what}, be sure that {who} {did} it {where}",
            "{when}, {who} spoke about {topic}, and of {topic} as well",
            "to many of us {topic} matter more than {topic}",
            "this issue of the {press} has stories about {topic}",
        ],
        "words": {
            "who": (
                "the council|our neighbours|the engineers|a local teacher|the museum|two researchers|the company|"
                "many readers|the coach|her sister|the mayor|small farmers|the editors|an old friend|"
                "the hospital|the players|his lawyer|the students|the ministry|young parents|a travelling band|"
                "the librarian|the fishermen|our guide"
            ),
            "did": (
                "built|has opened|carefully repaired|lost|had promised|found|described|sold|paid for|"
                "never finished|photographed|defended|measured|has rejected|painted|carried|planned|shared|"
                "studied|had forgotten|copied"
            ),
            "what": (
                "a wooden bridge|the new library|three short letters|a list of old recipes|the northern road|"
                "a map of the valley|fresh bread|the second report|a faster engine|the empty theatre|"
                "plain instructions|a field of sunflowers|the water supply|an honest answer|the winter timetable|"
                "a box of tools|better lighting|the last contract|a collection of stamps|the stone wall|"
                "cheap batteries|a long interview|the garden fence"
            ),
            "where": (
                "near the river|in the old town|behind the station|at the edge of the forest|on the third floor|"
                "in a quiet village|outside the capital|along the coast|under the bridge|at the weekly market|"
                "in the archive|on both sides of the border|at the university|in front of the town hall|"
                "by the lake|in the workshop"
            ),
            "when": (
                "last spring|on a rainy Tuesday|after the meeting|twenty years ago|before breakfast|"
                "in late autumn|during the holidays|at the end of May|every second week|since the storm|"
                "next summer|shortly after noon"
            ),
            "period": "year|decade|season|century|month|festival|trial|project",
            "press": "newspaper|radio station|committee|reporter from the capital|local blog|assembly",
            "state": "ready|cheaper|well known|repaired|open to the public|forgotten|on sale|measured again",
            "number": "two|three|seven|nine|twelve|forty|sixty|a hundred",
        },
        "topics": (
            "the economy|city life|public health|the schools|science|local history|music|trade|traffic|"
            "the climate|farming|the market|prices|safety|family life|children|coffee|fresh fruit|vegetables|"
            "fish|clothing|watches|computing|open data|machines|cars|night trains|airports|roads|tunnels|"
            "harbours|mountains|islands|the moon|summer|winter|festivals|weddings|the cinema|novels|poetry|"
            "painting|gardens|wild birds|doctors|vaccines|the courts|the police|banks|taxes|the budget|research|"
            "languages|radio|photography|hotels|maps|luggage"
        ),
        "topic": "{}, {} and {}",
        "navigation": ("Home|News|Sport|Culture|Business|Travel|Recipes|About us|Contact|Newsletter|Archive|Jobs|Shop"),
        "notices": (
            "We use cookies to improve your experience. By continuing you accept our cookie policy.|"
            "All rights reserved. Terms of use and privacy policy apply.|"
            "Sign in or create a free account to comment.|"
            "Please enable JavaScript in your browser to see this page.|"
            "Subscribe to our newsletter and never miss a story.|Read more stories like this one in our archive.|"
            "Share this article with your friends."
        ),
        "contact": "Contact the editors at {email} or call {phone}. The server at {ip} answered.",
        "spam": (
            "buy cheap watches|best online casino bonus|free download full version|click here now|"
            "lowest price guaranteed|work from home|limited time offer|order today|no prescription needed|"
            "hot singles near you"
        ),
    },
    "de": {
        "share": 0.09,
        "joiner": " ",
        "patterns": [
            "{who} {did} {what} {where}, und das hat {when} niemand erwartet",
            "{when} {did} {who} {what} {where}, weil es nicht anders möglich war",
            "es ist nicht leicht zu sagen, ob {who} {where} {what} {did}",
            "mit der Zeit {did} {who} {what}, und die Leute {where} waren zufrieden",
            "dass {who} {when} {what} {did}, steht auch in der Zeitung",
            "wer {where} wohnt, weiß: {who} {did} {what} {when}",
            "{when} ging es {where} um Themen wie {topic}, aber auch um {topic}",
            "für viele zählen {topic} mehr als {topic}",
            "in diesem Heft stehen Beiträge über {topic} und über {topic}",
        ],
        "words": {
            "who": (
                "der Stadtrat|die Lehrerin|unser Nachbar|das Museum|die Ingenieurin|ein alter Freund|"
                "die Gemeinde|der Verein|die Bäckerei|das Ministerium|mein Bruder|die Trainerin|der Förster|"
                "die Redaktion|das Krankenhaus"
            ),
            "did": (
                "baute|verkaufte|reparierte|fand|beschrieb|bezahlte|verlor|plante|öffnete|zeichnete|verteidigte|teilte"
            ),
            "what": (
                "eine hölzerne Brücke|den neuen Fahrplan|drei kurze Briefe|das leere Theater|eine Karte des Tals|"
                "frisches Brot|den zweiten Bericht|die nördliche Straße|einen schnelleren Motor|die alte Mauer|"
                "das Rezept der Großmutter|eine ehrliche Antwort|den letzten Vertrag|die Wasserleitung|"
                "einen Kasten Werkzeug"
            ),
            "where": (
                "am Fluss|in der Altstadt|hinter dem Bahnhof|am Waldrand|im dritten Stock|auf dem Markt|"
                "an der Küste|unter der Brücke|im Archiv|vor dem Rathaus|am See|in der Werkstatt|an der Grenze|"
                "in einem stillen Dorf"
            ),
            "when": (
                "im Frühling|nach der Sitzung|vor zwanzig Jahren|an einem Dienstag|im Herbst|während der Ferien|"
                "Ende Mai|seit dem Sturm|kurz nach Mittag|jede zweite Woche|vor dem Frühstück"
            ),
        },
        "topics": (
            "die Wirtschaft|die Stadt|die Gesundheit|die Schule|die Wissenschaft|die Geschichte|die Musik|"
            "der Handel|der Verkehr|das Klima|die Landwirtschaft|der Markt|die Preise|die Sicherheit|die Familie|"
            "die Kinder|die Arbeiter|der Kaffee|das Obst|das Gemüse|der Fisch|die Kleidung|die Uhren|die Technik|"
            "die Daten|die Maschinen|die Autos|die Züge|die Flugzeuge|die Straßen|die Tunnel|die Häfen|die Berge|"
            "die Inseln|der Mond|der Sommer|der Winter|die Feste|die Hochzeit|das Kino|die Romane|die Dichtung|"
            "die Malerei|die Gärten|die Vögel|die Ärzte|die Impfung|das Recht|die Polizei|die Banken|die Steuern|"
            "der Haushalt|die Forschung|die Sprachen|das Radio|die Hotels|die Karten|das Gepäck"
        ),
        "topic": "{}, {} und {}",
        "navigation": "Startseite|Nachrichten|Sport|Kultur|Wirtschaft|Reisen|Über uns|Kontakt|Impressum|Archiv",
        "notices": (
            "Diese Website verwendet Cookies. Mit der Nutzung stimmen Sie zu.|Alle Rechte vorbehalten.|"
            "Melden Sie sich an, um zu kommentieren.|Bitte aktivieren Sie JavaScript.|"
            "Abonnieren Sie unseren Rundbrief."
        ),
        "contact": "Schreiben Sie an {email} oder rufen Sie an: {phone}. Spendenkonto: {iban}.",
        "spam": (
            "jetzt günstig kaufen|bester Preis garantiert|kostenlos herunterladen|hier klicken|nur heute im Angebot"
        ),
    },
    "fr": {
        "share": 0.09,
        "joiner": " ",
        "patterns": [
            "{who} {did} {what} {where}, et personne ne l'avait prévu {when}",
            "{when}, {who} {did} {what} que les habitants attendaient {where}",
            "il n'est pas facile de savoir si {who} {did} {what} {where}",
            "comme {who} {did} {what}, on pouvait le voir {where} {when}",
            "avec le temps, {who} {did} {what}, ce qui est rare {where}",
            "selon le journal, {who} {did} {what} {where} {when}",
            "{when}, {who} parlait de {topic}, mais aussi de {topic}",
            "pour beaucoup, {topic} comptent plus que {topic}",
            "on trouve dans ce dossier {topic}, puis {topic}",
        ],
        "words": {
            "who": (
                "le conseil|une institutrice|notre voisin|le musée|les ingénieurs|un vieil ami|la commune|"
                "l'association|la boulangère|le ministère|ma sœur|l'entraîneur|les pêcheurs|la rédaction|"
                "l'hôpital|deux chercheurs"
            ),
            "did": (
                "a construit|a vendu|a réparé|a retrouvé|a décrit|a payé|a perdu|avait promis|a ouvert|a dessiné|défend"
            ),
            "what": (
                "un pont de bois|la nouvelle bibliothèque|trois lettres|le théâtre vide|une carte de la vallée|"
                "du pain frais|le second rapport|la route du nord|un moteur plus rapide|le vieux mur|"
                "une recette ancienne|une réponse honnête|le dernier contrat|la conduite d'eau|"
                "une boîte à outils|les horaires d'hiver"
            ),
            "where": (
                "près de la rivière|dans la vieille ville|derrière la gare|au bord de la forêt|"
                "au troisième étage|sur le marché|le long de la côte|sous le pont|aux archives|devant la mairie|"
                "au bord du lac|à l'atelier"
            ),
            "when": (
                "au printemps|après la réunion|il y a vingt ans|un mardi de pluie|en automne|"
                "pendant les vacances|à la fin de mai|depuis la tempête|peu après midi|avant le petit déjeuner"
            ),
        },
        "topics": (
            "l'économie|la ville|la santé|l'école|la science|l'histoire|la musique|le commerce|les transports|"
            "le climat|l'agriculture|le marché|les prix|la sécurité|la famille|les enfants|les ouvriers|le café|"
            "les fruits|les légumes|le poisson|les vêtements|les montres|l'informatique|les données|les machines|"
            "les voitures|les trains|les avions|les routes|les tunnels|les ports|les montagnes|les îles|la lune|"
            "l'été|l'hiver|les fêtes|le mariage|le cinéma|les romans|la poésie|la peinture|l'architecture|"
            "les jardins|les oiseaux|les médecins|les vaccins|la justice|la police|les banques|les impôts|"
            "le budget|la recherche|les langues|la radio|la photographie|les hôtels|les cartes|les bagages"
        ),
        "topic": "{}, {} et {}",
        "navigation": "Accueil|Actualités|Sport|Culture|Économie|Voyages|À propos|Contact|Archives|Emplois",
        "notices": (
            "Ce site utilise des cookies. En poursuivant, vous acceptez leur utilisation.|Tous droits réservés.|"
            "Connectez-vous pour commenter.|Veuillez activer JavaScript.|Abonnez-vous à notre lettre."
        ),
        "contact": "Écrivez à {email} ou appelez le {phone}. Compte : {iban}.",
        "spam": "achetez pas cher|meilleur prix garanti|téléchargement gratuit|cliquez ici|offre limitée",
    },
    "es": {
        "share": 0.08,
        "joiner": " ",
        "patterns": [
            "{who} {did} {what} {where}, y nadie lo había esperado {when}",
            "{when}, {who} {did} {what} que todos pedían {where}",
            "no es fácil decir si {who} {did} {what} {where}",
            "como {who} {did} {what}, se podía ver {where} {when}",
            "según el periódico, {who} {did} {what} {where} {when}",
            "{when}, {who} hablaba sobre {topic}, pero también sobre {topic}",
            "para muchos, {topic} importan más que {topic}",
            "en este informe se trata de {topic}, y luego de {topic}",
        ],
        "words": {
            "who": (
                "el ayuntamiento|una maestra|nuestro vecino|el museo|los ingenieros|un viejo amigo|la asociación|"
                "la panadera|el ministerio|mi hermana|el entrenador|los pescadores|la redacción|el hospital|"
                "dos investigadoras"
            ),
            "did": "construyó|vendió|reparó|encontró|describió|pagó|perdió|prometió|abrió|dibujó|defendió|compartió",
            "what": (
                "un puente de madera|la nueva biblioteca|tres cartas breves|el teatro vacío|un mapa del valle|"
                "pan fresco|el segundo informe|la carretera del norte|un motor más rápido|el viejo muro|"
                "una receta antigua|una respuesta honesta|el último contrato|una caja de herramientas|"
                "los horarios de invierno"
            ),
            "where": (
                "cerca del río|en el casco antiguo|detrás de la estación|junto al bosque|en el tercer piso|"
                "en el mercado|a lo largo de la costa|bajo el puente|en el archivo|ante el ayuntamiento|"
                "a orillas del lago"
            ),
            "when": (
                "en primavera|después de la reunión|hace veinte años|un martes de lluvia|en otoño|"
                "durante las vacaciones|a finales de mayo|desde la tormenta|poco después del mediodía"
            ),
        },
        "topics": (
            "la economía|la ciudad|la salud|la escuela|la ciencia|la historia|la música|el comercio|"
            "el transporte|el clima|la agricultura|el mercado|los precios|la seguridad|la familia|los niños|"
            "los obreros|el café|la fruta|la verdura|el pescado|la ropa|los relojes|la informática|los datos|"
            "las máquinas|los coches|los trenes|los aviones|las carreteras|los túneles|los puertos|las montañas|"
            "las islas|la luna|el verano|el invierno|las fiestas|la boda|el cine|las novelas|la poesía|"
            "la pintura|la arquitectura|los jardines|las aves|los médicos|las vacunas|la justicia|la policía|"
            "los bancos|los impuestos|el presupuesto|la investigación|los idiomas|la radio|la fotografía|"
            "los hoteles|los mapas|el equipaje"
        ),
        "topic": "{}, {} y {}",
        "navigation": "Inicio|Noticias|Deportes|Cultura|Economía|Viajes|Quiénes somos|Contacto|Archivo|Empleo",
        "notices": (
            "Este sitio utiliza cookies. Al continuar, usted acepta su uso.|Todos los derechos reservados.|"
            "Inicie sesión para comentar.|Active JavaScript en su navegador.|Suscríbase a nuestro boletín."
        ),
        "contact": "Escriba a {email} o llame al {phone}.",
        "spam": "compre barato|mejor precio garantizado|descarga gratis|haga clic aquí|oferta limitada",
    },
    "ru": {
        "share": 0.08,
        "joiner": " ",
        "patterns": [
            "{who} {did} {what} {where}, и этого {when} никто не ожидал",
            "{when} {who} {did} {what}, о чём давно просили жители {where}",
            "трудно сказать, почему {who} {did} {what} {where}",
            "как пишет газета, {who} {did} {what} {where} {when}",
            "после того как {who} {did} {what}, {where} стало спокойнее",
            "{when} {where} обсуждали темы: {topic}, а также {topic}",
            "для многих {topic} важнее, чем {topic}",
            "в этом номере: {topic}, затем {topic}",
        ],
        "words": {
            "who": (
                "городской совет|наш сосед|музей|старый друг|инженер|районный суд|тренер|местный врач|"
                "союз рыбаков|главный редактор|театр|молодой учёный|лесник|завод|университет"
            ),
            "did": "построил|продал|починил|нашёл|описал|оплатил|потерял|обещал|открыл|нарисовал|защитил|изучил",
            "what": (
                "деревянный мост|новую библиотеку|три коротких письма|пустой зал|карту долины|свежий хлеб|"
                "второй отчёт|северную дорогу|быстрый двигатель|старую стену|честный ответ|последний договор|"
                "ящик инструментов"
            ),
            "where": (
                "у реки|в старом городе|за вокзалом|на краю леса|на третьем этаже|на рынке|вдоль берега|"
                "под мостом|в архиве|перед ратушей|у озера|в мастерской|возле границы"
            ),
            "when": (
                "весной|после собрания|двадцать лет назад|в дождливый вторник|осенью|во время каникул|"
                "в конце мая|после бури|вскоре после полудня"
            ),
        },
        "topics": (
            "экономика|город|здоровье|школа|наука|история|музыка|торговля|транспорт|климат|хозяйство|рынок|цены|"
            "безопасность|семья|дети|рабочие|кофе|фрукты|овощи|рыба|одежда|часы|техника|данные|машины|поезда|"
            "самолёты|дороги|тоннели|порты|горы|острова|луна|лето|зима|праздники|свадьба|кино|романы|поэзия|"
            "живопись|сады|птицы|врачи|прививки|закон|полиция|банки|налоги|бюджет|исследования|языки|радио|"
            "гостиницы|карты|багаж"
        ),
        "topic": "{}, {} и {}",
        "navigation": "Главная|Новости|Спорт|Культура|Экономика|Путешествия|О нас|Контакты|Архив|Вакансии",
        "notices": (
            "Сайт использует файлы cookie. Продолжая, вы соглашаетесь с этим.|Все права защищены.|"
            "Войдите, чтобы оставить комментарий.|Включите JavaScript.|Подпишитесь на рассылку."
        ),
        "contact": "Пишите на {email} или звоните по телефону {phone}.",
        "spam": "купить дёшево|лучшая цена|скачать бесплатно|нажмите здесь|только сегодня",
    },
    "zh": {
        "share": 0.10,
        "joiner": "",
        "patterns": [
            "{when}，{who}{where}{did}{what}，谁也没有想到会是这样",
            "因为{who}{did}{what}，所以{when}{where}来了很多人",
            "据报道，{who}{when}{where}{did}{what}",
            "没有人知道{who}为什么{where}{did}{what}",
            "虽然{who}已经{did}{what}，但是{where}的居民还在等待",
            "{who}告诉记者，{when}他们{where}{did}{what}",
            "{when}，{who}{where}谈到了{topic}，也谈到了{topic}",
            "{topic}，这些都是{who}{when}最关心的事",
            "关于{topic}的文章，{who}{where}{did}{what}",
            "{who}认为{topic}比{topic}更重要",
            "从{topic}到{topic}，{who}都写在了报告里",
        ],
        "words": {
            "who": (
                "市议会|我们的邻居|博物馆|几位工程师|一位老朋友|当地的教师|出版社|年轻的研究人员|医院|足球教练|"
                "渔民|图书管理员|那家公司|我的姐姐|文化部门|大学生们"
            ),
            "did": "修建了|卖掉了|修好了|找到了|介绍了|买下了|丢失了|开放了|画出了|讨论了|记录了|保护了",
            "what": (
                "一座木桥|新的图书馆|三封短信|空荡荡的剧院|一张山谷的地图|刚出炉的面包|第二份报告|北边的公路|"
                "更快的发动机|古老的城墙|祖母的菜谱|最后一份合同|一箱工具|冬季时刻表|供水管道|一本旧相册"
            ),
            "where": (
                "在河边|在老城区|在车站后面|在森林边缘|在三楼|在集市上|在海岸边|在桥下|在档案馆|在市政厅前|"
                "在湖畔|在作坊里|在边境附近|在安静的村子里"
            ),
            "when": (
                "去年春天|会议结束之后|二十年前|一个下雨的星期二|深秋时节|假期里|五月底|暴风雨过后|中午刚过|早饭之前"
            ),
        },
        "topics": (
            "经济|社会|城市|生活|教育|科学|历史|音乐|艺术|交通|环境|天气|农业|工业|市场|价格|质量|服务|安全|健康|"
            "家庭|孩子|老人|青年|工人|农民|商店|饭馆|茶叶|咖啡|水果|蔬菜|牛肉|海鲜|衣服|鞋子|手表|电脑|手机|网络|"
            "软件|数据|模型|机器|汽车|火车|飞机|轮船|道路|隧道|港口|河流|山脉|森林|草原|沙漠|岛屿|海洋|月亮|星空|"
            "夏天|冬天|节日|婚礼|葬礼|比赛|冠军|球队|观众|电影|小说|诗歌|戏剧|绘画|雕塑|建筑|花园|公园|动物|植物|"
            "昆虫|鸟类|鱼群|医生|护士|药品|疫苗|法律|法院|警察|消防|银行|保险|税收|预算|合作|竞争|研究|发明|专利|"
            "语言|文字|字典|新闻|广播|电视|摄影|旅馆|护照|地图|行李"
        ),
        "topic": "{}、{}和{}",
        "navigation": "首页|新闻|体育|文化|财经|旅游|关于我们|联系我们|归档|招聘",
        "notices": (
            "本网站使用缓存文件，继续浏览即表示您同意。|版权所有，未经许可不得转载。|请登录后发表评论。|"
            "请启用脚本后再试。|订阅我们的通讯。"
        ),
        "contact": "请发邮件至{email}，或拨打电话{phone}。身份证号样例：{cn_id}。",
        "spam": "低价出售|点击这里|免费下载|限时优惠|包邮到家|代开发票",
    },
    "ja": {
        "share": 0.06,
        "joiner": "",
        "patterns": [
            "{when}、{who}は{where}{what}を{did}が、誰も予想していなかった",
            "{who}が{what}を{did}ので、{when}に{where}人が集まった",
            "新聞によると、{who}は{when}に{where}{what}を{did}",
            "なぜ{who}が{where}{what}を{did}のか、まだ分かっていない",
            "{who}によれば、{when}から{where}{what}を{did}という",
            "{when}、{who}は{where}{topic}と{topic}について話した",
            "{topic}は、{who}にとって大切なことである",
            "{topic}についての記事を読み、{who}は{what}を{did}",
            "{who}は{topic}より{topic}のほうが大事だと考えている",
            "{topic}から{topic}まで、すべて報告書に書かれている",
        ],
        "words": {
            "who": (
                "市議会|近所の人たち|博物館|技術者|古い友人|地元の先生|出版社|若い研究者|病院|監督|漁師|図書館員|"
                "その会社|私の姉|文化庁|学生たち"
            ),
            "did": "建てた|売った|直した|見つけた|紹介した|買った|なくした|開いた|描いた|話し合った|記録した|守った",
            "what": (
                "木の橋|新しい図書館|三通の短い手紙|空っぽの劇場|谷の地図|焼きたてのパン|二番目の報告書|北の道|"
                "速いエンジン|古い石垣|祖母の料理|最後の契約書|道具箱|冬の時刻表|水道管|古いアルバム"
            ),
            "where": (
                "川の近くで|旧市街で|駅の裏で|森のはずれで|三階で|市場で|海岸で|橋の下で|資料館で|市役所の前で|"
                "湖のほとりで|工房で|国境の近くで|静かな村で"
            ),
            "when": ("去年の春|会議のあと|二十年前|雨の火曜日|秋の終わり|休みの間|五月の末|嵐のあと|正午過ぎ|朝食の前"),
        },
        "topics": (
            "経済|社会|都市|生活|教育|科学|歴史|音楽|芸術|交通|環境|天気|農業|工業|市場|価格|品質|安全|健康|家族|"
            "子供|老人|若者|商店|食堂|お茶|珈琲|果物|野菜|牛肉|魚介|着物|靴下|時計|電話|通信|機械|自動車|列車|"
            "飛行機|船舶|道路|隧道|港町|河川|山脈|森林|草原|砂漠|離島|海洋|月夜|星空|夏休み|冬支度|祭り|結婚式|"
            "試合|優勝|観客|映画|小説|詩集|演劇|絵画|彫刻|建築|庭園|公園|動物|植物|昆虫|野鳥|魚群|医師|看護師|"
            "薬局|法律|裁判所|警察|消防|銀行|保険|税金|予算|協力|競争|研究|発明|特許|言語|文字|辞書|放送|写真|"
            "旅館|旅券|地図|荷物|弁当|味噌汁|温泉|神社|寺院|桜並木|台風|地震"
        ),
        "topic": "{}、{}や{}",
        "navigation": "ホーム|ニュース|スポーツ|文化|経済|旅行|会社概要|お問い合わせ|アーカイブ|採用情報",
        "notices": (
            "当サイトはクッキーを使用しています。|無断転載を禁じます。|コメントするにはログインしてください。|"
            "スクリプトを有効にしてください。|メールマガジンに登録する。"
        ),
        "contact": "お問い合わせは{email}、電話は{phone}まで。",
        "spam": "激安販売|ここをクリック|無料ダウンロード|期間限定|送料無料",
    },
}

FULL_STOPS = {"zh": "。", "ja": "。"}


def words(language: str, name: str) -> list[str]:
    """A word list of a language."""
    entry = LANGUAGES[language]
    return (entry["words"].get(name) or entry[name]).split("|")


def sentences(language: str, count: int, seed: int) -> list[str]:
    """A bank of sentences, the same for the same seed."""
    rng = random.Random(f"{seed}/{language}")
    entry = LANGUAGES[language]
    lists = {name: words(language, name) for name in entry["words"]}
    topics = words(language, "topics")
    slot = re.compile(r"\{(\w+)\}")
    stop = FULL_STOPS.get(language, ".")

    def fill(match):
        # Three topics in a row: many combinations, so that unrelated documents share few shingles.
        if match[1] == "topic":
            return entry["topic"].format(*rng.sample(topics, 3))
        return rng.choice(lists[match[1]])

    bank = []
    for _ in range(count):
        text = slot.sub(fill, rng.choice(entry["patterns"]))
        bank.append(text[0].upper() + text[1:] + stop)
    return bank
