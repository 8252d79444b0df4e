# SPDX-License-Identifier: Apache-2.0
"""Operators of the user's own: they work, and whatever they do, the run goes on and says so."""

import json
import signal
import subprocess

import pytest

import gristmill

FUNCTIONS = """
import os, sys, time, signal


def shout(batch):
    return {"text": [text.upper() for text in batch["text"]], "size": [len(text) for text in batch["text"]]}


def judge(batch):
    texts = batch["text"]
    reasons = ["Has Number!" if "3" in text else None for text in texts]
    return {"reason": reasons, "keep": ["7" not in text for text in texts]}


def only_reason(batch):
    return {"reason": ["odd" if int(text.split()[1]) % 2 else None for text in batch["text"]]}


def reason_of_its_own(batch):
    return {"reason": [f"is {text}" for text in batch["text"]]}


async def waits(batch):
    return None


def yields(batch):
    yield from batch["text"]


def of_three(batch, config, more):
    return None


class NoCall:
    pass


class ByNumber:
    def __init__(self, config):
        self.limit = config["limit"]

    def __call__(self, batch):
        return {"keep": [len(text) < self.limit for text in batch["text"]]}


def nothing(batch):
    return None


class Marker:
    def __init__(self, config):
        self.mark = config["mark"]
        self.calls = 0

    def __call__(self, batch):
        self.calls += 1
        return {"text": [self.mark + text for text in batch["text"]]}


def with_config(batch, config):
    return {"label": [config["label"]] * len(batch["text"])}


def raises(batch):
    for text in batch["text"]:
        if text == "text 5":
            raise KeyError("five is not to my liking")


def leaves(batch):
    if "text 5" in batch["text"]:
        sys.exit("no fives")


def dies(batch):
    if "text 5" in batch["text"]:
        os._exit(3)


def crashes(batch):
    if "text 5" in batch["text"]:
        os.kill(os.getpid(), signal.SIGSEGV)


def hangs(batch):
    if "text 5" in batch["text"]:
        time.sleep(600)


def shape_list(batch):
    return batch["text"]


def shape_short(batch):
    return {"text": [text for text in batch["text"] if text != "text 5"]}


def shape_type(batch):
    return {"size": [None if text == "text 5" else 1.5 for text in batch["text"]]}


def shape_undeclared(batch):
    return {"wanted": [1] * len(batch["text"])}


def burns(batch):
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    print("this must not end up among the frames")


def reads(batch):
    rows = zip(batch["id"], batch["media_type"], batch["size"])
    return {"label": [f"{len(one)} {kind} {size}" for one, kind, size in rows]}


def kills_the_run_once(batch):
    marker = os.environ["MARKER"]
    if not os.path.exists(marker):
        open(marker, "w").close()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
    return {"text": [text + " done" for text in batch["text"]]}
"""


class Place:
    """A workspace with documents, and a folder with functions beside the pipelines."""

    def __init__(self, gristmill, folder, count):
        self.command, self.folder = gristmill, folder
        self.workspace = folder / "workspace"
        (folder / "functions.py").write_text(FUNCTIONS)
        source = folder / "texts.jsonl"
        source.write_text("".join(json.dumps({"text": f"text {number}"}) + "\n" for number in range(count)))
        gristmill("init", self.workspace)
        words = ["--source", "test", "--license", "CC0-1.0", "--into", "raw/web", "--workspace", self.workspace]
        gristmill("ingest", source, *words)

    def pipeline(self, *steps):
        path = self.folder / "pipeline.yaml"
        path.write_text(json.dumps({"inputs": ["raw/web"], "steps": list(steps), "output": "clean/web"}))
        return path

    def run(self, *steps, **options):
        return gristmill.run(self.pipeline(*steps), self.workspace, **options)

    def step(self, name, **options):
        return {"python": {"function": f"functions.py:{name}", **options}}

    def texts(self):
        return gristmill.dataset(self.workspace, "clean/web").read_all()


@pytest.fixture
def place(gristmill, tmp_path, monkeypatch):
    monkeypatch.setenv("GRISTMILL", str(gristmill.program))
    return Place(gristmill, tmp_path, 20)


def operator(run, position=0):
    return run["operators"][position]


