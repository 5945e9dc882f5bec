# SPDX-License-Identifier: Apache-2.0

"""Count the connections of a port, and choose the one that makes room.

A connection waits for its caller (for the rest of the request, or until the
caller has taken the answer), or a thread serves it. The service closes only a
connection that waits, the oldest first: an honest caller waits briefly.
"""

import dataclasses
import ipaddress
import socket
import threading
import time

CONNECTIONS_MAX = 256
PER_PEER_MAX = 32
# A connection that had to go keeps its thread until that has noticed.
_THREADS_MAX = 2 * CONNECTIONS_MAX
# Of IPv6 a single host has as many addresses as it likes.
_IPV6_PEER_BITS = 64


def address_of(client_address):
    """Return the ip_address of a peer, None for one on a unix socket."""
    if not isinstance(client_address, tuple):
        return None
    address = ipaddress.ip_address(client_address[0].partition('%')[0])
    return getattr(address, 'ipv4_mapped', None) or address


def is_allowed(client_address, networks):
    """Return true if a peer may connect.

    :param networks: ip_networks; none: every peer may
    """
    address = address_of(client_address)
    if address is None or not networks:
        return True
    return any(address in network for network in networks)


def _peer(client_address):
    """Return the key that the connections of one peer share."""
    address = address_of(client_address)
    if address is not None and address.version == 6:
        return ipaddress.ip_network((address, _IPV6_PEER_BITS), strict=False)
    return address or 'this host'


@dataclasses.dataclass
class _Entry:
    peer: object
    # Since when it waits for its caller; None while it is served.
    waits_since: float
    has_to_go: bool = False


class Connections:
    """The connections of one port, counted by peer."""

    def __init__(self):
        self._entries = {}
        self._changed = threading.Condition()

    def admit(self, connection, client_address):
        """Count a connection in; return whether there is room for it."""
        peer = _peer(client_address)
        with self._changed:
            if len(self._entries) >= _THREADS_MAX:
                return False
            crowded = self._crowded_peer(peer)
            if crowded is not None and not self._close_oldest_of(crowded):
                return False
            self._entries[connection] = _Entry(peer, time.monotonic())
            return True

    def serve(self, connection):
        """Its request is complete; return whether it may be carried out."""
        with self._changed:
            entry = self._entries[connection]
            entry.waits_since = None
            return not entry.has_to_go

    def wait_for_caller(self, connection):
        """Its answer is ready to be taken."""
        with self._changed:
            self._entries[connection].waits_since = time.monotonic()

    def remove(self, connection):
        with self._changed:
            self._entries.pop(connection, None)
            self._changed.notify_all()

    def wait_until_empty(self, seconds):
        """Return whether all of them ended in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._entries, seconds)

    def _counts(self):
        counts = {}
        for entry in self._entries.values():
            if not entry.has_to_go:
                counts[entry.peer] = counts.get(entry.peer, 0) + 1
        return counts

    def _crowded_peer(self, peer):
        """Return the peer that loses a connection to PEER, or None."""
        counts = self._counts()
        if counts.get(peer, 0) >= PER_PEER_MAX:
            return peer
        if sum(counts.values()) >= CONNECTIONS_MAX:
            return max(counts, key=counts.get)
        return None

    def _close_oldest_of(self, peer):
        waiting = [
            (connection, entry) for connection, entry in self._entries.items()
            if entry.peer == peer and not entry.has_to_go
            and entry.waits_since is not None]
        if not waiting:
            return False
        connection, entry = min(waiting, key=lambda one: one[1].waits_since)
        entry.has_to_go = True
        _wake(connection)
        return True


def _wake(connection):
    """Let the thread that waits for this caller see the end of it."""
    try:
        # Not the method of an SSLSocket: that one would go on in plain text.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        # Its caller was quicker.
        pass
