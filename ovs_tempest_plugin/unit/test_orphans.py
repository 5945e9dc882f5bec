# SPDX-License-Identifier: Apache-2.0

import unittest

from ovs_drivers import storagedriver
from ovs_tempest_plugin.common import orphans


def content(*volumes):
    """Volumes as (name, id, parent id, parent snapshot, snapshots)."""
    return dict((name, (storagedriver.VolumeInfo(
        volume_id, 1, parent, snapshot, 0, 0, False, 'node', False), names))
        for name, volume_id, parent, snapshot, names in volumes)


class OrphansTestCase(unittest.TestCase):

    def test_nothing(self):
        self.assertEqual([], orphans.find({}, set(), set()))

    def test_what_cinder_knows_is_none(self):
        there = content(('v', 1, None, None, ['s', 'clone-c']),
                        ('c', 2, 1, 'clone-c', []))
        self.assertEqual([], orphans.find(there, {'v', 'c', 'w'}, {'s'}))

    def test_what_nobody_knows_is_one(self):
        there = content(('v', 1, None, None, ['s', 'clone-gone']),
                        ('w', 2, None, None, []),
                        ('revert.s.1', 3, 1, 's', []))
        self.assertEqual(['clone-gone of v', 'revert.s.1', 's of v', 'w'],
                         orphans.find(there, {'v'}, set()))

    def test_a_label_is_good_for_as_long_as_its_volume_is_known(self):
        there = content(('disk', '1', None, None, []),
                        ('cinder-owner.1.record', '2', None, None, []),
                        ('cinder-owner.9.record', '3', None, None, []))
        self.assertEqual(['cinder-owner.9.record'],
                         orphans.find(there, {'disk'}, set()))
        self.assertEqual(sorted(there), orphans.find(there, set(), set()))

    def test_a_mark_is_good_for_as_long_as_there_are_clones(self):
        source = ('v', '1', None, None, ['clone-c'])
        clone = ('c', '2', '1', 'clone-c', [])
        mark = ('cinder-deleted.volume.1.v', '3', None, None, [])
        self.assertEqual([], orphans.find(content(source, clone, mark),
                                          {'c'}, set()))
        self.assertEqual(
            ['c', 'cinder-deleted.volume.1.v', 'v'],
            orphans.find(content(source, clone, mark), set(), set()))
        self.assertEqual(
            ['cinder-deleted.volume.1.v', 'clone-c of v', 'v'],
            orphans.find(content(source, mark), {'c'}, set()))

    def test_a_chain_of_marks(self):
        there = content(
            ('a', '1', None, None, ['clone-b']),
            ('b', '2', '1', 'clone-b', ['clone-c']),
            ('c', '3', '2', 'clone-c', []),
            ('cinder-deleted.volume.1.a', '4', None, None, []),
            ('cinder-deleted.volume.2.b', '5', None, None, []),
            ('cinder-deleted.snapshot.1.clone-b', '6', None, None, []))
        self.assertEqual([], orphans.find(there, {'c'}, set()))
        self.assertEqual(6, len(orphans.find(there, set(), set())))

    def test_a_marked_snapshot(self):
        there = content(
            ('v', '1', None, None, ['s', 't']), ('c', '2', '1', 's', []),
            ('cinder-deleted.snapshot.1.s', '3', None, None, []),
            ('cinder-deleted.snapshot.1.t', '4', None, None, []))
        self.assertEqual(['cinder-deleted.snapshot.1.t', 't of v'],
                         orphans.find(there, {'v', 'c'}, set()))
