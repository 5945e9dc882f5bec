# SPDX-License-Identifier: Apache-2.0

"""The lines that belong to a request, a volume or a server.

The logs are read twice: first for the requests that have to do with it, then
for the lines of these. The storagedriver, libvirt and QEMU log no request: a
line of theirs belongs to a request if it names a volume or server that the
request names, while the request goes on.
"""

import collections
import glob
import os
import re

from ovs_testbed import plugin
from ovs_testbed.request import log_lines

_ID = r'[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}'
_VOLUME = re.compile(r'[Vv]olumes?[-/ ](%s)' % _ID)
_SERVER = re.compile(r'(?:\[instance: |/servers/)(%s)' % _ID)
#: the logs that name no request, as far as volumes and servers are concerned
_WITHOUT_REQUESTS = ('ovs-sd', 'ovs-libvirtd', 'ovs-virtlogd')
_QEMU = 'qemu-'


class Logs:
    """The logs of a testbed, and of the QEMU of each of its guests."""

    def __init__(self, testbed):
        self._paths = {_name(path): path for path in sorted(glob.glob(
            glob.escape(testbed.path('log')) + '/*.log'))}
        self._guests = {_QEMU + _name(path): path for path in sorted(glob.glob(
            glob.escape(testbed.path('hypervisor') + plugin.PREFIX) +
            '/var/log/libvirt/qemu/*.log'))}

    def entries(self):
        """Yield those of all logs."""
        return self._of({**self._paths, **self._guests})

    def entries_without_requests(self):
        return self._of({**self._guests, **{
            name: self._paths[name] for name in _WITHOUT_REQUESTS
            if name in self._paths}})

    def guests_of(self, server_ids):
        """The names that libvirt has for servers: those whose logs of QEMU
        have the servers' ids."""
        return {name.removeprefix(_QEMU) for name, path
                in self._guests.items() if _has_one(path, server_ids)}

    @staticmethod
    def _of(paths):
        for name, path in paths.items():
            yield from log_lines.read(path, name)


def _name(path):
    return os.path.basename(path).removesuffix('.log')


def _has_one(path, server_ids):
    try:
        with open(path, errors='replace') as stream:
            text = stream.read()
    except FileNotFoundError:
        return False
    return any('-uuid ' + server_id in text for server_id in server_ids)


class Found:
    """The lines that belong to one thing, in the order of time.

    :param requests: the ids of the requests that were followed
    """

    def __init__(self, entries, requests):
        self.entries = sorted(entries, key=lambda entry: entry.time)
        self.requests = sorted(requests)

    def volumes(self):
        return self._named(_VOLUME)

    def servers(self):
        return self._named(_SERVER)

    def has(self, text):
        return any(text in entry.text for entry in self.entries)

    def _named(self, pattern):
        """The ids that lines name, in the order of their first time."""
        return list(dict.fromkeys(
            found for entry in self.entries
            for found in pattern.findall(entry.text)))


def of_object(logs, names):
    """Find the lines that name a volume or server, and those of all requests
    that name it.

    :param names: its id, and the other names that logs have for it
    """
    names = set(names) | logs.guests_of(names)
    requests = _requests(logs, names)
    guests = {_QEMU + name for name in names}
    return Found((entry for entry in logs.entries()
                  if entry.service in guests
                  or _names_one(entry.text, names)
                  or _is_of(entry.text, requests)), requests)


def of_request(logs, request):
    """Find the lines of a request, and of what it has done to volumes and
    servers."""
    requests = _requests(logs, {request}) | {request}
    found = Found((entry for entry in logs.entries()
                   if _is_of(entry.text, requests)), requests)
    servers = found.servers()
    guests = logs.guests_of(servers)
    names = set(found.volumes()) | set(servers) | guests
    if not found.entries or not names:
        return found
    services = {_QEMU + name for name in guests}
    begin, end = found.entries[0].time, found.entries[-1].time
    more = [entry for entry in logs.entries_without_requests()
            if begin <= entry.time <= end
            and (entry.service in services or _names_one(entry.text, names))]
    return Found(found.entries + more, requests)


def _requests(logs, names):
    """The ids of the requests whose lines have one of the names, and of those
    that they are part of or have caused.

    A request without a user is a periodic task, which deals with all volumes
    or servers: its other lines do not belong. (An API's first line of a
    request has no user yet.)
    """
    naming, seen, with_user = set(), set(), set()
    links = collections.defaultdict(set)
    for entry in logs.entries():
        context = entry.context()
        if not context:
            continue
        own, whole = context['own'], context['whole']
        seen.add(own)
        if not context['no_user']:
            with_user.add(own)
        if whole and whole != own:
            links[own].add(whole)
            links[whole].add(own)
        if _names_one(entry.text, names):
            naming.add(own)
    periodic = seen - with_user - names
    return _reached(naming - periodic, links, periodic)


def _reached(begin, links, periodic):
    found, ahead = set(begin), list(begin)
    while ahead:
        fresh = links[ahead.pop()] - found - periodic
        found |= fresh
        ahead += fresh
    return found


def _names_one(text, names):
    return any(name in text for name in names)


def _is_of(text, requests):
    return 'req-' in text and not requests.isdisjoint(
        log_lines.REQUEST.findall(text))
