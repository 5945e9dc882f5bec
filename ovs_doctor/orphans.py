# SPDX-License-Identifier: Apache-2.0

"""Do Cinder and the vPools agree about the volumes?"""

import re

from ovs_doctor import finding
from ovs_doctor import rest
from ovs_doctor import vpools
from ovs_drivers import marks

_VOLUME = re.compile(r'volume-([0-9a-f-]{36})\Z')
#: the states in which a volume is on its vPool for sure
_THERE = ('available', 'in-use')
_SECONDS = 10


def look(patient):
    """Compare, without what comes or goes meanwhile: only names that a vPool
    has before and after Cinder is asked count as its own."""
    before = vpools.names(patient)
    if before is None or not patient.login():
        return          # another area tells that
    try:
        with patient.network():
            api = patient.api(_SECONDS)
            volumes = api.all('block-storage',
                              '/volumes/detail?all_tenants=1', 'volumes')
    except rest.Failed:
        return          # and that
    after = vpools.names(patient)
    if after is None or not api.is_admin:
        return          # and that
    yield _orphans(_all(before) & _all(after), volumes)
    yield from _lost(_all(before) | _all(after), [
        volume for volume in volumes if _back_end(volume) in before])


def _all(names):
    return set().union(*names.values())


def _back_end(volume):
    """The back end in a volume's host: HOST@BACK END#POOL."""
    host = volume.get('os-vol-host-attr:host') or ''
    return host.partition('@')[2].partition('#')[0]


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
