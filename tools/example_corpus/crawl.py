# SPDX-License-Identifier: Apache-2.0
"""Crawl files: WARC responses as servers really send them, and WET conversions."""

import gzip
import uuid

DATE = "2024-03-02T04:05:06Z"
HOSTS = ["blog.example.org", "news.example.com", "docs.example.net", "forum.example.org"]


def address(article):
    """Where an article would be found on the web."""
    return f"https://{article.language}.{HOSTS[len(article.key) % len(HOSTS)]}/{article.key}.html"


def record(kind, uri, content_type, block, extra=()):
    """One WARC record; its id follows from what is in it."""
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{kind} {uri} {len(block)}")
    lines = [
        "WARC/1.0",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: <urn:uuid:{name}>",
        f"WARC-Date: {DATE}",
        *([f"WARC-Target-URI: {uri}"] if uri else []),
        *extra,
        f"Content-Type: {content_type}",
        f"Content-Length: {len(block)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def chunked(body, size=1500):
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts) + b"0\r\n\r\n"


def response(page, random):
    """An HTTP answer: plain, chunked, compressed, or both."""
    body = page.encode()
    headers = ["HTTP/1.1 200 OK", "Server: nginx", "Content-Type: text/html; charset=utf-8"]
    if random.random() < 0.3:
        body = gzip.compress(body, 9, mtime=0)
        headers.append("Content-Encoding: gzip")
    if random.random() < 0.3:
        body = chunked(body)
        headers.append("Transfer-Encoding: chunked")
    else:
        headers.append(f"Content-Length: {len(body)}")
    return "\r\n".join(headers).encode() + b"\r\n\r\n" + body


def warc(crawled, random, member):
    """A crawl file; `member` packs each record by itself, as .warc.gz demands."""
    about = b"software: example crawler\r\nformat: WARC File Format 1.0\r\n"
    out = [member(record("warcinfo", "", "application/warc-fields", about))]
    for number, (uri, page) in enumerate(crawled):
        request = f"GET {uri.split('/', 3)[-1]} HTTP/1.1\r\nHost: {uri.split('/')[2]}\r\n\r\n".encode()
        out.append(member(record("request", uri, "application/http; msgtype=request", request)))
        # Some crawlers leave the msgtype out: the record is a response all the same.
        kind = "application/http" if number % 7 == 0 else "application/http; msgtype=response"
        out.append(member(record("response", uri, kind, response(page, random), ["WARC-IP-Address: 192.0.2.7"])))
        if number % 10 == 0:
            gone = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\nnot found"
            out.append(member(record("response", f"{uri}/gone", "application/http; msgtype=response", gone)))
    return b"".join(out)


def wet(texts, member):
    about = member(record("warcinfo", "", "application/warc-fields", b"software: example extractor\r\n"))
    return about + b"".join(member(record("conversion", uri, "text/plain", text.encode())) for uri, text in texts)


def damaged_warc(articles, random):
    """Six responses; the third claims more bytes than it has, and the file ends in the middle of the last."""
    out = []
    for number, article in enumerate(articles):
        page = f"<html><body><h1>{article.title}</h1><p>{article.text}</p></body></html>"
        data = record("response", address(article), "application/http; msgtype=response", response(page, random))
        if number == 2:
            start = data.index(b"Content-Length: ") + len(b"Content-Length: ")
            end = data.index(b"\r\n", start)
            data = data[:start] + str(int(data[start:end]) + 100).encode() + data[end:]
        out.append(data)
    whole = b"".join(out)
    return whole[: len(whole) - len(out[-1]) // 2]
