# SPDX-License-Identifier: Apache-2.0
"""Our signatures against those of botocore, on random requests."""

import json
import os
import pathlib
import subprocess

import pytest
from real_servers import PEERS, ROOT, in_peers

pytestmark = pytest.mark.full

SIGN = r"""
import json, random, sys, urllib.parse
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

random.seed(int(sys.argv[2]))
ALPHABET = "abcXYZ019-_.~ /+%&=?#!'()*;:@$,\"<>[]{}|\\^`\u00e9\u00df\u65e5\u672c\U0001f600"


def text(most):
    return "".join(random.choice(ALPHABET) for _ in range(random.randint(1, most)))


for _ in range(int(sys.argv[1])):
    access, secret = text(20).replace("/", "-"), text(40)
    token = text(60) if random.random() < 0.5 else None
    region = random.choice(["us-east-1", "eu-central-1", "ap-south-2"])
    method = random.choice(["GET", "PUT", "POST", "DELETE", "HEAD"])
    path = "/bucket/" + urllib.parse.quote(text(40), safe="/-_.~")
    query = [(text(12), text(12) if random.random() < 0.8 else "") for _ in range(random.randint(0, 4))]
    url = "https://host.example:9000" + path
    if query:
        url += "?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote, safe="-_.~")
    headers = {"x-amz-meta-" + str(i): "  a   " + str(i) + " b " for i in range(random.randint(0, 3))}
    if random.random() < 0.5:
        headers["Range"] = "bytes=0-9"
    body = text(100).encode() if method in ("PUT", "POST") else b""
    request = AWSRequest(method=method, url=url, headers=headers, data=body)
    S3SigV4Auth(Credentials(access, secret, token), "s3", region).add_auth(request)
    given = request.headers["Authorization"]
    names = given.split("SignedHeaders=")[1].split(",")[0].split(";")
    held = {name.lower(): value for name, value in request.headers.items()} | {"host": "host.example:9000"}
    print(json.dumps({
        "method": method, "path": path, "query": query, "payload_hash": held["x-amz-content-sha256"],
        "headers": [[name, held[name]] for name in names], "access_key": access, "secret_key": secret,
        "region": region, "stamp": held["x-amz-date"], "expected": given,
    }))
"""


def test_signatures_are_those_of_botocore():
    driver = pathlib.Path(os.environ.get("GRISTMILL_SIGNATURE_DRIVER", ROOT / "build/dev/tests/signature_driver"))
    if not driver.exists() or not (PEERS / "python").exists():
        pytest.skip("no signature driver, or no botocore: tools/setup_object_stores.sh")
    given = in_peers(SIGN, 2000, 20261123)
    signed = subprocess.run([driver], input=given, capture_output=True, text=True, check=True).stdout.splitlines()
    expected = [json.loads(line)["expected"] for line in given.splitlines()]
    assert len(signed) == len(expected) == 2000
    wrong = [pair for pair in zip(signed, expected, strict=True) if pair[0] != pair[1]]
    assert not wrong, wrong[0]
