# coding: utf-8
# SPDX-License-Identifier: Apache-2.0

"""Names that users choose, which never reach the vPool."""

from tempest.lib import decorators
from tempest.lib import exceptions as lib_exc

from ovs_tempest_plugin.common import resources
from ovs_tempest_plugin.tests import base

# Nothing beyond three bytes in UTF-8: Cinder's tables cannot hold it.
NAMES = (
    u'том 卷宗一號 ボリューム حجم τόμος',
    u'../../etc/passwd',
    u'-n --size 99 "quotes" \'more\' %41%00 escapes:/#?&',
)


class TestNames(base.BaseTest):

    @decorators.idempotent_id('40473cf9-ea09-4c0f-967c-f60731c369bc')
    def test_names_of_all_kinds(self):
        """Volumes, snapshots and clones have any name

        * for each name: a volume, a snapshot and a clone of that name
        * Cinder keeps the name; on the vPool they are named by their ids
        """
        for name in NAMES:
            self.make_all(name)

    @decorators.idempotent_id('c41a9b47-90a5-4203-8604-d01a54472cd1')
    def test_names_of_255_characters(self):
        """The longest name, in three bytes a character

        * as above; one character more is a bad request
        """
        self.make_all(u'卷' * 255)
        self.assertRaises(lib_exc.BadRequest, self.made.volume,
                          name=u'卷' * 256)

    @decorators.idempotent_id('9a01704d-1695-4246-a882-9ed73f528702')
    def test_same_name_twice(self):
        """Two volumes may have one name"""
        name = resources.name_of('twins')
        ids = [self.made.volume(name=name)['id'] for _count in range(2)]
        self.assertNotEqual(ids[0], ids[1])
        for volume_id in ids:
            self.assert_on_vpool(volume_id)

    def make_all(self, name):
        volume = self.made.volume(name=name, description=name)
        self.assertEqual(name, volume['name'])
        snapshot = self.made.snapshot(volume['id'], name=name)
        self.assertEqual(name, snapshot['name'])
        clone = self.made.volume(name=name, source_volid=volume['id'])
        self.assertEqual(name, clone['name'])
        for volume_id in (volume['id'], clone['id']):
            self.assert_on_vpool(volume_id)
        self.assertEqual(['snapshot-%s' % snapshot['id']], [
            found for found in
            self.vpool.snapshots(self.name_on_vpool(volume['id']))
            if not found.startswith('clone-')])
