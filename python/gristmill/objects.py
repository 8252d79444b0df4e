# SPDX-License-Identifier: Apache-2.0
"""The object store that a workspace names, for the libraries that read its tables: found as the command finds it."""

import configparser
import dataclasses
import os
import pathlib
import tomllib

SCHEME = "s3://"


@dataclasses.dataclass(frozen=True)
class Store:
    """Address and keys. Without keys the libraries ask for the role of the machine, if they can."""

    endpoint: str
    region: str
    path_style: bool
    ca_file: str
    access_key: str
    secret_key: str = dataclasses.field(repr=False)
    session_token: str = dataclasses.field(repr=False)

    def filesystem(self):
        """As an Arrow file system, whose paths are BUCKET/KEY."""
        from pyarrow.fs import S3FileSystem

        scheme, _, host = self.endpoint.rpartition("://")
        return S3FileSystem(
            access_key=self.access_key or None,
            secret_key=self.secret_key or None,
            session_token=self.session_token or None,
            region=self.region,
            scheme=scheme or "https",
            endpoint_override=host or None,
            force_virtual_addressing=not self.path_style,
            tls_ca_file_path=self.ca_file or None,
        )

    def read(self, location):
        """The bytes of an object."""
        with self.filesystem().open_input_stream(location.removeprefix(SCHEME), compression=None) as stream:
            return stream.read()

    def file_io(self):
        """For PyIceberg."""
        from pyiceberg.io.pyarrow import PyArrowFileIO

        system = self.filesystem()
        file_io = PyArrowFileIO()
        # PyIceberg's own properties have no word for the certificates to trust.
        file_io.fs_by_scheme = lambda scheme, netloc=None: system
        return file_io

    def without_secrets(self, text):
        """The text without the keys in it."""
        for secret in filter(None, (self.secret_key, self.session_token, self.access_key)):
            text = text.replace(secret, "***")
        return text

    def duckdb_settings(self):
        """Statements after which DuckDB with httpfs reads from it."""
        scheme, _, host = self.endpoint.rpartition("://")
        options = {
            "KEY_ID": self.access_key,
            "SECRET": self.secret_key,
            "SESSION_TOKEN": self.session_token,
            "REGION": self.region,
            "ENDPOINT": host,
            "URL_STYLE": "path" if self.path_style else "vhost",
        }
        given = [f"{name} {_quoted(value)}" for name, value in options.items() if value]
        given.append(f"USE_SSL {'false' if scheme == 'http' else 'true'}")
        statements = [f"CREATE OR REPLACE SECRET gristmill_objects (TYPE s3, {', '.join(given)})"]
        if self.ca_file:
            statements.append(f"SET ca_cert_file = {_quoted(self.ca_file)}")
        return statements


def is_object(location):
    """True for what lies in an object store."""
    return location.startswith(SCHEME)


def _quoted(text):
    return "'" + text.replace("'", "''") + "'"


def _sections(path):
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(path, encoding="utf-8")
    except configparser.Error as error:
        raise LookupError(f"cannot read {path}: {error}") from error
    return {name: dict(parser[name]) for name in parser.sections()}


def store(workspace):
    """The store by `[s3]` of gristmill.toml, then the environment, then AWS's own files; PermissionError when the
    settings name a profile that has no keys."""
    folder = pathlib.Path(workspace)
    document = tomllib.loads((folder / "gristmill.toml").read_text(encoding="utf-8"))
    settings = document.get("s3", {})
    bucket = document.get("warehouse", {}).get("path", "").removeprefix(SCHEME).partition("/")[0]
    variable = os.environ.get
    home = pathlib.Path.home() / ".aws"
    profile = settings.get("profile") or variable("AWS_PROFILE") or "default"
    config = _sections(variable("AWS_CONFIG_FILE") or home / "config")
    section = config.get(profile if profile == "default" else f"profile {profile}", {})
    endpoint = (
        settings.get("endpoint")
        or variable("AWS_ENDPOINT_URL_S3")
        or variable("AWS_ENDPOINT_URL")
        or section.get("endpoint_url", "")
    ).rstrip("/")
    region = settings.get("region") or variable("AWS_REGION") or variable("AWS_DEFAULT_REGION")
    keys = [variable(name, "") for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")]
    named = settings.get("profile") or settings.get("credentials_file")
    if named or not (keys[0] and keys[1]):
        given = settings.get("credentials_file")
        place = folder / given if given else variable("AWS_SHARED_CREDENTIALS_FILE") or home / "credentials"
        for found in (_sections(place).get(profile, {}), section):
            keys = [found.get(f"aws_{name}", "") for name in ("access_key_id", "secret_access_key", "session_token")]
            if keys[0] and keys[1]:
                break
        else:
            if named:
                raise PermissionError(f"the profile '{profile}' in {place} gives no keys for the object store")
            keys = ["", "", ""]
    ca_file = settings.get("ca_file")
    return Store(
        endpoint,
        region or section.get("region") or "us-east-1",
        # The certificate of *.s3.REGION.amazonaws.com does not cover names with dots.
        settings.get("path_style", bool(endpoint) or "." in bucket),
        str(folder / ca_file) if ca_file else variable("AWS_CA_BUNDLE", ""),
        *keys,
    )
