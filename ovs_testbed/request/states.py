# SPDX-License-Identifier: Apache-2.0

"""The states of volumes and servers, as Cinder and Nova have them now."""

import dataclasses
import datetime
import re
import textwrap
from urllib import parse

from keystoneauth1 import exceptions
import openstack

from harness import errors
from ovs_testbed import cloud
from ovs_testbed import namespaces
from ovs_testbed import sandbox

_SECONDS = 10
#: how much of an error is told
_LONGEST = 160
#: the first microversion of Cinder that shows attachments
_ATTACHMENTS = '3.27'
#: that of Nova that shows the actions of a server that is deleted
_ACTIONS_OF_DELETED = '2.21'
#: the newest actions of a server are told
_ACTIONS = 20


@dataclasses.dataclass
class State:
    """One fact, with its times on this machine's clock."""

    what: str
    seen: str
    begun: str = ''
    ended: str = ''


class States:
    """Asks the APIs as the administrator. After the first failure it asks no
    more: "problem" says why."""

    def __init__(self, testbed):
        self.problem = ''
        self._release = testbed.release
        self._net = testbed.net
        self._connection = None
        if sandbox.Sandbox(testbed).exists():
            self._connection = cloud.connect(testbed)
        else:
            self.problem = 'testbed "%s" is not up' % testbed.name

    def volume(self, volume_id):
        """Return the volume as Cinder has it; None if it has none."""
        return self._get('block_storage', '/volumes/%s' % volume_id, 'volume')

    def server(self, server_id):
        return self._get('compute', '/servers/%s' % server_id, 'server')

    def named(self, name):
        """The ids of the volumes, and of the servers, of all projects that
        have a name."""
        volumes = self._get(
            'block_storage', '/volumes/detail?all_tenants=1&name=%s'
            % parse.quote(name), 'volumes')
        servers = self._get(
            'compute', '/servers/detail?all_tenants=1&name=%s'
            % parse.quote('^%s$' % re.escape(name)), 'servers')
        return [[entry['id'] for entry in found or [] if
                 entry['name'] == name] for found in (volumes, servers)]

    def of_volume(self, volume_id):
        """Tell the state of a volume and of its attachments."""
        volume = self.volume(volume_id)
        if volume is None:
            return self._gone('volume ' + volume_id, 'Cinder')
        facts = ['%s' % volume['status'], '%s GiB' % volume['size'],
                 'type %s' % volume['volume_type'],
                 'at %s' % volume.get('os-vol-host-attr:host'),
                 'named "%s"' % volume['name']]
        if volume.get('os-vol-mig-status-attr:migstat'):
            facts.append('migration %s'
                         % volume['os-vol-mig-status-attr:migstat'])
        return [State('volume ' + volume_id, ', '.join(facts),
                      _local(volume['created_at']),
                      _local(volume.get('updated_at')))] + \
            self._attachments(volume)

    def _attachments(self, volume):
        """Cinder's attachments, with those that are only reserved."""
        if not self._has_attachments():
            return [State('attachment %s' % entry['attachment_id'],
                          'to server %s as %s' % (entry['server_id'],
                                                  entry['device']),
                          _local(entry.get('attached_at')))
                    for entry in volume['attachments']]
        found = self._get(
            'block_storage', '/attachments/detail?all_tenants=1&volume_id=%s'
            % volume['id'], 'attachments', _ATTACHMENTS) or []
        return [State('attachment ' + entry['id'], '%s, to server %s' % (
            entry['status'], entry['instance']),
            _local(entry.get('attached_at')),
            _local(entry.get('detached_at'))) for entry in found]

    def _has_attachments(self):
        known = self._release.microversions['volume']
        return [int(part) for part in known.split('.')] >= [
            int(part) for part in _ATTACHMENTS.split('.')]

    def of_server(self, server_id, requests=None):
        """Tell the state of a server and of its actions, which Nova keeps
        when the server is deleted.

        :param requests: only the actions of these requests
        """
        server = self.server(server_id)
        told = [_server(server)] if server else self._gone(
            'server ' + server_id, 'Nova')
        return told + self._actions(server_id, requests)

    def _actions(self, server_id, requests):
        path = '/servers/%s/os-instance-actions' % server_id
        actions = self._get('compute', path, 'instanceActions',
                            _ACTIONS_OF_DELETED) or []
        actions = sorted((action for action in actions if requests is None
                          or action['request_id'] in requests),
                         key=lambda one: one['start_time'])
        states = []
        if len(actions) > _ACTIONS:
            states.append(State('actions', '%d older ones are left out'
                                % (len(actions) - _ACTIONS)))
        for action in actions[-_ACTIONS:]:
            seen = self._get('compute', '%s/%s' % (
                path, action['request_id']), 'instanceAction',
                _ACTIONS_OF_DELETED) or action
            states += _action(seen)
        return states

    def _gone(self, what, service):
        return [] if self.problem else [State(
            what, '%s does not know it: it may be deleted' % service)]

    def _get(self, service, path, key, microversion=None):
        """Return the answer of an API; None if the thing is not there, or if
        states cannot be asked."""
        if self.problem:
            return None
        try:
            with namespaces.entered(self._net):
                self._connection.session.timeout = _SECONDS
                answer = getattr(self._connection, service).get(
                    path, microversion=microversion)
            if answer.status_code >= 400:
                return self._refused(service, answer.status_code)
            return answer.json()[key]
        except (exceptions.ClientException, OSError,
                openstack.exceptions.SDKException) as error:
            self.problem = textwrap.shorten(str(error), _LONGEST)
            return None

    def _refused(self, service, code):
        if code != 404:
            self.problem = 'the API of %s answers %d' % (service, code)


