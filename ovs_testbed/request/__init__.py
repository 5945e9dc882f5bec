# SPDX-License-Identifier: Apache-2.0

"""The story of a request, a volume or a server: its states, and all lines of
all logs that belong to it, in the order of time.

It changes nothing, and needs no API: without one the logs tell the story.
"""

import dataclasses
import re

from harness import errors
from ovs_testbed.request import following
from ovs_testbed.request import log_lines
from ovs_testbed.request import states

_REQUEST = re.compile(log_lines.REQUEST.pattern + r'\Z')
#: an id, or the name that a vPool has for a volume
_ID = re.compile(r'(?:volume-)?([0-9a-f]{8}-[0-9a-f-]{27})\Z')
#: how many volumes, and how many servers, of a request have states told
_MOST = 10


@dataclasses.dataclass
class Story:
    """The states and the lines of one thing.

    :param what: "request req-...", "volume ID" or "server ID"
    :param problem: why states cannot be asked, if so
    """

    what: str
    states: list
    problem: str
    found: following.Found


def tell(testbed, wanted):
    """Tell of a request, by its id, or of a volume or server, by its id or
    name."""
    logs = following.Logs(testbed)
    asked = states.States(testbed)
    if _REQUEST.match(wanted):
        return _of_request(logs, asked, wanted)
    match = _ID.match(wanted)
    kind, own_id = (None, match[1]) if match else states.require(asked, wanted)
    # questions leave lines in the logs, too
    found = following.of_object(logs, {own_id})
    kind = kind or _kind(asked, own_id, found)
    if kind == 'server':
        told = asked.of_server(own_id)
    else:
        found = _with_name_on_vpool(logs, asked, own_id, found)
        told = asked.of_volume(own_id)
    return Story('%s %s' % (kind, own_id), told, asked.problem, found)


def _of_request(logs, asked, wanted):
    found = following.of_request(logs, wanted)
    if not found.entries:
        raise _unknown('request ' + wanted, asked.problem)
    servers, volumes = found.servers(), found.volumes()
    told = []
    for server_id in servers[:_MOST]:
        told += asked.of_server(server_id, found.requests)
    for volume_id in volumes[:_MOST]:
        told += asked.of_volume(volume_id)
    for kind, known in (('servers', servers), ('volumes', volumes)):
        if len(known) > _MOST:
            told.append(states.State(kind, '%d more are left out' % (
                len(known) - _MOST)))
    return Story('request ' + wanted, told, asked.problem, found)


def _kind(asked, own_id, found):
    """Tell what an id belongs to: an API knows, or else the logs."""
    if asked.volume(own_id):
        return 'volume'
    if asked.server(own_id):
        return 'server'
    if not found.entries:
        raise _unknown('volume or server ' + own_id, asked.problem)
    return 'server' if found.has('[instance: %s]' % own_id) else 'volume'


def _with_name_on_vpool(logs, asked, volume_id, found):
    """A volume that was migrated has the id of another one on its vPool."""
    volume = asked.volume(volume_id) or {}
    name = volume.get('os-vol-mig-status-attr:name_id') or volume_id
    return found if name == volume_id else following.of_object(
        logs, {volume_id, name})


def _unknown(what, problem):
    text = 'no log names %s' % what
    if problem:
        text += '; states cannot be asked: %s' % problem
    return errors.Error(
        text, hint='an error or "openstack --debug" shows the id of a '
        'request; "openstack volume list --all-projects" and "openstack '
        'server list --all-projects" list volumes and servers')