def test_text_and_columns_are_written(place):
    run = place.run(place.step("shout", columns={"size": "integer"}, batch=7))
    table = place.texts()
    assert table.column("text").to_pylist() == [f"TEXT {number}" for number in range(20)]
    assert table.column("size").to_pylist() == [6] * 10 + [7] * 10
    assert (operator(run)["name"], operator(run)["in"], operator(run)["out"]) == ("python.shout", 20, 20)
    assert len(operator(run)["options"]["source_sha256"]) == 64
    assert operator(run)["bytes_in"] == operator(run)["bytes_out"] == 10 * 6 + 10 * 7


def test_documents_are_dropped_with_reasons(place):
    run = place.run(place.step("judge"), place.step("only_reason"), place.step("nothing"))
    # 3 and 13 have a reason but stay: `keep` decides where there is one.
    assert operator(run)["dropped"] == {"judge.dropped": 2}
    assert operator(run, 1)["dropped"] == {"only_reason.odd": 8}
    assert operator(run, 2)["out"] == 10


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("waits", "asynchronous"),
        ("yields", "return a dict of lists"),
        ("of_three", "cannot be called with a batch"),
        ("NoCall", "__call__"),
        ("ByNumber", "KeyError: 'limit'"),
    ],
)
def test_what_cannot_judge_a_batch_is_refused_before_the_run(place, name, message):
    with pytest.raises(gristmill.Error, match=message):
        place.run(place.step(name))


def test_a_run_that_quarantines_everything_tells_why(place):
    with pytest.raises(gristmill.Error, match=r"every document went to quarantine.*declared"):
        place.run(place.step("shape_undeclared"))
    words = ["run", place.pipeline(place.step("raises", batch=1)), "--workspace", place.workspace]
    told = place.command(*words, check=False).stdout
    assert "quarantined: " in told and "KeyError: 'five is not to my liking' (raises.failed)" in told


def test_reasons_without_end_are_summed_up(gristmill, tmp_path, monkeypatch):
    monkeypatch.setenv("GRISTMILL", str(gristmill.program))
    place = Place(gristmill, tmp_path, 250)
    made = operator(place.run(place.step("reason_of_its_own", batch=7)))
    assert sum(made["dropped"].values()) == 250
    assert len(made["dropped"]) <= 101
    assert made["dropped"]["reason_of_its_own.is_text_0"] == 1
    assert made["dropped"]["reason_of_its_own.other"] == 150


def test_annotate_writes_the_reason_instead(place):
    run = place.run(place.step("only_reason", annotate=True))
    assert operator(run)["out"] == 20
    assert place.texts().column("python_only_reason_reason").to_pylist() == [None, "only_reason.odd"] * 10


def test_a_class_is_set_up_and_functions_take_a_configuration(place):
    place.run(
        place.step("Marker", config={"mark": "> "}),
        place.step("with_config", columns={"label": "string"}, config={"label": "l\u00e4bel"}),
    )
    assert place.texts().column("text").to_pylist()[0] == "> text 0"
    assert set(place.texts().column("label").to_pylist()) == {"l\u00e4bel"}


def test_other_parts_and_columns_can_be_read(place):
    place.run(
        place.step("shout", columns={"size": "integer"}),
        place.step("reads", reads=["id", "media_type", "size"], columns={"label": "string"}),
    )
    assert place.texts().column("label").to_pylist()[10] == "32 text/plain 7"


@pytest.mark.parametrize(
    ("name", "reason", "message"),
    [
        ("raises", "raises.failed", "five is not to my liking"),
        ("leaves", "leaves.failed", "no fives"),
        ("dies", "dies.crashed", "exit status 3"),
        ("crashes", "crashes.crashed", "signal 11"),
        ("hangs", "hangs.hung", "did not return in time"),
    ],
)
def test_one_bad_document_is_quarantined_and_the_others_pass(place, name, reason, message):
    run = place.run(place.step(name, timeout=2), threads=1)
    assert operator(run)["quarantine_reasons"] == {reason: 1}
    assert operator(run)["out"] == 19
    assert "text 5" not in place.texts().column("text").to_pylist()
    assert message in json.dumps(run["quarantine"])


@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [("shape_short", 1, "0 values for 1 documents"), ("shape_type", 19, "value of type float, integer is needed")],
)
def test_a_wrong_result_is_quarantined_with_what_was_wrong(place, name, bad, message):
    run = place.run(place.step(name, columns={"size": "integer"}))
    assert operator(run)["quarantine_reasons"] == {f"{name}.bad_result": bad}
    assert message in json.dumps(run["quarantine"])


