# SPDX-License-Identifier: Apache-2.0
"""The `gristmill` command of an installed package: becomes the native program."""

import os
import sys

from gristmill.runs import command_environment, program


def main():
    """Replaces this process by the native command, with the same arguments."""
    path = program()
    os.execve(path, [path, *sys.argv[1:]], command_environment())


if __name__ == "__main__":
    main()
