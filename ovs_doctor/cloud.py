# SPDX-License-Identifier: Apache-2.0

"""Do the services report themselves; are types and volumes as they should?"""

import datetime
import functools
import textwrap

from ovs_doctor import finding
from ovs_doctor import patient as patients
from ovs_doctor import rest

_SECONDS = 10
#: how much of an error is told
_LONGEST = 160
#: services report themselves every 10 s, and count as down after 60
_LATE_SECONDS = 40
#: states of a volume that pass by themselves, and when they have not
_PASSING = {'creating', 'deleting', 'attaching', 'detaching', 'reserved',
            'downloading', 'uploading', 'extending', 'retyping', 'backing-up',
            'restoring-backup', 'reverting', 'maintenance'}
_STUCK_SECONDS = 600


def look(patient):
    """Ask the APIs, as the administrator, all at once."""
    if not patient.login():
        yield finding.Finding(
            finding.GOOD, 'APIs', 'are not asked: there is no login of an '
            'administrator; OS_CLOUD or the variables of openrc give one')
        return
    checks = {check.__doc__.split('.')[0]: functools.partial(
        _findings, check, patient) for check in CHECKS}
    found = patients.together(checks, _SECONDS)
    for name in checks:
        yield from found.get(name, [_silent(
            name, 'no answer within %d s' % _SECONDS)])


def _findings(check, patient):
    name = check.__doc__.split('.')[0]
    with patient.network():
        try:
            api = patient.api(_SECONDS)
            if not api.is_admin:
                return [finding.Finding(
                    finding.GOOD, name, 'are not asked: %s is no '
                    'administrator' % patient.login()['username'])]
            return list(check(patient, api))
        except rest.Failed as error:
            return [_silent(name, error)]


def _silent(what, error):
    return finding.Finding(
        finding.ERROR, what, 'cannot be asked: %s' % textwrap.shorten(
            str(error), _LONGEST),
        'it follows from an error above; if there is none, try it again')


def _volume_services(patient, api):
    """Services of Cinder."""
    return _services(patient, 'volume', api.get(
        'block-storage', '/os-services')['services'])


def _compute_services(patient, api):
    """Services of Nova."""
    return _services(patient, 'compute', api.get(
        'compute', '/os-services')['services'])


def _services(patient, command, services):
    """Yield a finding for each; one that is late may be about to be down.
    That of another host keeps nothing of this one from working."""
    for service in services:
        age = _age(service['updated_at'])
        seen = service['state']
        level = finding.WARNING if not patient.is_here(service['host']) or (
            seen == 'up' and service['status'] == 'enabled') \
            else finding.ERROR
        if age > _LATE_SECONDS:
            seen += ', has not reported itself for %d s' % age
        hint = _cure(patient, service['binary'], service['host'])
        if service['status'] != 'enabled':
            reason = service.get('disabled_reason')
            seen += ', disabled: %s' % reason if reason else ', disabled'
            hint = _cure_of_disabled(command, service)
        yield finding.judge(
            '%s at %s' % (service['binary'], service['host']), seen,
            seen != 'up', hint, level)


def _cure_of_disabled(command, service):
    host, binary = service['host'], service['binary']
    hint = 'run "openstack %s service set --enable %s %s"' % (
        command, host, binary)
    if binary == 'cinder-volume':
        hint += ('; if it stays disabled (Cinder of 2026.2 only says that it '
                 'enables), run "openstack volume host set --disable %s" and '
                 '"openstack volume host set --enable %s"' % (host, host))
    return hint


def _cure(patient, kind, host=None):
    """Where to look for the cause in a program, and how to restart it."""
    programs = patient.find(kind)
    if not programs or host and not patient.is_here(host):
        return 'run the doctor on %s' % (
            host.partition('@')[0] if host else 'the host of ' + kind)
    return 'its log may say why: %s; then %s' % (
        programs[0].log, patient.restart(programs))


