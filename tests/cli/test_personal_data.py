# SPDX-License-Identifier: Apache-2.0
"""What a run says about personal data: how often which kind was found and what was done, never the values."""

import pathlib

import pytest

KEY = "correct horse battery staple"
ACTIONS = "[email=pseudonym, phone=remove, secret=drop, birth_date=annotate]"
STEP = f"redact.pii: {{kinds: [email, phone, ip_address, secret, birth_date], actions: {ACTIONS}, key: env:PII_KEY}}"
VALUES = ["ann.kowalska@mail.com", "2125550147", "81.2.69.142", "ghp_" + "aB3dE5gH7j" * 3 + "K9mN1p", "1984-05-17"]


def texts():
    """Two mail addresses, a telephone and an IP address in each of 40; a token and a mail address in 10 more."""
    mail, phone, address, token, date = VALUES
    open_texts = [f"Number {n}: {mail} or bob{n}@mail.com, phone {phone} at {address}." for n in range(40)]
    open_texts += [f"Patient {n}, date of birth: {date}, nothing else." for n in range(5)]
    return open_texts + [f"Number {n}: token {token}, ask {mail}." for n in range(10)]


EXPECTED = {
    "email": {"pseudonym": 80, "drop": 10},
    "phone": {"remove": 40},
    "ip_address": {"placeholder": 40},
    "github_token": {"drop": 10},
    "birth_date": {"annotate": 5},
}


@pytest.fixture(name="landed")
def landed_workspace(workspace, monkeypatch):
    monkeypatch.setenv("PII_KEY", KEY)
    workspace.write_jsonl("texts.jsonl", texts())
    workspace.ingest()
    return workspace


def test_finds_are_told_by_kind_and_action_without_values(landed):
    document = landed.run(STEP, arguments=("--threads", 1))
    assert document["operators"][0]["tally"] == EXPECTED
    assert landed.json("runs", "show", document["run_id"])["operators"][0]["tally"] == EXPECTED
    shown = landed.call("runs", "show", document["run_id"]).stdout
    assert "redact.pii found: birth_date 5 annotate, email 10 drop, email 80 pseudonym" in shown
    report = pathlib.Path(document["report"]).read_text(encoding="utf-8")
    assert "github_token</td>" in report and ">pseudonym</th>" in report
    for value in VALUES:
        assert value not in report and value not in shown and value not in str(document)


def test_the_counts_add_up_over_inputs_and_threads(workspace, monkeypatch):
    monkeypatch.setenv("PII_KEY", KEY)
    for part in range(5):
        path = workspace.write_jsonl(f"texts{part}.jsonl", texts()[part::5])
        workspace.ingest(path)
    documents = [workspace.run(STEP, arguments=("--threads", threads)) for threads in (1, 2)]
    for document in documents:
        assert document["operators"][0]["tally"] == EXPECTED
    assert documents[0]["content_digest"] == documents[1]["content_digest"]


def test_an_annotating_step_counts_a_drop_as_noted(landed):
    document = landed.run(STEP[:-1] + ", annotate: true}")
    assert document["documents"]["dropped"] == 0
    tally = document["operators"][0]["tally"]
    assert tally["github_token"] == {"annotate": 10} and tally["email"] == {"pseudonym": 80, "annotate": 10}


def test_the_key_is_nowhere(landed):
    document = landed.run(STEP)
    done = landed.call("run", landed.pipeline(STEP))
    assert KEY not in done.stdout + done.stderr + str(document)
    for path in pathlib.Path(landed.folder).rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


def test_a_bad_key_is_refused_without_showing_it(landed, monkeypatch):
    monkeypatch.setenv("PII_KEY", "short secret")
    done = landed.call("run", landed.pipeline(STEP), code=2)
    assert "at least 16 secret bytes" in done.stderr
    assert "short secret" not in done.stdout + done.stderr
    monkeypatch.delenv("PII_KEY")
    assert "PII_KEY" in landed.call("run", landed.pipeline(STEP), code=2).stderr


def test_another_key_is_another_run(landed, monkeypatch):
    first = landed.run(STEP)
    again = landed.run(STEP)
    monkeypatch.setenv("PII_KEY", KEY + "!")
    other = landed.run(STEP)
    assert first["fingerprint"] == again["fingerprint"] != other["fingerprint"]
    assert first["content_digest"] != other["content_digest"]
