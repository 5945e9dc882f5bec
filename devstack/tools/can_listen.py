# SPDX-License-Identifier: Apache-2.0

"""Find out whether this host can listen on a port of each of the HOSTS, a
list with commas; say why not."""

import socket
import sys


def main(hosts, port):
    for host in hosts.split(','):
        try:
            found = socket.getaddrinfo(host, int(port),
                                       type=socket.SOCK_STREAM)
            with socket.socket(found[0][0], socket.SOCK_STREAM) as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(found[0][4])
                listener.listen(1)
        except OSError as error:
            print('%s port %s: %s' % (host, port, error.strerror))
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
