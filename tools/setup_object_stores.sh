#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prepares the object stores that the full group of tests runs against: moto and botocore in .venv-objects, and MinIO,
# which is built once and kept in the user's cache. Safe to repeat; does nothing when all is there. What cannot be had
# is named, and its tests are skipped.
set -uo pipefail
cd "$(dirname "$0")/.."

minio_version=v0.0.0-20260212201848-7aac2a2c5b7c
go_version_min=1.24
toolchain=v0.0.1-go1.26.8.linux-amd64
cache=${GRISTMILL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gristmill}

install_environment() {
  local digest stamp=.venv-objects/.gristmill-requirements
  digest=$(sha256sum tools/requirements-objects.txt | cut -d' ' -f1)
  [ "$(cat $stamp 2>/dev/null)" != "$digest" ] || return 0
  echo "object stores: installing moto in .venv-objects"
  python3 -m venv --clear .venv-objects &&
    .venv-objects/bin/python -m pip install --quiet --disable-pip-version-check -r tools/requirements-objects.txt &&
    echo "$digest" >$stamp
}

is_new_enough() {
  local version
  version=$("$1" env GOVERSION 2>/dev/null) || return 1
  [ "$(printf '%s\n' "$go_version_min" "${version#go}" | sort -V | head -1)" = "$go_version_min" ]
}

# Debian's Go is too old for MinIO, but good enough to fetch a newer one, which is a module too.
find_go() {
  local candidate
  for candidate in "$(command -v go)" /usr/local/go/bin/go; do
    if [ -n "$candidate" ] && is_new_enough "$candidate"; then
      echo "$candidate"
      return 0
    fi
  done
  if ! command -v go >/dev/null && [ "$(id -u)" -eq 0 ]; then
    apt-get install -q -y --no-install-recommends golang-go >&2 || return 1
  fi
  command -v go >/dev/null || return 1
  GOFLAGS=-mod=mod GOPATH=$work/path go mod download "golang.org/toolchain@$toolchain" >&2 || return 1
  candidate=$work/path/pkg/mod/golang.org/toolchain@$toolchain
  chmod -R u+w "$candidate" && chmod +x "$candidate"/bin/* "$candidate"/pkg/tool/*/* || return 1
  is_new_enough "$candidate/bin/go" && echo "$candidate/bin/go"
}

build_minio() {
  local target=$cache/minio-$minio_version go
  [ ! -x "$target" ] || return 0
  work=$(mktemp -d) || return 1
  trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' RETURN
  if ! go=$(find_go); then
    echo "object stores: no Go of $go_version_min or newer, so no MinIO: install it from go.dev"
    return 1
  fi
  echo "object stores: building MinIO, once"
  mkdir -p "$cache" &&
    GOPATH=$work/path GOCACHE=$work/cache GOBIN=$work/bin GOFLAGS= CGO_ENABLED=0 \
      "$go" install -trimpath -ldflags '-s -w' "github.com/minio/minio@$minio_version" &&
    mv "$work/bin/minio" "$target.part" && mv "$target.part" "$target"
}

ready=0
install_environment || { echo "object stores: moto cannot be installed; its tests are skipped"; ready=1; }
build_minio || { echo "object stores: MinIO cannot be built; its tests are skipped"; ready=1; }
exit $ready
