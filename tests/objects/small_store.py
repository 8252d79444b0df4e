# SPDX-License-Identifier: Apache-2.0
"""An object store of one process for tests: enough of S3, in memory, and strict about what it is asked.

Signatures are checked by a computation of its own, written from AWS's description of Signature Version 4.
"""

import base64
import email.utils
import hashlib
import hmac
import http.server
import re
import threading
import time
import urllib.parse
import zlib
from xml.etree import ElementTree
from xml.sax.saxutils import escape

NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def digest_hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def quoted(text):
    return urllib.parse.quote(text, safe="-_.~")


def crc32_text(body):
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


class Refusal(Exception):
    def __init__(self, status, code, message="", **headers):
        super().__init__(code)
        self.status, self.code, self.message, self.headers = status, code, message or code, headers


class SmallStore:
    """Buckets, objects and what the requests to them must look like."""

    def __init__(self, buckets=("corpus",)):
        self.access_key, self.secret_key, self.token = "AKIASMALLSTORE", "sEcReT/with+signs=", ""
        self.region, self.heeds_conditions, self.clock_offset_s = "us-east-1", True, 0
        self.expired = set()
        self.buckets = {name: {} for name in buckets}
        self.uploads, self.requests, self.part_sizes = {}, [], []
        self.page_size = 1000
        self.kept = {}  # By key the codes of refusals to delete it among others, one a request.
        self.lock = threading.RLock()

    # Signatures

    def check_signature(self, method, path, query, headers, body):
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, "
            r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})",
            headers.get("authorization", ""),
        )
        if not found:
            raise Refusal(403, "AccessDenied", "Anonymous access is forbidden")
        key, day, region, names, signature = found.groups()
        if key in self.expired:
            raise Refusal(400, "ExpiredToken", "The provided token has expired.")
        if key != self.access_key:
            raise Refusal(403, "InvalidAccessKeyId", f"There is no key {key}", AWSAccessKeyId=key)
        if region != self.region:
            raise Refusal(400, "AuthorizationHeaderMalformed", f"expecting '{self.region}'", Region=self.region)
        if headers.get("x-amz-security-token", "") != self.token:
            raise Refusal(403, "InvalidToken", "The provided token is malformed")
        stamp = headers["x-amz-date"]
        moment = time.mktime(time.strptime(stamp, "%Y%m%dT%H%M%SZ")) - time.timezone
        if abs(moment - time.time() - self.clock_offset_s) > 900:
            raise Refusal(403, "RequestTimeTooSkewed", "The difference is too large.")
        for name in headers:
            assert not name.startswith("x-amz-") or name in names.split(";"), f"{name} is not signed"
        assert "host" in names.split(";")
        if headers["x-amz-content-sha256"] != "UNSIGNED-PAYLOAD":
            assert hashlib.sha256(body).hexdigest() == headers["x-amz-content-sha256"]
        pairs = sorted((quoted(k), quoted(v)) for k, v in query)
        lines = [method, path, "&".join(f"{k}={v}" for k, v in pairs)]
        lines += [f"{name}:{' '.join(headers[name].split())}" for name in names.split(";")]
        lines += ["", names, headers["x-amz-content-sha256"]]
        hashed = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        scope = f"{day}/{region}/s3/aws4_request"
        signing = ("AWS4" + self.secret_key).encode()
        for part in scope.split("/"):
            signing = digest_hmac(signing, part)
        wanted = digest_hmac(signing, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}").hex()
        if wanted != signature:
            raise Refusal(403, "SignatureDoesNotMatch", "The signature does not match.")

    # Requests

    def answer(self, method, target, headers, body, bucket=None):
        """Status, headers and body of the answer to one request; the bucket is in the path unless it is given."""
        path, _, text = target.partition("?")
        query = urllib.parse.parse_qsl(text, keep_blank_values=True)
        key = path[1:]
        if bucket is None:
            bucket, _, key = key.partition("/")
        key = urllib.parse.unquote(key)
        with self.lock:
            self.requests.append((method, bucket, key, dict(query), headers))
            try:
                self.check_signature(method, path, query, headers, body)
                if bucket not in self.buckets:
                    raise Refusal(404, "NoSuchBucket", "The specified bucket does not exist")
                if "x-amz-checksum-crc32" in headers and headers["x-amz-checksum-crc32"] != crc32_text(body):
                    raise Refusal(400, "BadDigest", "The checksum does not fit")
                return self.dispatch(method, bucket, key, dict(query), headers, body)
            except Refusal as refusal:
                extra = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in refusal.headers.items())
                xml = f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>{extra}</Error>"
                return refusal.status, {}, b"" if method == "HEAD" else xml.encode()

    def dispatch(self, method, bucket, key, query, headers, body):
        objects = self.buckets[bucket]
        if not key:
            if method == "POST" and "delete" in query:
                return self.delete_many(objects, body)
            if "uploads" in query:
                return self.list_uploads(bucket, query)
            return self.list_objects(objects, query)
        if method == "PUT" and "uploadId" in query:
            return self.put_part(bucket, key, query, body)
        if method == "PUT":
            self.check_conditions(objects, key, headers)
            return 200, {"ETag": self.store(objects, key, body, headers)}, b""
        if method == "POST":
            return self.post(bucket, objects, key, query, headers, body)
        if method == "DELETE":
            (self.uploads.pop(query["uploadId"], None) if "uploadId" in query else objects.pop(key, None))
            return 204, {}, b""
        return self.get(objects, key, headers)

    def check_conditions(self, objects, key, headers):
        if self.heeds_conditions and headers.get("if-none-match") == "*" and key in objects:
            raise Refusal(412, "PreconditionFailed")

    def store(self, objects, key, body, headers, etag=None, crc=None):
        etag = etag or f'"{hashlib.md5(body).hexdigest()}"'
        meta = {name: value for name, value in headers.items() if name.startswith("x-amz-meta-")}
        objects[key] = (body, etag, time.time(), meta, crc or crc32_text(body))
        return etag

    def get(self, objects, key, headers):
        if key not in objects:
            raise Refusal(404, "NoSuchKey", "The specified key does not exist.")
        body, etag, moment, meta, crc = objects[key]
        if headers.get("if-match", etag) != etag:
            raise Refusal(412, "PreconditionFailed")
        answer = {"ETag": etag, "Last-Modified": email.utils.formatdate(moment, usegmt=True), **meta}
        found = re.fullmatch(r"bytes=(\d*)-(\d*)", headers.get("range", ""))
        if not found:
            if headers.get("x-amz-checksum-mode") == "ENABLED":
                answer["x-amz-checksum-crc32"] = crc
            return 200, answer, body
        first, last = found.groups()
        begin = int(first) if first else max(0, len(body) - int(last))
        end = min(len(body), int(last) + 1) if first and last else len(body)
        if begin >= len(body):
            raise Refusal(416, "InvalidRange")
        answer["Content-Range"] = f"bytes {begin}-{end - 1}/{len(body)}"
        return 206, answer, body[begin:end]

    # Listings

    def list_objects(self, objects, query):
        prefix, after = query.get("prefix", ""), query.get("continuation-token", "")
        keys = sorted(k for k in objects if k.startswith(prefix))
        keys = [k for k in keys if k > urllib.parse.unquote(after)]
        page = keys[: self.page_size]
        xml = "<EncodingType>url</EncodingType>"
        more = len(keys) > len(page)
        xml += f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        if more:
            xml += f"<NextContinuationToken>{urllib.parse.quote(page[-1])}</NextContinuationToken>"
        for key in page:
            body, etag, moment, _, _ = objects[key]
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(moment))
            xml += f"<Contents><Key>{urllib.parse.quote_plus(key, safe='/')}</Key><LastModified>{stamp}</LastModified>"
            xml += f"<ETag>{escape(etag)}</ETag><Size>{len(body)}</Size></Contents>"
        return 200, {}, f'<ListBucketResult xmlns="{NAMESPACE[1:-1]}">{xml}</ListBucketResult>'.encode()

    def list_uploads(self, bucket, query):
        xml = ""
        for upload, (owner, key, _, _) in self.uploads.items():
            if owner == bucket and key.startswith(query.get("prefix", "")):
                xml += f"<Upload><Key>{escape(key)}</Key><UploadId>{upload}</UploadId></Upload>"
        return 200, {}, f"<ListMultipartUploadsResult>{xml}</ListMultipartUploadsResult>".encode()

    def delete_many(self, objects, body):
        xml = ""
        for node in ElementTree.fromstring(body).iter(f"{NAMESPACE}Key"):
            if self.kept.get(node.text):
                code = self.kept[node.text].pop()
                xml += f"<Error><Key>{escape(node.text)}</Key><Code>{code}</Code><Message>{code}</Message></Error>"
            else:
                objects.pop(node.text, None)
        return 200, {}, f"<DeleteResult>{xml}</DeleteResult>".encode()

    # Uploads in parts

    def post(self, bucket, objects, key, query, headers, body):
        if "uploads" in query:
            upload = f"upload-{len(self.requests)}"
            self.uploads[upload] = (bucket, key, {}, headers)
            xml = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            return 200, {}, xml.encode()
        if query["uploadId"] not in self.uploads:
            raise Refusal(404, "NoSuchUpload")
        assert "x-amz-checksum-crc32" not in headers, "here it would be that of the whole object"
        self.check_conditions(objects, key, headers)
        _, _, parts, first = self.uploads.pop(query["uploadId"])
        named = [
            (int(node.find(f"{NAMESPACE}PartNumber").text), node.find(f"{NAMESPACE}ETag").text)
            for node in ElementTree.fromstring(body).iter(f"{NAMESPACE}Part")
        ]
        assert [number for number, _ in named] == list(range(1, len(named) + 1))
        assert all(len(parts[number][0]) >= 5 << 20 for number, _ in named[:-1]), "a part is too small"
        assert all(parts[number][1] == etag for number, etag in named)
        whole = b"".join(parts[number][0] for number, _ in named)
        self.part_sizes.append([len(parts[number][0]) for number, _ in named])
        etag = f'"{hashlib.md5(whole).hexdigest()}-{len(named)}"'
        self.store(objects, key, whole, first, etag, f"composite-{len(named)}")
        return (
            200,
            {},
            f"<CompleteMultipartUploadResult><ETag>{escape(etag)}</ETag></CompleteMultipartUploadResult>".encode(),
        )

    def put_part(self, bucket, key, query, body):
        if query["uploadId"] not in self.uploads:
            raise Refusal(404, "NoSuchUpload")
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        self.uploads[query["uploadId"]][2][int(query["partNumber"])] = (body, etag)
        return 200, {"ETag": etag}, b""


