# SPDX-License-Identifier: Apache-2.0
"""Web pages of several kinds around real text: what a crawl brings home, with menus, advertisements and footers."""

import html
import json

# The words of a site's frame, so that a German page has German menus.
FRAME_WORDS = {
    "en": "Home|News|About us|Contact|Search|Read more|Related articles|Share this page|Privacy policy|Terms of use|"
    "All rights reserved|We use cookies to improve your experience. Accept all|Subscribe to our "
    "newsletter|Advertisement",
    "de": "Startseite|Aktuelles|Über uns|Kontakt|Suche|Weiterlesen|Ähnliche Artikel|Seite teilen|Datenschutz|Impressum|"
    "Alle Rechte vorbehalten|Wir verwenden Cookies, um Ihr Erlebnis zu verbessern. Alle akzeptieren|"
    "Newsletter abonnieren|Anzeige",
    "fr": "Accueil|Actualités|À propos|Contact|Rechercher|Lire la suite|Articles liés|Partager cette page|"
    "Politique de confidentialité|Mentions légales|Tous droits réservés|"
    "Nous utilisons des cookies pour améliorer votre expérience. Tout accepter|S'abonner à la lettre|Publicité",
    "es": "Inicio|Noticias|Quiénes somos|Contacto|Buscar|Leer más|Artículos relacionados|Compartir|"
    "Política de privacidad|Aviso legal|Todos los derechos reservados|"
    "Usamos cookies para mejorar su experiencia. Aceptar todo|Suscríbase al boletín|Publicidad",
    "it": "Inizio|Notizie|Chi siamo|Contatti|Cerca|Leggi tutto|Articoli correlati|Condividi|Informativa sulla privacy|"
    "Note legali|Tutti i diritti riservati|Usiamo i cookie per migliorare la tua esperienza. Accetta tutto|"
    "Iscriviti alla newsletter|Pubblicità",
    "pt": "Início|Notícias|Sobre nós|Contato|Buscar|Leia mais|Artigos relacionados|Compartilhar|"
    "Política de privacidade|Termos de uso|Todos os direitos reservados|"
    "Usamos cookies para melhorar sua experiência. Aceitar tudo|Assine o boletim|Publicidade",
    "nl": "Start|Nieuws|Over ons|Contact|Zoeken|Lees meer|Verwante artikelen|Deel deze pagina|Privacybeleid|"
    "Voorwaarden|Alle rechten voorbehouden|Wij gebruiken cookies om uw ervaring te verbeteren. Alles accepteren|"
    "Abonneer op de nieuwsbrief|Advertentie",
    "ru": "Главная|Новости|О нас|Контакты|Поиск|Читать дальше|Похожие статьи|Поделиться|Конфиденциальность|"
    "Условия|Все права защищены|Мы используем файлы cookie. Принять все|Подписаться на рассылку|Реклама",
    "zh": "首页|新闻|关于我们|联系方式|搜索|阅读全文|相关文章|分享本页|隐私政策|使用条款|版权所有|"
    "我们使用 Cookie 改善您的体验。全部接受|"
    "订阅我们的通讯|广告",
    "ja": "ホーム|ニュース|私たちについて|お問い合わせ|検索|続きを読む|関連記事|このページを共有|"
    "個人情報保護方針|利用規約|"
    "無断転載を禁じます|当サイトは Cookie を使用します。すべて許可|ニュースレターを購読|広告",
}
COMMENTERS = ["mara_k", "tobi", "Inés", "old_penguin", "j.okafor", "lin", "Håkon", "petra77", "nomad", "Yuki"]


def words_of(language):
    return FRAME_WORDS.get(language, FRAME_WORDS["en"]).split("|")


def body_html(blocks, open_list="<ul>", close_list="</ul>"):
    """The article itself: headings, paragraphs, lists, listings."""
    out, in_list = [], False
    for kind, text in blocks:
        if in_list != (kind == "li"):
            out.append(open_list if kind == "li" else close_list)
            in_list = kind == "li"
        out.append(f"<{kind}>{html.escape(text, quote=False)}</{kind}>")
    if in_list:
        out.append(close_list)
    return "\n".join(out)


