# SPDX-License-Identifier: Apache-2.0

"""Find out whether a process listens at a UNIX socket; the file of a socket
outlives its process."""

import socket
import sys


def main(path):
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
        except OSError:
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
