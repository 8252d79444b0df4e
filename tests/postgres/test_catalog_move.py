# SPDX-License-Identifier: Apache-2.0
"""A catalog goes to PostgreSQL and back: nothing is lost, and there is always one that counts."""

import os
import signal
import sqlite3
import tomllib

import pytest


def rows_of_file(path):
    """Every table of an SQLite catalog as sorted rows."""
    with sqlite3.connect(path) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = {name: sorted(map(repr, connection.execute(f"SELECT * FROM {name}"))) for name in names}
    connection.close()
    for own in ("schema_migrations", "catalog_state"):
        tables.pop(own)
    return tables


@pytest.fixture
def used(make_workspace, corpus):
    """A workspace in a file with something in most tables."""
    workspace = make_workspace()
    workspace.ingest(corpus)
    workspace.json("run", workspace.pipeline)
    return workspace


def settings(workspace):
    return tomllib.loads((workspace.folder / "gristmill.toml").read_text())["catalog"]


def test_there_and_back_again(used, server):
    database = used.folder / ".gristmill" / "catalog.db"
    before = rows_of_file(database)
    url = server.new_schema()
    moved = used.json("catalog", "move", "--to", url)
    assert settings(used) == {"url": url}
    assert {table["name"]: table["rows"] for table in moved["tables"]} == {
        name: len(rows) + (name == "audit") for name, rows in before.items()
    }
    assert used.json("audit", "verify")["intact"]
    assert used.json("dataset", "list")[0]["name"] == "clean/web"
    used.json("run", used.pipeline)
    # What was left can be read, and nobody can write it.
    left = rows_of_file(database)
    with sqlite3.connect(database) as connection, pytest.raises(sqlite3.Error, match="was moved to postgresql"):
        connection.execute("DELETE FROM audit")
    connection.close()
    assert {name: rows for name, rows in left.items() if name != "audit"} == {
        name: rows for name, rows in before.items() if name != "audit"
    }
    shown = used.json("dataset", "show", "clean/web")
    used.json("catalog", "move", "--to", database)
    assert settings(used) == {"path": ".gristmill/catalog.db"}
    assert used.json("dataset", "show", "clean/web") == shown
    assert used.json("audit", "verify")["intact"]
    after = rows_of_file(database)
    for name, rows in before.items():
        if name not in ("runs", "audit", "iceberg_tables", "token_sets"):
            assert after[name] == rows, name
    assert set(before["runs"]) < set(after["runs"]) and set(before["audit"]) < set(after["audit"])


def test_a_round_trip_changes_nothing_but_the_audit_log(used, server, tmp_path):
    before = rows_of_file(used.folder / ".gristmill" / "catalog.db")
    first = used.json("catalog", "move", "--to", server.new_schema())["tables"]
    second = used.json("catalog", "move", "--to", tmp_path / "other.db")["tables"]
    for one, two in zip(first, second, strict=True):
        assert one["name"] == two["name"]
        assert one["name"] == "audit" or one == two
    after = rows_of_file(tmp_path / "other.db")
    assert {name: rows for name, rows in after.items() if name != "audit"} == {
        name: rows for name, rows in before.items() if name != "audit"
    }
    assert len(after["audit"]) == len(before["audit"]) + 2


def test_the_old_place_is_refused(used, server):
    toml = used.folder / "gristmill.toml"
    old = toml.read_text()
    url = server.new_schema()
    used.json("catalog", "move", "--to", url)
    toml.write_text(old)
    message = used.json("dataset", "list", code=3)["error"]["message"]
    assert "was moved to postgresql://" in message
    # The same call again finishes what was interrupted before the settings were written.
    used.json("catalog", "move", "--to", url)
    assert settings(used) == {"url": url}
    assert used.json("dataset", "list")


def test_a_catalog_in_use_is_not_overwritten(used, make_workspace, server):
    other = make_workspace(server)
    answer = used.json("catalog", "move", "--to", other.url, code=2)
    assert "in use" in answer["error"]["message"]
    assert used.json("dataset", "list") and other.json("dataset", "list") == []


def test_killed_at_any_step_one_catalog_counts(used, server, kill_library):
    expected = used.json("dataset", "show", "clean/web")
    toml = used.folder / "gristmill.toml"
    # There and back in turn, each time killed a little later.
    for step in range(1, 400, 7):
        target = server.new_schema()
        line = used.line("catalog", "move", "--to", target)
        environment = {**os.environ, "LD_PRELOAD": str(kill_library), "KILL_AT_STEP": str(step)}
        code = os.spawnvpe(os.P_WAIT, line[0], [*line[:1], *line[1:]], environment)
        assert code in (0, -signal.SIGKILL)
        if "moved to" in used_error(used):
            used.json("catalog", "move", "--to", target)
        assert used.json("dataset", "show", "clean/web") == expected
        assert used.json("audit", "verify")["intact"]
        if code == 0:
            break
    assert step > 10 and "url" in toml.read_text()


def used_error(workspace):
    """What a command says: nothing when it works."""
    import subprocess

    done = subprocess.run(workspace.line("dataset", "list"), capture_output=True, text=True, timeout=60)
    return done.stderr if done.returncode else ""