def head_html(article, site, extra=""):
    return (
        f'<!DOCTYPE html>\n<html lang="{article.language}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{html.escape(article.title)} | {site}</title>\n"
        f'<meta name="description" content="{html.escape(article.summary)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="stylesheet" href="/assets/site.css">\n{extra}</head>\n'
    )


def links_html(others, prefix):
    return "".join(f'<li><a href="{prefix}{other.key}">{html.escape(other.title)}</a></li>' for other in others)


def blog_page(article, others, random):
    """A personal blog: side column, share buttons, comments."""
    words = words_of(article.language)
    comments = ""
    for number in range(random.randint(0, 4)):
        said = random.choice(["+1", "Thanks!", "👍", "Danke", "…"])
        when = f"2024-0{random.randint(1, 9)}-1{number}"
        who = f"<b>{random.choice(COMMENTERS)}</b> <time>{when}</time>"
        comments += f'<div class="comment" id="c{number}">{who}<p>{said}</p></div>'
    menu = "".join(f'<a href="/{number}">{word}</a> ' for number, word in enumerate(words[:4]))
    return (
        head_html(article, "Notes from the desk")
        + f'<body class="blog"><div id="cookie-banner" role="dialog">{words[11]}</div>\n'
        f'<header><h1 class="site-title"><a href="/">Notes from the desk</a></h1><nav>{menu}</nav></header>\n'
        f'<div id="main"><article class="post"><h2 class="entry-title">{html.escape(article.title)}</h2>\n'
        f'<div class="meta">2024-03-1{random.randint(0, 9)} · {random.choice(COMMENTERS)}</div>\n'
        f'<div class="entry-content">\n{body_html(article.blocks)}\n</div>\n'
        f'<div class="share"><span>{words[7]}:</span> <a href="#f">f</a> <a href="#x">x</a> <a href="#m">m</a></div>\n'
        f'</article>\n<section id="comments"><h3>{len(comments) and "💬"}</h3>{comments}</section></div>\n'
        f'<aside class="sidebar"><form action="/s"><input name="q" placeholder="{words[4]}"></form>'
        f"<h3>{words[6]}</h3><ul>{links_html(others, '/post/')}</ul>"
        f'<div class="ad">{words[13]}<img src="/ads/{random.randint(100, 999)}.gif" alt=""></div></aside>\n'
        f'<footer>© 2024 · {words[10]} · <a href="/privacy">{words[8]}</a></footer>\n'
        "<script>window.dataLayer=window.dataLayer||[];function "
        "gtag(){dataLayer.push(arguments);}</script>\n</body></html>\n"
    )