@pytest.mark.parametrize("name", ["shape_list", "shape_undeclared"])
def test_a_function_that_is_always_wrong_commits_nothing(place, name):
    with pytest.raises(gristmill.Error, match="every document went to quarantine") as caught:
        place.run(place.step(name))
    assert operator(caught.value.run)["quarantine_reasons"] == {f"{name}.bad_result": 20}


def test_a_function_that_cannot_be_loaded_is_told_with_its_traceback(place):
    (place.folder / "broken.py").write_text("import json\n\nraise RuntimeError('no such luck')\n")
    with pytest.raises(gristmill.Error, match="no such luck") as caught:
        place.run({"python": {"function": "broken.py:f"}})
    assert "line 3" in str(caught.value) and "pipeline.yaml, line 1" in str(caught.value)
    for function, message in (
        ("functions.py:absent", "has no attribute 'absent'"),
        ("functions.py:FUNCTIONS_VALUE", "has no attribute"),
        ("no_such_module:f", "No module named 'no_such_module'"),
        ("absent.py:f", "there is no file absent.py"),
        ("functions.py", "write file.py:name"),
    ):
        with pytest.raises(gristmill.Error, match=message):
            place.run({"python": {"function": function}})


def test_parameters_are_checked(place):
    for options, message in (
        ({"batches": 3}, "did you mean 'batch'"),
        ({"batch": 0}, "out of range"),
        ({"columns": {"text": "string"}}, "has a meaning of its own"),
        ({"columns": {"x": "float"}}, "string, integer, number and boolean are known"),
        ({"columns": {"a b": "string"}}, "letters, digits"),
        ({"reads": ["quality"]}, "needs the column 'quality'"),
    ):
        with pytest.raises(gristmill.Error, match=message):
            place.run(place.step("nothing", **options))


def test_the_workers_time_is_counted(place):
    run = place.run(place.step("burns"), threads=1)
    assert operator(run)["cpu_seconds"] >= 0.29
    assert run["cpu_seconds"] >= operator(run)["cpu_seconds"]


def test_the_source_is_part_of_the_fingerprint(place):
    first = place.run(place.step("shout", columns={"size": "integer"}))
    again = place.run(place.step("shout", columns={"size": "integer"}, timeout=50))
    assert again["fingerprint"] == first["fingerprint"]
    (place.folder / "functions.py").write_text(FUNCTIONS + "\n# changed\n")
    assert place.run(place.step("shout", columns={"size": "integer"}))["fingerprint"] != first["fingerprint"]


def test_modules_beside_the_function_are_part_of_it(place):
    (place.folder / "words.py").write_text("WORD = 'one'\n")
    (place.folder / "uses.py").write_text(
        "import words\n\n\ndef f(batch):\n    return {'text': [words.WORD] * len(batch['text'])}\n"
    )
    first = place.run({"python": {"function": "uses:f"}})
    assert set(place.texts().column("text").to_pylist()) == {"one"}
    (place.folder / "words.py").write_text("WORD = 'two'\n")
    assert place.run({"python": {"function": "uses:f"}})["fingerprint"] != first["fingerprint"]


def test_bytes_do_not_depend_on_threads_or_batches_of_calls(place):
    digests = {
        place.run(place.step("shout", columns={"size": "integer"}, batch=batch), threads=threads)["content_digest"]
        for batch, threads in ((1, 1), (1000, 4))
    }
    assert len(digests) == 1


def test_a_killed_run_goes_on_to_the_same_bytes(place, monkeypatch, tmp_path):
    monkeypatch.setenv("MARKER", str(tmp_path / "marker"))
    path = place.pipeline(place.step("kills_the_run_once", batch=6), "dedup.exact")
    words = [place.command.program, "run", path, "--workspace", place.workspace, "--threads", "1"]
    killed = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    resumed = place.command.json("run", "--resume", "last", "--workspace", place.workspace)
    assert resumed["status"] == "done" and operator(resumed)["out"] == 20
    undisturbed = gristmill.run(path, place.workspace)
    assert undisturbed["content_digest"] == resumed["content_digest"]
    assert undisturbed["fingerprint"] == resumed["fingerprint"]
