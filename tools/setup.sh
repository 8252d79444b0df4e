#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what building, testing and running Gristmill needs: Debian packages and a private Python environment in
# .venv. Safe to repeat at any time; does nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

install_packages() {
  local packages missing
  packages=$(sed -e 's/#.*//' tools/packages.txt)
  # shellcheck disable=SC2086 # the list is meant to be split into words
  missing=$(comm -23 <(printf '%s\n' $packages | sort -u) \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages 2>/dev/null | sed -n 's/^installed //p' | sort -u))
  [ -n "$missing" ] || return 0
  missing=$(echo $missing)
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "setup: these Debian packages are missing and only root can install them:" >&2
      echo "  $missing" >&2
      echo "setup: run this as root, or ask an administrator to run: apt-get install $missing" >&2
      exit 1
    fi
    as_root=(sudo)
    echo "setup: sudo may ask for your password to install Debian packages."
  fi
  echo "setup: installing Debian packages: $missing"
  "${as_root[@]}" apt-get update -q
  # shellcheck disable=SC2086
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
}

# The environment is made anew only when its list changed or it does not start.
install_environment() {
  local digest stamp=.venv/.gristmill-requirements
  digest=$(sha256sum tools/requirements.txt | cut -d' ' -f1)
  if [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ] && .venv/bin/python -c '' 2>/dev/null; then return 0; fi
  echo "setup: installing the Python environment in .venv"
  .venv/bin/python -c '' 2>/dev/null || python3 -m venv --clear .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r tools/requirements.txt
  echo "$digest" >"$stamp"
}

# `import gristmill` and the command: relative, so that the tree may be moved.
link_product() {
  local site
  site=$(echo .venv/lib/python3.*/site-packages)
  echo '../../../../python' | cmp -s - "$site/gristmill.pth" || echo '../../../../python' >"$site/gristmill.pth"
  [ "$(readlink .venv/bin/gristmill)" = ../../build/dev/bin/gristmill ] ||
    ln -sfn ../../build/dev/bin/gristmill .venv/bin/gristmill
  [ "$(readlink python/gristmill/_native.so)" = ../../build/dev/python/_native.so ] ||
    ln -sfn ../../build/dev/python/_native.so python/gristmill/_native.so
}

install_packages
install_environment
link_product