def news_page(article, others, random):
    """A news site: schema.org data, breadcrumbs, advertisements between the paragraphs."""
    words = words_of(article.language)
    data = json.dumps(
        {"@context": "https://schema.org", "@type": "NewsArticle", "headline": article.title}, ensure_ascii=False
    )
    half = max(1, len(article.blocks) // 2)
    advertisement = f'<div class="adslot" data-slot="{random.randint(1, 9)}"><span>{words[13]}</span></div>'
    menu = "".join(f'<li class="nav-item"><a href="/{word.lower()}">{word}</a></li>' for word in words[:5])
    return (
        head_html(article, "The Daily Terminal", f'<script type="application/ld+json">{data}</script>\n')
        + f'<body><nav class="topnav"><ul>{menu}</ul></nav>\n<div class="breadcrumb"><a href="/">{words[0]}</a> › '
        f'<a href="/tech">{words[1]}</a></div>\n<main role="main"><article '
        f"itemscope>\n<h1>{html.escape(article.title)}</h1>\n"
        f'<p class="standfirst">{html.escape(article.summary)}</p>\n<div itemprop="articleBody">\n'
        f"{body_html(article.blocks[:half])}\n{advertisement}\n{body_html(article.blocks[half:])}\n"
        "</div></article></main>\n"
        f'<div class="related"><h4>{words[6]}</h4><ul>{links_html(others, "/story/")}</ul></div>\n'
        f'<div class="newsletter">{words[12]} <input type="email"><button>OK</button></div>\n'
        f'<footer><ul><li><a href="/p">{words[8]}</a></li><li><a href="/t">{words[9]}</a></li></ul>'
        f"<p>© The Daily Terminal. {words[10]}.</p></footer>\n"
        '<noscript><img src="/pixel.gif"></noscript></body></html>\n'
    )


def manual_page(article, others, random):
    """A manual: table layout of older days, previous and next, no closing tags for paragraphs."""
    words = words_of(article.language)
    body = body_html(article.blocks, "<ol>", "</ol>").replace("</p>", "").replace("</li>", "")
    version = f"{random.randint(1, 9)}.{random.randint(0, 30)}"
    return (
        f"<html><head><meta http-equiv=Content-Type content='text/html; "
        f"charset=utf-8'><title>{html.escape(article.title)}"
        f"</title></head>\n<body bgcolor=#ffffff><table width=100%><tr><td class=nav width=180 valign=top>\n"
        f"<b>{words[4]}</b><br><ul>{links_html(others, '')}</ul></td>\n<td valign=top>"
        f"<a href=prev>&laquo;</a> <a href=next>&raquo;</a><h1>{html.escape(article.title)}</h1>\n"
        f"{body}\n<table border=1><tr><th>Version<th>Status<tr><td>{version}<td>stable</table>\n"
        f"</td></tr></table><hr><small>{words[10]} &copy; 2003</small></body></html>\n"
    )


def forum_page(article, others, random):
    """A forum thread: the paragraphs become posts of several people, with signatures and quotes."""
    words = words_of(article.language)
    posts = []
    for number, (_, text) in enumerate(article.blocks[:12]):
        quote = ""
        if number and random.random() < 0.3:
            quote = f"<blockquote>{html.escape(article.blocks[number - 1][1][:90])}…</blockquote>"
        posts.append(
            f'<div class="post" id="p{number}"><div class="author"><a '
            f'href="/u/{number}">{random.choice(COMMENTERS)}</a>'
            f"<br>Posts: {random.randint(1, 4000)}</div>"
            f'<div class="message">{quote}<p>{html.escape(text)}</p></div>'
            f'<div class="sig">-- <br>sent from my terminal</div></div>'
        )
    joined = "\n".join(posts)
    return (
        head_html(article, "Penguin Forum")
        + f'<body><div class="navbar">{words[0]} | {words[4]} | <a href="/login">Login</a> |'
        f' <a href="/register">Register</a></div>\n<h1 class="thread">{html.escape(article.title)}</h1>\n'
        f'<div class="pages">1 2 3 … 9</div>\n{joined}\n'
        f'<div class="similar"><b>{words[6]}</b><ul>{links_html(others, "/t/")}</ul></div>\n'
        f'<div class="footer">Powered by a forum engine. {words[10]}.</div></body></html>\n'
    )


TEMPLATES = [blog_page, news_page, manual_page, forum_page]


def listing_page(site_number, articles, random):
    """A page of links and teasers: nothing there to learn from."""
    items = "".join(
        f'<div class="card"><a href="/a/{article.key}"><h3>{html.escape(article.title)}</h3></a>'
        f'<span class="price">${random.randint(3, 90)}.99</span> <button>Add to cart</button></div>'
        for article in articles
    )
    return (
        f'<!DOCTYPE html><html lang="en"><head><title>Shop {site_number}: deals</title></head><body>'
        f'<nav><a href="/">Home</a> <a href="/cart">Cart (0)</a></nav><div class="grid">{items}</div>'
        "<footer>Free shipping on orders over $50 · Returns · Gift cards</footer></body></html>\n"
    )


def spam_page(number, random):
    """Keyword soup, repeated lines and too many links, as crawls are full of."""
    things = ["casino bonus", "cheap watches", "weight loss pills", "payday loans", "free followers", "crypto giveaway"]
    thing = random.choice(things)
    kind = number % 3
    if kind == 0:
        body = "".join(
            f"<p>Best {thing} online! Buy {thing} now! {thing.title()} {thing} {thing}.</p>" for _ in range(25)
        )
    elif kind == 1:
        body = "".join(
            f'<a href="http://{thing.replace(" ", "-")}{link}.example/">{thing} {link}</a> | ' for link in range(120)
        )
    else:
        body = f"<p>{' '.join(random.choice(things).replace(' ', '') + '$$$' for _ in range(180))}</p>"
    return (
        f"<html><head><title>{thing} {number}</title><meta name=keywords content='{','.join(things)}'></head><body>"
        f"<h1>{thing.upper()}!!!</h1>{body}<marquee>CLICK HERE</marquee></body></html>\n"
    )
