# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 as RFC 9110 and 9112 have it, and what breaks it is refused."""

import email.utils
import json
import time

import pytest
from server_support import read_all, statuses

LIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"


def last(request):
    return request + b"Connection: close\r\n\r\n"


def test_connections_are_kept_and_requests_answered_in_order(served):
    answers = served.raw(LIVE + b"\r\n" + b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n" + last(LIVE))
    assert statuses(answers) == [200, 404, 200]


def test_a_request_may_come_byte_by_byte(served):
    with served.connect() as connection:
        for byte in last(LIVE):
            connection.sendall(bytes([byte]))
        assert statuses(read_all(connection)) == [200]


def test_http_1_0_closes_unless_asked(served):
    assert statuses(served.raw(b"GET /health/live HTTP/1.0\r\n\r\n")) == [200]


def test_head_has_the_length_but_no_body(served):
    received = served.raw(last(LIVE.replace(b"GET", b"HEAD")))
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200") and b"Content-Length: 17" in head and body == b""


def test_options_and_wrong_methods_tell_what_is_allowed(served):
    answer = served.call("OPTIONS", "/api/v1/datasets", status=204)
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS" and not answer.content
    # /runs/plan is no run, though /runs/{run} fits it too.
    assert served.call("OPTIONS", "/api/v1/runs/plan", status=204).headers["Allow"] == "POST, OPTIONS"
    served.get("/api/v1/runs/plan", status=405)
    refused = served.call("DELETE", "/api/v1/datasets", status=405)
    assert refused.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert refused.headers["Content-Type"] == "application/problem+json"


def test_the_absolute_form_is_taken(served):
    for url, status in (
        (b"http://localhost/health/live", 200),
        (b"HTTP://127.0.0.1:80/health/live?", 200),
        (b"http://localhost", 404),
        (b"http://localhost?x=/health/live", 404),
        # Its host is the request's, whatever the header says (RFC 9112, 3.2.2).
        (b"http://evil.example/health/live", 421),
        (b"http://localhost@evil.example/health/live", 421),
        (b"http:/health/live", 400),
    ):
        assert statuses(served.raw(last(LIVE.replace(b"/health/live", url)))) == [status], url


@pytest.mark.parametrize(
    "request_bytes, status",
    [
        (b"GET /health/live HTTP/1.1\r\n\r\n", 400),
        (b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /health/live HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
        (b"GET health HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /health/live HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
        (b"GET /health/live HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n", 400),
        (LIVE + b"X: " + b"a" * 20000 + b"\r\n\r\n", 431),
        (LIVE + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (LIVE + b"Expect: 200-ok\r\n\r\n", 417),
        (b"GET /a/../b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /%ff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ],
)
def test_bad_requests_are_refused(served, request_bytes, status):
    assert statuses(served.raw(request_bytes.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")))[0] == status


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Content-Length: 5\r\nContent-Length: 0\r\n",
        b"Content-Length: 5, 0\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 0x5\r\n",
        b"Content-Length: 99999999999999999999\r\n",
    ],
)
def test_nothing_is_smuggled(served, framing):
    """Where the end of a body is in doubt, nothing after the head is taken for a request."""
    request = b"POST /api/v1/datasets HTTP/1.1\r\nHost: localhost\r\n" + framing + b"\r\n0\r\n\r\n"
    answers = statuses(served.raw(request + SMUGGLED))
    assert len(answers) == 1 and answers[0] in (400, 501), answers


def test_chunks_cost_no_more_than_a_body(served):
    """A body of one-byte chunks, each with a long extension, is not read to its end."""
    request = b"POST /api/v1/runs/plan HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    request += f"Content-Type: application/json\r\nAuthorization: Bearer {served.token}\r\n\r\n".encode()
    chunk = b"1;a=" + b"b" * 100 + b"\r\n \r\n"
    with served.connect() as connection:
        connection.sendall(request)
        try:
            for _ in range(400):
                connection.sendall(chunk * 100)  # 4.4 MB in all for a body of 40 kB, where 1 MiB may be one.
        except OSError:
            pass
        assert statuses(read_all(connection)) in ([413], [])
    served.get("/health/live")


def test_answers_tell_the_time(served):
    for path in ("/health/live", "/nothing"):
        answer = served.call("GET", path)
        seconds = email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp()
        assert abs(seconds - time.time()) < 120


def test_go_on_is_said_to_those_who_asked_only(served):
    """Not to the next request of a client that sent its body without waiting."""
    event = b'{"type": "nonsense"}'
    head = b"POST /api/v1/feedback HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += f"Authorization: Bearer {served.token}\r\nContent-Length: {len(event)}\r\n".encode()
    with served.connect() as connection:
        connection.sendall(head + b"Expect: 100-continue\r\n\r\n" + event)
        assert connection.recv(65536).startswith(b"HTTP/1.1 422")
        connection.sendall(LIVE)
        time.sleep(0.2)
        connection.sendall(b"Connection: close\r\n\r\n")
        assert statuses(read_all(connection)) == [200]
        # Who waits is told.
    with served.connect() as connection:
        connection.sendall(head + b"Connection: close\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(event)
        assert statuses(read_all(connection)) == [422]


def test_line_breaks_between_requests_are_skipped(served):
    with served.connect() as connection:
        for piece in (LIVE + b"\r\n\r\n\r\n", b"\r", b"\n\r", b"\n" + last(LIVE)):
            connection.sendall(piece)
            time.sleep(0.1)
        assert statuses(read_all(connection)) == [200, 200]


def large(framing, token=None):
    """The head of a request whose body is more than a stranger may send."""
    head = "POST /api/v1/feedback HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return (head + (f"Authorization: Bearer {token}\r\n" if token else "") + framing + "\r\n").encode()


@pytest.mark.parametrize("framing", ["Content-Length: 70000\r\n", "Transfer-Encoding: chunked\r\n"])
def test_who_sends_much_says_who_it_is_first(served, framing):
    assert statuses(served.raw(large(framing))) == [401]
    assert statuses(served.raw(large(framing, "gm_wrong"))) == [401]
    time.sleep(1.1)  # Longer than a token is remembered.
    body = b'{"type": "nonsense"}'.ljust(70000)
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if "chunked" in framing else body
    with served.connect() as connection:
        connection.sendall(large(framing, served.token))
        time.sleep(0.1)
        connection.sendall(sent + last(LIVE))
        assert statuses(read_all(connection)) == [422, 200]
    time.sleep(1.1)
    # All at once, so that the body is there before anybody was asked.
    assert statuses(served.raw(large(framing, served.token) + sent + last(LIVE))) == [422, 200]


def test_who_sends_much_to_the_catalog_is_refused_in_its_own_words(served):
    head = b"POST /iceberg/v1/namespaces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\n"
    for token in (b"", b"Authorization: Bearer gm_wrong\r\n"):
        answer = served.raw(head + token + b"\r\n")
        assert statuses(answer) == [401]
        error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
        assert error["code"] == 401 and error["type"]


def test_answers_carry_security_headers_and_no_cors(served):
    answer = served.get("/api/v1/version", headers={"Origin": "https://evil.example"})
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil:80", "[::2]", "10.0.0.1"])
def test_on_loopback_only_hosts_of_this_machine_are_served(served, host):
    """DNS rebinding: a page of evil.example whose name was pointed at 127.0.0.1."""
    served.get("/api/v1/version", status=421, headers={"Host": host})
    served.get("/api/v1/version", headers={"Host": "localhost:1234"})
    served.get("/api/v1/version", headers={"Host": "[::1]"})
