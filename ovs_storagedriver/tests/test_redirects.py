# SPDX-License-Identifier: Apache-2.0

"""Which node carries out an XML-RPC call, and where the others send it."""

from ovs_storagedriver.tests import contract
from ovs_storagedriver.tests import support


class RedirectTestCase(contract.ContractTestCase):

    def assertRedirect(self, index, answer):
        self.assertEqual(
            {'xmlrpc_redirect_host': '127.0.0.1',
             'xmlrpc_redirect_port': '%d' % self.running.xml_rpc_ports[index]},
            answer)

    def test_calls_on_a_volume_of_the_other_node(self):
        name, volume = self.node2.create()
        for method, keys in contract.KEYS.items():
            if 'volume_id' not in keys or method == 'migrateVolume':
                continue
            with self.subTest(method):
                self.assertRedirect(1, self.node1(method, **{
                    **keys, 'volume_id': volume}))
        self.assertRedirect(1, self.node1('unlink',
                                          target_path='/%s.raw' % name))
        self.assertEqual('1048576', self.node2('volumeInfo', volume_id=volume)[
            'volume_size'])

    def test_create_on_the_other_node(self):
        request = {'target_path': '/%s.raw' % support.unique(),
                   'volume_size': '1MiB', 'vrouter_id': 'node2'}
        self.assertRedirect(1, self.node1('volumeCreate', **request))
        volume = self.node2('volumeCreate', **request)['volume_id']
        self.assertEqual('node2', self.node2('volumeInfo', volume_id=volume)[
            'vrouter_id'])

    def test_clone_on_the_other_node(self):
        _name, volume = self.node1.create()
        request = {'target_path': '/%s.raw' % support.unique(),
                   'parent_volume_id': volume,
                   'parent_snapshot_id': self.node1.snapshot(volume),
                   'vrouter_id': 'node2'}
        self.assertRedirect(1, self.node1('volumeClone', **request))
        clone = self.node2('volumeClone', **request)['volume_id']
        self.assertEqual('node2', self.node2('volumeInfo', volume_id=clone)[
            'vrouter_id'])

    def test_a_clone_belongs_to_who_was_asked(self):
        _name, volume = self.node1.create()
        clone = self.node2(
            'volumeClone', target_path='/%s.raw' % support.unique(),
            parent_volume_id=volume,
            parent_snapshot_id=self.node1.snapshot(volume))['volume_id']
        self.assertEqual('node2', self.node2('volumeInfo', volume_id=clone)[
            'vrouter_id'])

    def test_list_of_a_node(self):
        _name, of_node1 = self.node1.create()
        _name, of_node2 = self.node2.create()
        self.assertRedirect(1, self.node1('volumesList', vrouter_id='node2'))
        listed = self.node2('volumesList', vrouter_id='node2')
        self.assertIn(of_node2, listed)
        self.assertNotIn(of_node1, listed)

    def test_migrate(self):
        _name, volume = self.node1.create()
        request = {'volume_id': volume, 'vrouter_id': 'node2',
                   'force': 'false'}
        self.assertRedirect(1, self.node1('migrateVolume', **request))
        self.assertEqual('node1', self.node1('volumeInfo', volume_id=volume)[
            'vrouter_id'])
        for _twice in range(2):
            self.assertEqual('', self.node2('migrateVolume', **request))
        self.assertRedirect(1, self.node1('volumeInfo', volume_id=volume))
        self.assertEqual('node2', self.node2('volumeInfo', volume_id=volume)[
            'vrouter_id'])

    def test_force_has_to_be_a_flag(self):
        _name, volume = self.node1.create()
        for force in (True, False, 'true', 'false', 'True', 'False'):
            self.assertEqual('', self.node1('migrateVolume', volume_id=volume,
                                            vrouter_id='node1', force=force))
        for force in ('maybe', '', 1, 'TRUE'):
            self.assertFault('force', self.node1, 'migrateVolume', force=force,
                             volume_id=volume, vrouter_id='node1')

    def test_unknown_node(self):
        _name, volume = self.node1.create()
        for method, keys in (
                ('volumesList', {}),
                ('volumeCreate', contract.KEYS['volumeCreate']),
                ('volumeClone', contract.KEYS['volumeClone']),
                ('migrateVolume', {'volume_id': volume, 'force': 'false'})):
            with self.subTest(method):
                self.assertFault('which are node1, node2', self.node1, method,
                                 **{**keys, 'vrouter_id': 'node3'})
