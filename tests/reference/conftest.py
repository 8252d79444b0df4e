# SPDX-License-Identifier: Apache-2.0
"""The server under test is started as the tests of the server do it."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "server"))
