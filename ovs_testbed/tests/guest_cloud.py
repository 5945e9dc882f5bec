# SPDX-License-Identifier: Apache-2.0

"""A cloud for a program of the guest, in name spaces that are its own.

    guest_cloud.py GUEST METADATA COMMAND...

runs COMMAND with GUEST as its root folder. The files below METADATA, if it is
not empty, are what the metadata service has; it is busy at the first request.
The host's name that the command has set goes to standard output.
"""

import functools
import http.server
import socket
import subprocess
import sys
import threading

ADDRESS = '169.254.169.254'


class Service(http.server.SimpleHTTPRequestHandler):

    is_busy = True

    def do_GET(self):
        if Service.is_busy:
            Service.is_busy = False
            self.send_error(503)
        else:
            super().do_GET()

    def log_message(self, *_words):
        pass


def serve(folder):
    for words in ('link set lo up', 'address add %s/32 dev lo' % ADDRESS):
        subprocess.run(['ip', *words.split()], check=True)
    server = http.server.HTTPServer(
        (ADDRESS, 80), functools.partial(Service, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main(guest, metadata, *command):
    if metadata:
        serve(metadata)
    done = subprocess.run(['/usr/sbin/chroot', guest, *command])
    print(socket.gethostname())
    return done.returncode


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
