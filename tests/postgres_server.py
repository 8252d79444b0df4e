# SPDX-License-Identifier: Apache-2.0
"""A throw-away PostgreSQL server for tests, run by an unprivileged user, gone with the process that started it.

As a program it starts one and runs a command with its address in GRISTMILL_TEST_POSTGRES:

    python tests/postgres_server.py build/dev/tests/meta_test
"""

import atexit
import glob
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

NOBODY = 65534
SKIPPED = 77
START_SECONDS = 60


def programs_folder():
    """Where initdb and postgres are: Debian keeps them out of the path. Nothing when they are not installed."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda name: int(name.split("/")[4]))
    found = shutil.which("initdb")
    return pathlib.Path(folders[-1]) if folders else pathlib.Path(found).parent if found else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PostgresServer:
    """A cluster in a folder of its own that listens on loopback; its databases have no password unless asked for."""

    def __init__(self, durable=False, addresses="127.0.0.1"):
        self.programs = programs_folder()
        if self.programs is None:
            raise FileNotFoundError("PostgreSQL is not installed: apt-get install postgresql")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-postgres-"))
        self.data = self.folder / "data"
        self.port = free_port()
        self.prefix = []
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
            self.prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
        self.process = None
        self.schemas = 0
        self.owner = os.getpid()
        self._call("initdb", "--pgdata", self.data, "--username=grist", "--auth=trust", "--encoding=UTF8", "--no-sync",
                   "--locale=C.UTF-8")  # fmt: skip
        settings = [
            f"listen_addresses = '{addresses}'",
            f"port = {self.port}",
            f"unix_socket_directories = '{self.folder}'",
            "max_connections = 200",
            "shared_buffers = 32MB",
        ]
        if not durable:
            settings += ["fsync = off", "full_page_writes = off", "synchronous_commit = off"]
        with (self.data / "postgresql.conf").open("a") as file:
            file.write("\n".join(settings) + "\n")
        atexit.register(self.remove)
        self.start()

    def _call(self, program, *arguments):
        line = [*self.prefix, str(self.programs / program), *map(str, arguments)]
        return subprocess.run(line, check=True, capture_output=True, text=True, timeout=START_SECONDS, cwd="/")

    def start(self):
        line = [*self.prefix, str(self.programs / "postgres"), "-D", str(self.data)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(line, stdout=log, stderr=log, cwd="/", start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.sql("SELECT 1")
                return
            except subprocess.CalledProcessError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()[-3000:]) from None
                time.sleep(0.05)

    def stop(self, how=signal.SIGINT):
        """SIGINT: at once, in order. SIGQUIT: as after a crash."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=START_SECONDS)
        self.process = None

    def remove(self):
        if os.getpid() != self.owner:
            return
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, schema=None, user="grist", password=None):
        secret = f":{password}" if password else ""
        place = f"?options=-csearch_path%3D{schema}" if schema else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/postgres{place}"

    def new_schema(self):
        """A place for a catalog of a test's own; faster than a database."""
        self.schemas += 1
        name = f"test{os.getpid()}_{self.schemas}"
        self.sql(f"CREATE SCHEMA {name}")
        return self.url(name)

    def sql(self, text):
        """Runs SQL; the rows as text, one a line, cells divided by |."""
        line = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.url(), "-c", text]
        return self._call(*line).stdout


def main():
    if programs_folder() is None:
        print("PostgreSQL is not installed: skipped")
        return SKIPPED
    server = PostgresServer()
    environment = {**os.environ, "GRISTMILL_TEST_POSTGRES": server.url()}
    return subprocess.run(sys.argv[1:], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
