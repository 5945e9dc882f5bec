# SPDX-License-Identifier: Apache-2.0

"""Do Cinder and the vPools agree about the volumes?"""

import re

from keystoneauth1 import exceptions

from ovs_drivers import marks
from ovs_testbed import cloud
from ovs_testbed import namespaces
from ovs_testbed.doctor import finding
from ovs_testbed.doctor import vpools

_VOLUME = re.compile(r'volume-([0-9a-f-]{36})\Z')
#: the states in which a volume is on its vPool for sure
_THERE = ('available', 'in-use')
_SECONDS = 10


def look(patient):
    """Compare, without what comes or goes meanwhile: only names that a vPool
    has before and after Cinder is asked count as its own."""
    before = vpools.names(patient)
    try:
        with namespaces.entered(patient.testbed.net):
            connection = cloud.connect(patient.testbed)
            connection.session.timeout = _SECONDS
            volumes = connection.block_storage.get(
                '/volumes/detail?all_tenants=1').json()['volumes']
    except (exceptions.ClientException, OSError):
        return          # another area tells that
    after = vpools.names(patient)
    if before is None or after is None:
        return          # and that
    yield _orphans(before & after, volumes)
    yield from _lost(before | after, volumes)


def _orphans(names, volumes):
    """A volume that Cinder has deleted waits for its clones, by a mark."""
    known = {_id_on_vpool(volume) for volume in volumes}
    marked = {mark.name for mark in marks.marks_in(names)}
    orphans = [name for name in sorted(names) if _VOLUME.match(name)
               and _VOLUME.match(name)[1] not in known and name not in marked]
    return finding.judge(
        'orphans on the vPools', ', '.join(orphans) or 'none', bool(orphans),
        'Cinder does not know them; another cloud may: see "Volumes that you '
        'already have" in the manual', finding.WARNING)


def _lost(names, volumes):
    lost = [volume for volume in volumes if volume['status'] in _THERE
            and 'volume-' + _id_on_vpool(volume) not in names]
    for volume in lost:
        yield finding.Finding(
            finding.ERROR, 'volume ' + volume['id'],
            'is %s, and on no vPool' % volume['status'],
            'its data is gone: run "openstack volume set --state error %s", '
            'then "openstack volume delete %s"' % (
                volume['id'], volume['id']))


def _id_on_vpool(volume):
    """A volume that was migrated has the name of another one there."""
    return volume.get('os-vol-mig-status-attr:name_id') or volume['id']
