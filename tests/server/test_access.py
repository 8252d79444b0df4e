# SPDX-License-Identifier: Apache-2.0
"""Who may do what, and when the server refuses to start."""

import stat
import time

import pytest


def test_the_first_start_makes_an_admin_token_that_only_its_owner_reads(serve, workspace):
    server = serve()
    path = workspace.folder / ".gristmill" / "admin-token"
    assert server.started["token_file"] == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert server.token not in server.log.read_text()
    database = (workspace.folder / ".gristmill" / "catalog.db").read_bytes()
    assert server.token.encode() not in database and server.token.split("_")[2].encode() not in database
    server.get("/api/v1/datasets")
    assert server.stop() == 0
    assert serve().started["token_file"] is None


def test_tokens_made_before_the_first_start_do_not_take_the_admin_token_away(serve, workspace):
    workspace.json("token", "create", "--name", "dashboard", "--scope", "read")
    server = serve()
    assert server.started["token_file"] == str(workspace.folder / ".gristmill" / "admin-token")
    scopes = {one["name"]: one["scope"] for one in workspace.json("token", "list")}
    assert scopes == {"dashboard": "read", "admin": "admin"}
    server.get("/api/v1/datasets", token=server.token)


def test_without_a_token_or_with_a_wrong_one_nothing_is_told(served):
    for headers in (
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer gm_000000000000_" + "0" * 64},
        {"Authorization": "Bearer " + served.token[:-1] + "x"},
        {"Authorization": "Basic YTpi"},
    ):
        answer = served.get("/api/v1/datasets", status=401, headers=headers)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.json()["status"] == 401 and answer.headers["Content-Type"] == "application/problem+json"


def test_tokens_expire_and_are_revoked(serve, workspace):
    server = serve()
    made = workspace.json("token", "create", "--name", "short", "--lifetime", "1s")
    lasting = workspace.json("token", "create", "--name", "lasting", "--scope", "read")
    server.get("/api/v1/datasets", token=lasting["token"])
    workspace.json("token", "revoke", lasting["token_id"])
    time.sleep(1.2)  # A token is remembered for a second.
    server.get("/api/v1/datasets", status=401, token=lasting["token"])
    time.sleep(1)
    server.get("/api/v1/datasets", status=401, token=made["token"])
    listed = workspace.json("token", "list")
    assert {item["name"] for item in listed} == {"admin", "short", "lasting"}
    assert "token" not in listed[0] and listed[2]["revoked_at"]


def test_a_token_is_made_once_for_a_key(serve, workspace):
    server = serve()
    command = ("token", "create", "--name", "robot", "--scope", "write", "--lifetime", "90d")
    made = workspace.json(*command, "--idempotency-key", "deploy 7")
    again = workspace.json(*command, "--idempotency-key", "deploy 7")
    assert again == {**made, "token": None, "already_done": True}
    told = workspace.call(*command, "--idempotency-key", "deploy 7").stderr
    assert "its text was told then" in told and made["token"] not in told
    server.get("/api/v1/datasets", token=made["token"])
    assert workspace.json(*command, "--idempotency-key", "deploy 8")["token_id"] != made["token_id"]
    assert workspace.json(*command)["token"] != workspace.json(*command)["token"]
    others = (("--scope", "admin"), ("--name", "other"), ("--lifetime", "1d"))
    for flag, value in others:
        other = [value if word == command[command.index(flag) + 1] else word for word in command]
        told = workspace.call(*other, "--idempotency-key", "deploy 7", code=5).stderr
        assert made["token_id"] in told and "another" in told
    assert [one["name"] for one in workspace.json("token", "list")].count("robot") == 4


@pytest.mark.parametrize("lifetime", ["", "0s", "0.5s", "36501d", "300000000d", "-1d", "5"])
def test_a_lifetime_that_is_none_makes_no_token_that_never_ends(workspace, lifetime):
    told = workspace.call("token", "create", "--name", "a", "--lifetime", lifetime, code=2).stderr
    assert "1s to 36500d" in told or "is not a length of time" in told
    assert workspace.json("token", "list") == []


def test_guessing_tokens_is_slowed_down(serve):
    server = serve()
    wrong = "gm_000000000000_" + "0" * 64
    seen = [server.call("GET", "/api/v1/datasets", token=wrong).status_code for _ in range(40)]
    assert set(seen) == {401, 429} and seen[0] == 401
    server.get("/api/v1/datasets")


def test_a_token_has_a_rate(serve):
    server = serve("--rate", "5")
    answers = [server.call("GET", "/api/v1/version") for _ in range(30)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused and int(refused[0].headers["Retry-After"]) >= 1
    assert server.call("GET", "/health/live").status_code == 200


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["--host", "0.0.0.0"], "--tls-certificate"),
        (["--host", "::"], "--plain-http"),
        (["--host", "256.1.1.1.invalid", "--plain-http"], "neither an address"),
        (["--tls-certificate", "/dev/null"], "needs both"),
        (["--tls-certificate", "/dev/null", "--tls-key", "/dev/null"], "TLS certificate"),
    ],
)
def test_unsafe_and_broken_settings_are_refused(workspace, arguments, told):
    done = workspace.call("serve", "--port", "0", *arguments, code=2)
    assert told in done.stderr
