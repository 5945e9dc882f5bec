# SPDX-License-Identifier: Apache-2.0

"""A conversation with the shell of a guest (``init.sh``)."""

import re
import select
import socket
import time

from harness import errors

_BOOT_SECONDS = 240
_COMMAND_SECONDS = 120


class Shell:
    """The shell at the other end of a guest's second serial port."""

    def __init__(self):
        self._channel = None
        self._received = b''
        self._number = 0

    def connect(self, path, seconds=_BOOT_SECONDS):
        """Return when the shell behind a unix socket answers."""
        self._channel = socket.socket(socket.AF_UNIX)
        self._channel.connect(path)
        self._read_until(rb'ready\n', seconds, 'the guest to boot')

    def close(self):
        if self._channel:
            self._channel.close()

    def ask(self, command, seconds=_COMMAND_SECONDS):
        """Return what a command in the guest prints; it must succeed."""
        self._number += 1
        self._channel.sendall(b'%d %s\n' % (self._number, command.encode()))
        text, code = self._read_until(
            rb'end %d (\d+)\n' % self._number, seconds,
            'the guest to do: ' + command)
        if code != b'0':
            raise errors.Error('in the guest "%s" ended with code %s: %s'
                               % (command, code.decode(), text))
        return text.strip()

    def _read_until(self, pattern, seconds, what):
        """Return (text before, first group) of what the guest says."""
        deadline = time.monotonic() + seconds
        while True:
            # a serial line ends lines as it likes
            clean = self._received.replace(b'\r', b'')
            match = re.search(pattern, clean)
            if match:
                self._received = clean[match.end():]
                return (clean[:match.start()].decode(errors='replace'),
                        match.group(1) if match.groups() else None)
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._channel], [], [],
                                              left)[0]:
                raise errors.Error(
                    'waited %d s for %s; it said %r'
                    % (seconds, what, clean.decode(errors='replace')[-200:]))
            try:
                received = self._channel.recv(65536)
            except ConnectionResetError:
                received = b''
            if not received:
                raise errors.Error('the guest ended while waiting for %s'
                                   % what)
            self._received += received
