# SPDX-License-Identifier: Apache-2.0

"""Do the services report themselves; are types and volumes as they should?"""

import datetime
import functools
import textwrap

from keystoneauth1 import exceptions

from ovs_testbed import cloud
from ovs_testbed import namespaces
from ovs_testbed.doctor import finding
from ovs_testbed.doctor import patient as patients

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
    checks = {check.__doc__.split('.')[0]: functools.partial(
        _findings, check, patient) for check in CHECKS}
    found = patients.together(checks, _SECONDS)
    for name in checks:
        yield from found.get(name, [_silent(
            name, 'no answer within %d s' % _SECONDS)])


def _findings(check, patient):
    with namespaces.entered(patient.testbed.net):
        try:
            connection = cloud.connect(patient.testbed)
            connection.session.timeout = _SECONDS
            return list(check(patient, connection))
        except (exceptions.ClientException, OSError) as error:
            return [_silent(check.__doc__.split('.')[0], error)]


def _silent(what, error):
    return finding.Finding(
        finding.ERROR, what, 'cannot be asked: %s' % textwrap.shorten(
            str(error), _LONGEST),
        'it follows from an error above; if there is none, try it again')


def _volume_services(patient, connection):
    """Services of Cinder."""
    return _services(patient, 'cinder', connection.block_storage.get(
        '/os-services').json()['services'])


def _compute_services(patient, connection):
    """Services of Nova."""
    return _services(patient, 'nova', connection.compute.get(
        '/os-services').json()['services'])


#: the programs by the names that services report
_PROGRAMS = {'cinder-volume': 'c-vol', 'cinder-scheduler': 'c-sch',
             'cinder-backup': 'c-bak', 'nova-compute': 'n-cpu',
             'nova-scheduler': 'n-sch', 'nova-conductor': 'n-cond',
             'nova-network': 'n-net'}


def _services(patient, name, services):
    """Yield a finding for each; one that is late may be about to be down."""
    for service in services:
        program = _PROGRAMS.get(service['binary'])
        age = _age(service['updated_at'])
        seen = service['state']
        level = finding.WARNING if seen == 'up' and service[
            'status'] == 'enabled' else finding.ERROR
        if age > _LATE_SECONDS:
            seen += ', has not reported itself for %d s' % age
        if service['status'] != 'enabled':
            reason = service.get('disabled_reason')
            seen += ', disabled: %s' % reason if reason else ', disabled'
        hint = 'its log may say why: %s; then %s' % (
            patient.testbed.log(program or name),
            patient.restart([program or name]))
        if service['status'] != 'enabled':
            hint = 'run "openstack %s service set --enable %s %s"' % (
                'volume' if name == 'cinder' else 'compute',
                service['host'], service['binary'])
        yield finding.judge(
            '%s at %s' % (service['binary'], service['host']), seen,
            seen != 'up', hint, level)


def _hypervisors(patient, connection):
    """Hypervisors of Nova."""
    found = connection.compute.get(
        '/os-hypervisors/detail').json()['hypervisors']
    seen = ', '.join('%s %s' % (host['hypervisor_hostname'], host['state'])
                     for host in found)
    up = [host for host in found
          if (host['state'], host['status']) == ('up', 'enabled')]
    yield finding.judge(
        'compute hosts', seen or 'none', not up,
        'servers find no valid host; the log of nova-compute may say why: '
        '%s; then %s' % (patient.testbed.log('n-cpu'),
                         patient.restart(['n-cpu'])))


def _inventories(patient, connection):
    """Inventories of Placement."""
    if 'placement' not in patient.services:
        return
    placement = connection.placement
    known = [provider['name'] for provider in placement.get(
        '/resource_providers').json()['resource_providers']
        if placement.get('/resource_providers/%s/inventories' % provider[
            'uuid']).json()['inventories']]
    yield finding.judge(
        'inventories of Placement', ', '.join(known) or 'none', not known,
        'servers find no valid host; nova-compute reports them each minute: '
        '%s; then %s' % (patient.testbed.log('n-cpu'),
                         patient.restart(['n-cpu'])))


def _types(patient, connection):
    """Types of volumes."""
    storage = connection.block_storage
    types = storage.get('/types?is_public=None').json()['volume_types']
    pools = storage.get('/scheduler-stats/get_pools?detail=true').json()
    names = sorted({pool['capabilities']['volume_backend_name']
                    for pool in pools['pools']})
    yield finding.judge(
        'pools of cinder-scheduler', ', '.join(names) or 'none', not names,
        'cinder-volume has reported no back end: %s; then %s' % (
            patient.testbed.log('c-vol'),
            patient.restart(['c-vol', 'c-sch'])))
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


def _volumes(patient, connection):
    """Volumes of all projects."""
    servers = _servers(connection)
    found = connection.block_storage.get(
        '/volumes/detail?all_tenants=1').json()['volumes']
    # those that came or went meanwhile are in one of both lists
    servers |= _servers(connection)
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


def _servers(connection):
    """The ids of all servers."""
    return {server['id'] for server in connection.compute.get(
        '/servers?all_tenants=1').json()['servers']}


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
