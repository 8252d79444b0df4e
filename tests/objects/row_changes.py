# SPDX-License-Identifier: Apache-2.0
"""Row changes, compaction and two who change at once, in a warehouse of whatever object store."""

import json

TEXTS = [f"text {number}" for number in range(12)]


def rows_of(workspace):
    out = workspace("dataset", "head", "raw/web", "-n", "1000", "--json").stdout
    return [json.loads(line) for line in out.splitlines()]


def write_rows(folder, name, texts, url):
    path = folder / name
    path.write_text("".join(json.dumps({"text": text, "url": url}) + "\n" for text in texts))
    return path


def change_rows(workspace, folder):
    """Every command that rewrites rows; what is left, and under which ids, is known from the inputs."""
    for number in range(4):
        path = write_rows(folder, f"{number}.jsonl", TEXTS[3 * number : 3 * number + 3], "https://first.example/")
        workspace.json("ingest", path, "--source", "web", "--license", "CC0-1.0")
    ids = {row["text"]: row["id"] for row in rows_of(workspace)}
    done = workspace.json("dataset", "delete", "raw/web", "--where", "text = 'text 4'")
    assert done["rows"]["deleted"] == 1 and done["files"] == {"rewritten": 1, "kept": 3}
    workspace.json("dataset", "update", "raw/web", "--set", "url=https://set.example/", "--where", "text < 'text 2'")
    path = write_rows(folder, "upsert.jsonl", ["text 0", "new"], "https://upserted.example/")
    done = workspace.json("dataset", "upsert", "raw/web", path, "--key", "text")
    assert done["rows"] == {"deleted": 0, "updated": 1, "added": 1}
    workspace.json("dataset", "partition", "raw/web", "--by", "bucket(2,id)")
    done = workspace.json("dataset", "compact", "raw/web", "--sort-by", "text")
    assert done["files"]["after"] <= 2 < done["files"]["rewritten"]
    brought = [write_rows(folder, f"r{who}.jsonl", ["both"], f"https://{who}/") for who in range(3)]
    racing = [workspace.start("dataset", "upsert", "raw/web", path, "--key", "text") for path in brought]
    assert sum(workspace.finish(child)["rows"]["added"] for child in racing) == 1
    rows = rows_of(workspace)
    urls = {row["text"]: row["url"] for row in rows}
    assert len(rows) == len(urls)
    assert urls.pop("both") in {f"https://{who}/" for who in range(3)}
    expected = dict.fromkeys(TEXTS, "https://first.example/")
    expected |= dict.fromkeys(["text 1", "text 10", "text 11"], "https://set.example/")
    expected |= dict.fromkeys(["text 0", "new"], "https://upserted.example/")
    del expected["text 4"]
    assert urls == expected
    assert all(row["id"] == ids.get(row["text"], row["id"]) for row in rows)
    assert workspace.json("trace", ids["text 4"])["document"]["outcomes"][0]["operator"] == "dataset.delete"
    assert workspace.json("dataset", "clean", "raw/web", "--older-than", "1h")["files"] == 0
