# SPDX-License-Identifier: Apache-2.0
"""The wheel builds, installs into a fresh environment, and works there."""

import json
import os
import pathlib
import subprocess
import sysconfig
import venv

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCRIPT = """
import pathlib, sys, gristmill, pyarrow
assert pathlib.Path(gristmill.__file__).is_relative_to(sys.prefix), gristmill.__file__
table = pyarrow.table({"text": ["<p>one</p>", "two"]})
assert gristmill.ops.extract.strip_tags(table).column("text").to_pylist() == ["one", "two"]
steps = [{"python": {"function": sys.argv[2]}}]
run = gristmill.run({"inputs": ["raw/web"], "steps": steps, "output": "clean/web"}, sys.argv[1])
rows = gristmill.dataset(sys.argv[1], "clean/web").read_all().num_rows
print(gristmill.__version__, run["operators"][0]["out"], rows)
"""


@pytest.mark.full
def test_the_wheel_in_a_fresh_environment(tmp_path):
    subprocess.run([ROOT / "tools" / "make_wheel.sh", tmp_path / "wheels"], check=True, timeout=1400)
    (wheel,) = (tmp_path / "wheels").glob("gristmill-*.whl")
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    site = next(home.glob("lib/python3.*/site-packages"))
    # Dependencies as they are installed here: nothing is downloaded.
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"])
    install = [home / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GRISTMILL", "PYTHON"))}
    subprocess.run(install, check=True, env=environment)

    def command(*words):
        done = subprocess.run(
            [home / "bin" / "gristmill", *words, "--json"],
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    (tmp_path / "texts.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n')
    (tmp_path / "own.py").write_text("def same(batch):\n    return batch\n")
    command("init", "place")
    command(
        "ingest", "texts.jsonl", "--source", "t", "--license", "CC0-1.0", "--into", "raw/web", "--workspace", "place"
    )
    assert "web-to-tokens" in json.dumps(command("recipes", "list"))
    # What a recipe names is in the wheel.
    shown = subprocess.run(
        [home / "bin" / "gristmill", "recipes", "show", "web-to-tokens"], capture_output=True, text=True, check=True
    )
    (tmp_path / "mine.yaml").write_text(shown.stdout)
    command("run", "mine.yaml", "--dry-run", "--workspace", "place")
    words = [home / "bin" / "python", "-c", SCRIPT, "place", "own.py:same"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [(ROOT / "VERSION").read_text().strip(), "2", "2"]
