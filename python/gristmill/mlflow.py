# SPDX-License-Identifier: Apache-2.0
"""An artifact store for MLflow: files that runs log become versions of an artifact of a Gristmill workspace.

`gristmill://NAME/...` is found by MLflow through the entry point of this package. The workspace is the one that the
environment variable GRISTMILL_WORKSPACE names, else the one around the current folder:

    mlflow.create_experiment("demo", artifact_location="gristmill://models")

All of a run lies in one artifact, whose name is that of the address with dots for slashes. Each call that logs makes a
new version; bytes that are there already are not stored again.
"""

import os
import pathlib
import re
import tempfile
import urllib.parse

from mlflow.entities import FileInfo
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository

from gristmill.runs import Error, call


def artifact_name(uri: str) -> str:
    """The artifact that an address stands for: gristmill://models/0/abc/artifacts is models.0.abc.artifacts."""
    parts = urllib.parse.urlsplit(uri)
    if parts.scheme != "gristmill" or parts.query or parts.fragment:
        raise MlflowException(f"{uri} is no address of the form gristmill://NAME/...")
    words = [word for word in [parts.netloc, *parts.path.split("/")] if word]
    name = ".".join(words)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}", name):
        raise MlflowException(f"{uri}: only letters, digits, '_', '-' and '.' can be in it, and 200 of them")
    return name


class GristmillArtifactRepository(ArtifactRepository):
    """Logs, lists and downloads through the gristmill command."""

    def __init__(self, artifact_uri, *arguments, **options):
        super().__init__(artifact_uri, *arguments, **options)
        self.name = artifact_name(artifact_uri)

    def _call(self, *words):
        workspace = os.environ.get("GRISTMILL_WORKSPACE")
        place = ["--workspace", workspace] if workspace else []
        return call(*place, "artifact", *map(str, words))

    def _entries(self):
        """Path and size of every file logged so far; links have no size, and empty folders a slash at the end."""
        try:
            shown = self._call("show", self.name)
        except Error as error:
            if error.code == "not_found":
                return {}
            raise MlflowException(str(error)) from error
        return {entry["path"]: entry["bytes"] for entry in shown["entries"]}

    def _add(self, source, place):
        try:
            # As MLflow's own stores do: what a link leads to is what was logged.
            self._call("add", source, "--name", self.name, "--into", place, "--follow-links")
        except Error as error:
            raise MlflowException(str(error)) from error

    def log_artifact(self, local_file, artifact_path=None):
        """Adds one file; it takes the place of one with its name."""
        self._add(local_file, "/".join(filter(None, [artifact_path, pathlib.Path(local_file).name])))

    def log_artifacts(self, local_dir, artifact_path=None):
        """Adds what is in a folder to what is there."""
        known = self._entries()
        if artifact_path and not any(path == artifact_path or path.startswith(artifact_path + "/") for path in known):
            return self._add(local_dir, artifact_path)
        for file in sorted(pathlib.Path(local_dir).rglob("*")):
            if file.is_file():
                relative = file.relative_to(local_dir).as_posix()
                self._add(file, "/".join(filter(None, [artifact_path, relative])))
        return None

    def list_artifacts(self, path=None):
        """Files and folders right below a path."""
        found = {}
        prefix = f"{path.strip('/')}/" if path else ""
        for name, size in self._entries().items():
            if not name.startswith(prefix) or name == prefix:
                continue
            first, slash, _ = name[len(prefix) :].partition("/")
            found[prefix + first] = FileInfo(prefix + first, bool(slash), None if slash else size)
        return [found[name] for name in sorted(found)]

    def _download_file(self, remote_file_path, local_path):
        target = pathlib.Path(local_path)
        target.parent.mkdir(parents=True, exist_ok=True)
        # What is there is replaced only by a whole file.
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            try:
                self._call("get", self.name, pathlib.Path(folder) / "file", "--only", remote_file_path.strip("/"))
            except Error as error:
                raise MlflowException(str(error)) from error
            os.replace(pathlib.Path(folder) / "file", target)

    def delete_artifacts(self, artifact_path=None):
        """Versions are immutable: they are removed by `gristmill artifact remove` and `gristmill artifact gc`."""
        raise MlflowException(f"{self.name}: remove versions with `gristmill artifact remove`")