REFUSALS = {
    "slow_down": (503, "SlowDown", {"Retry-After": "1"}),
    "internal": (500, "InternalError", {}),
    "late": (200, "InternalError", {}),
    "denied": (403, "AccessDenied", {}),
}


class Handler(http.server.BaseHTTPRequestHandler):
    """HTTP for a store, with faults by plan: `server.faults` maps a request to what goes wrong with it."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault = self.server.next_fault(self.command, self.path)
        if fault == "reset":
            self.connection.close()
            self.close_connection = True
            return
        if fault in REFUSALS:
            status, code, extra = REFUSALS[fault]
            return self.give(status, extra, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())
        status, answer, content = self.server.backend(self.command, self.path, headers, body)
        if fault == "lost":
            self.connection.close()
            self.close_connection = True
            return
        if fault == "stall":
            time.sleep(3)
        if fault == "flipped" and content:
            content = content[:-1] + bytes([content[-1] ^ 1])
        self.give(status, answer, content, truncated=fault == "truncated")

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

    def give(self, status, headers, body, truncated=False):
        self.send_response_only(status)
        self.send_header("Date", self.date_time_string())
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if truncated:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.connection.close()
            self.close_connection = True
        else:
            self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    """A backend, which is a function of method, target, headers and body, behind a socket on the loopback."""

    daemon_threads = True

    def __init__(self, backend):
        super().__init__(("127.0.0.1", 0), Handler)
        self.backend, self.faults, self.met = backend, [], []
        self.guard = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def plan(self, fault, method, pattern, times=1):
        """The next `times` requests of a method whose target fits the pattern meet a fault."""
        with self.guard:
            self.faults.append([fault, method, re.compile(pattern), times])

    def next_fault(self, method, target):
        with self.guard:
            for fault in self.faults:
                if fault[3] > 0 and fault[1] == method and fault[2].search(target):
                    fault[3] -= 1
                    self.met.append(fault[0])
                    return fault[0]
        return None

    def handle_error(self, *_):
        pass
