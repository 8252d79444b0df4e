# SPDX-License-Identifier: Apache-2.0
"""A workspace in which several processes work at once."""

import hashlib
import json
import subprocess

TIMEOUT_SECONDS = 300
STEPS = """\
name: together
inputs: [raw/web]
steps:
  - normalize.unicode
  - filter.expression: {where: "length(text) > 600"}
  - dedup.exact
  - dedup.minhash: {ngram: 3, bands: 8, rows: 4, keep: oldest}
output: clean/web
"""


class TeamWorkspace:
    """The verbs of the command line, some of them in the background."""

    def __init__(self, program, folder, url=None):
        self.program = str(program)
        self.folder = folder
        self.url = url
        self.processes = []
        self.json("init", folder, *(["--catalog", url] if url else []), inside=False)
        self.pipeline = folder / "together.yaml"
        self.pipeline.write_text(STEPS)

    def configure(self, text):
        """Adds to the settings."""
        path = self.folder / "gristmill.toml"
        path.write_text(path.read_text() + text)

    def line(self, *arguments, inside=True):
        place = ["--workspace", str(self.folder)] if inside else []
        return [self.program, *map(str, arguments), *place, "--json"]

    def call(self, *arguments, code=0, inside=True, **options):
        done = subprocess.run(
            self.line(*arguments, inside=inside), capture_output=True, text=True, timeout=TIMEOUT_SECONDS, **options
        )
        told = f"{arguments} answered {done.returncode}, not {code}:\n{done.stderr[-3000:]}\n{done.stdout[-1000:]}"
        assert done.returncode == code, told
        return done

    def json(self, *arguments, **options):
        return json.loads(self.call(*arguments, **options).stdout)

    def start(self, *arguments, **options):
        pipe = subprocess.PIPE
        process = subprocess.Popen(self.line(*arguments), stdout=pipe, stderr=pipe, text=True, **options)
        self.processes.append(process)
        return process

    @staticmethod
    def end(process, code=0):
        output, errors = process.communicate(timeout=TIMEOUT_SECONDS)
        assert process.returncode == code, f"answered {process.returncode}, not {code}:\n{errors[-3000:]}"
        return json.loads(output)

    def ingest(self, corpus):
        return self.json("ingest", corpus, "--source", "web", "--license", "CC0-1.0", "--into", "raw/web")

    def digests(self, run):
        """SHA-256 of the data files that a run left, in name order."""
        folder = self.folder / "warehouse" / "clean" / "web" / "data" / run["run_id"]
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())]


def counts(run):
    """Everything that a run counted and that must not depend on who did the work."""
    operators = [(one["name"], one["in"], one["out"], one["dropped"], one["quarantined"]) for one in run["operators"]]
    return run["status"], run["documents"], run["content_digest"], operators