def require(states, wanted):
    """Find the volume or server that a name stands for: its kind and id."""
    volumes, servers = states.named(wanted)
    if states.problem:
        raise errors.Error(
            'the name "%s" cannot be looked up: %s' % (wanted,
                                                       states.problem),
            hint='give an id in its place; "bin/ovs-testbed doctor" finds '
                 'the fault')
    found = [('volume', one) for one in volumes] + [
        ('server', one) for one in servers]
    if not found:
        raise errors.Error(
            'no volume or server is called "%s"' % wanted,
            hint='"openstack volume list --all-projects" and "openstack '
                 'server list --all-projects" list them; one that is deleted '
                 'has its id alone; the id of a request begins with req-')
    if len(found) > 1:
        raise errors.Error(
            '"%s" is the name of %d: %s' % (wanted, len(found), ', '.join(
                '%s %s' % one for one in found)), hint='give the id of one')
    return found[0]


def _server(server):
    facts = ['%s' % server['status'],
             'task %s' % server.get('OS-EXT-STS:task_state'),
             'on %s as %s' % (server.get('OS-EXT-SRV-ATTR:host'),
                              server.get('OS-EXT-SRV-ATTR:instance_name')),
             'named "%s"' % server['name']]
    volumes = [volume['id'] for volume in server.get(
        'os-extended-volumes:volumes_attached', [])]
    if volumes:
        facts.append('with volumes ' + ' '.join(volumes))
    if server.get('fault'):
        facts.append('fault: %s' % server['fault'].get('message'))
    return State('server ' + server['id'], ', '.join(facts),
                 _local(server['created']), _local(server['updated']))


def _action(action):
    """An action of a server, and its events."""
    yield State('action %s' % action['action'], '%s%s' % (
        action['request_id'], ', ' + action['message'] if
        action.get('message') else ''), _local(action['start_time']),
        _local(action.get('updated_at')))
    for event in sorted(action.get('events') or [],
                        key=lambda one: one['start_time']):
        yield State('event %s' % event['event'], event['result'] or
                    'goes on', _local(event['start_time']),
                    _local(event['finish_time']))


def _local(text):
    """A time of an API, which is UTC, on this machine's clock."""
    if not text:
        return ''
    then = datetime.datetime.fromisoformat(text.rstrip('Z') + '+00:00')
    return then.astimezone().strftime('%Y-%m-%d %H:%M:%S')