def _hypervisors(patient, api):
    """Hypervisors of Nova."""
    found = api.get('compute', '/os-hypervisors/detail')['hypervisors']
    seen = ', '.join('%s %s' % (host['hypervisor_hostname'], host['state'])
                     for host in found)
    up = [host for host in found
          if (host['state'], host['status']) == ('up', 'enabled')]
    yield finding.judge(
        'compute hosts', seen or 'none', not up,
        'servers find no valid host; look at nova-compute: '
        + _cure(patient, 'nova-compute'))


def _inventories(patient, api):
    """Inventories of Placement."""
    if not api.has('placement'):
        return
    found = api.get('placement', '/resource_providers')['resource_providers']
    known = next((provider['name'] for provider in found if api.get(
        'placement', '/resource_providers/%s/inventories' % provider['uuid'])
        ['inventories']), None)
    yield finding.judge(
        'inventories of Placement', known or 'none', not known,
        'servers find no valid host; nova-compute reports them each minute: '
        + _cure(patient, 'nova-compute'))


def _types(patient, api):
    """Types of volumes."""
    types = api.get('block-storage', '/types?is_public=None')['volume_types']
    pools = api.get('block-storage', '/scheduler-stats/get_pools?detail=true')
    names = sorted(filter(None, {
        pool['capabilities'].get('volume_backend_name')
        for pool in pools['pools']}))
    yield finding.judge(
        'pools of cinder-scheduler', ', '.join(names) or 'none', not names,
        'cinder-volume has reported no back end: '
        + _cure(patient, 'cinder-volume'))
    for kind in types:
        wanted = kind['extra_specs'].get('volume_backend_name')
        if wanted and names:
            yield finding.judge(
                'type %s' % kind['name'], 'back end ' + wanted if
                wanted in names else 'no back end is called ' + wanted,
                wanted not in names, 'the back ends are %s: run "openstack '
                'volume type set --property volume_backend_name=%s %s"' % (
                    ', '.join(names), kind['name'] if kind['name'] in names
                    else names[0], kind['id']))


def _volumes(_patient, api):
    """Volumes of all projects."""
    servers = _servers(api)
    found = api.all('block-storage', '/volumes/detail?all_tenants=1',
                    'volumes')
    # those that came or went meanwhile are in one of both lists
    servers |= _servers(api)
    stuck = [volume for volume in found if volume['status'] in _PASSING
             and _age(volume['updated_at'] or volume['created_at'])
             > _STUCK_SECONDS]
    lost = {volume['id']: _owners(volume) - servers for volume in found
            if volume['status'] == 'in-use'}
    yield finding.Finding(finding.GOOD, 'volumes', '%d' % len(found))
    for volume in stuck:
        yield finding.Finding(
            finding.ERROR, 'volume ' + volume['id'],
            '%s for %d s; of project %s' % (
                volume['status'],
                _age(volume['updated_at'] or volume['created_at']),
                volume.get('os-vol-tenant-attr:tenant_id')),
            'no service works on it any more: run "openstack volume set '
            '--state %s %s"' % (_state_before(volume), volume['id']))
    for volume_id, owners in lost.items():
        if owners:
            yield finding.Finding(
                finding.ERROR, 'volume ' + volume_id,
                'in-use by servers that are gone: %s' % ', '.join(
                    sorted(owners)),
                'run "openstack volume set --state available --detached %s"'
                % volume_id)


def _servers(api):
    """The ids of all servers."""
    return {server['id'] for server in api.all(
        'compute', '/servers?all_tenants=1', 'servers')}


def _owners(volume):
    """The servers that have a volume attached; a host is none."""
    return {attachment['server_id'] for attachment in volume['attachments']
            if attachment['server_id']}


CHECKS = (_volume_services, _compute_services, _hypervisors, _inventories,
          _types, _volumes)


def _state_before(volume):
    """The state that a volume goes back to: Cinder takes "in-use" only with
    an attachment."""
    if volume['status'] in ('creating', 'deleting'):
        return 'error'
    return 'in-use' if volume['attachments'] else 'available'


def _age(text):
    """The seconds since a time of an API, which is UTC."""
    if not text:
        return 0
    then = datetime.datetime.fromisoformat(text.split('.')[0].rstrip('Z'))
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    return (now - then).total_seconds()
