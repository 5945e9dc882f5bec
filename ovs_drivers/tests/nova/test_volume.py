# SPDX-License-Identifier: Apache-2.0

import copy
import inspect
import json
import unittest

import fixtures
from nova.virt.libvirt import config as vconfig
from nova.virt.libvirt.volume import volume as libvirt_volume
from os_brick import exception
from os_brick.initiator import connector as os_brick_connector
from oslo_config import cfg

from ovs_drivers.brick import connector
from ovs_drivers.nova import volume
from ovs_drivers.tests.fakes import fixture

try:
    from unittest import mock
except ImportError:
    import mock

GIB = 1 << 30
VOLUME_ID = '7968a798-a0ab-4f6a-8f3d-32f785215307'
PLACE = 'openvstorage+tcp:127.0.0.1:26203/volume-' + VOLUME_ID
DISK_INFO = {'bus': 'virtio', 'dev': 'vdb', 'type': 'disk'}


def connection_info(place=PLACE, **data):
    return {'driver_volume_type': 'openvstorage_edge',
            'volume_backend_name': 'myvpool01', 'serial': VOLUME_ID,
            'data': dict({'device_path': place, 'discard': True,
                          'encrypted': False, 'access_mode': 'rw',
                          'qos_specs': None, 'volume_id': VOLUME_ID},
                         **data)}


class VolumeDriverTestCase(unittest.TestCase):

    def setUp(self):
        super(VolumeDriverTestCase, self).setUp()
        # "ovs-drivers install" registers the connector; its own tests show
        # that. Here the protocol only has to be known.
        mapping = dict(os_brick_connector._connector_mapping_linux,
                       OPENVSTORAGE_EDGE='ovs_drivers.brick.connector.'
                                         'OpenvStorageEdgeConnector')
        for name in ('connector_mapping', '_connector_mapping_linux'):
            if hasattr(os_brick_connector, name):
                self.use(fixtures.MonkeyPatch(
                    'os_brick.initiator.connector.' + name, mapping))
        if hasattr(os_brick_connector, 'get_connector_mapping'):
            self.use(fixtures.MonkeyPatch(
                'os_brick.initiator.connector.get_connector_mapping',
                lambda *_args: mapping))
        if not cfg.CONF._namespace:
            cfg.CONF([], project='nova', default_config_files=[])
        cfg.CONF.set_override('virt_type', 'qemu', group='libvirt')
        self.addCleanup(cfg.CONF.clear)
        self.host = mock.Mock()
        self.host.find_secret.return_value = None
        self.driver = volume.LibvirtOpenvStorageEdgeVolumeDriver(self.host)

    def use(self, new):
        new.setUp()
        self.addCleanup(new.cleanUp)
        return new

    def xml(self, info, disk_info=DISK_INFO):
        return self.driver.get_config(info, disk_info).format_dom()

    def test_it_has_the_connector(self):
        self.assertIsInstance(self.driver.connector,
                              connector.OpenvStorageEdgeConnector)

    def test_the_disk(self):
        dom = self.xml(connection_info())
        self.assertEqual('network', dom.get('type'))
        self.assertEqual(
            {'protocol': 'openvstorage', 'name': 'volume-' + VOLUME_ID,
             'snapshot-timeout': '120'}, dict(dom.find('source').attrib))
        self.assertEqual({'name': '127.0.0.1', 'port': '26203',
                          'transport': 'tcp'},
                         dict(dom.find('source/host').attrib))
        driver = dom.find('driver')
        self.assertEqual(('qemu', 'raw', 'none', 'unmap'),
                         tuple(driver.get(key) for key in
                               ('name', 'type', 'cache', 'discard')))
        self.assertEqual(VOLUME_ID, dom.find('serial').text)
        self.assertEqual({'dev': 'vdb', 'bus': 'virtio'},
                         dict(dom.find('target').attrib))

    def test_it_differs_from_nova_s_own_in_the_source_only(self):
        info = connection_info(
            qos_specs={'total_iops_sec': '100', 'read_bytes_sec': '4096'},
            access_mode='ro', logical_block_size='4096',
            physical_block_size='4096')
        info['multiattach'] = True
        disk_info = {'bus': 'scsi', 'dev': 'sdc', 'type': 'disk', 'unit': 3}
        ours = self.xml(copy.deepcopy(info), disk_info)
        base = libvirt_volume.LibvirtBaseVolumeDriver(self.host, False)
        conf = base.get_config(copy.deepcopy(info), disk_info)
        conf.source_type, conf.source_protocol = 'network', 'rbd'
        theirs = conf.format_dom()
        for dom in (ours, theirs):
            dom.remove(dom.find('source'))
        self.assertEqual(vconfig.etree.tostring(theirs),
                         vconfig.etree.tostring(ours))

    def test_other_locations(self):
        dom = self.xml(connection_info(
            'openvstorage+rdma:[fe80::1]:7/my%20disk:snapshot-timeout=9'))
        self.assertEqual(('my disk', '9'),
                         (dom.find('source').get('name'),
                          dom.find('source').get('snapshot-timeout')))
        self.assertEqual({'name': 'fe80::1', 'port': '7',
                          'transport': 'rdma'},
                         dict(dom.find('source/host').attrib))

    def test_connect_with_the_arguments_of_each_release(self):
        for arguments in ((DISK_INFO,), (DISK_INFO, 'instance'),
                          ('instance',)):
            info = connection_info()
            self.driver.connect_volume(info, *arguments)
            # Nova stores it.
            info = json.loads(json.dumps(info))
            self.assertNotIn('device_path', info['data'])
            self.assertEqual('network', self.xml(info).get('type'))
            # And connects again with what it stored, after a reboot.
            self.driver.connect_volume(info, *arguments)
            self.assertEqual('network', self.xml(info).get('type'))

    def test_attachments_of_the_original_drivers(self):
        """Nova has stored the location where it wants a device."""
        info = {'driver_volume_type': 'openvstorage_edge',
                'serial': VOLUME_ID,
                'data': {'device_path': 'openvstorage+tcp:10.130.11.202:26203/'
                                        'my_disk'}}
        for _ in range(2):
            dom = self.xml(info)
            self.assertEqual('my_disk', dom.find('source').get('name'))
            self.assertEqual('10.130.11.202',
                             dom.find('source/host').get('name'))
            # as after a reboot of the host
            self.driver.connect_volume(info, 'instance')
        self.driver.disconnect_volume(info, 'instance')

    def test_disconnect_with_the_arguments_of_each_release(self):
        info = connection_info()
        self.driver.connect_volume(info, 'instance')
        self.driver.disconnect_volume(info, 'vdb')
        self.driver.disconnect_volume(info, 'vdb', 'instance')
        self.driver.disconnect_volume(info, 'instance')
        self.driver.disconnect_volume(info, 'instance', force=True)

    def test_a_malformed_location_is_an_error(self):
        for place in ('/dev/sdb', '', None):
            self.assertRaises(exception.BrickException,
                              self.driver.connect_volume,
                              connection_info(place), 'instance')

    def test_extend_gives_the_new_size(self):
        fake = self.use(fixture.FakeVPool())
        fake.vpool.create('v', 3 * GIB)
        self.host.get_guest.return_value.get_all_disks.return_value = [
            mock.Mock(serial='another', target_dev='vda'),
            mock.Mock(serial=VOLUME_ID, target_dev='vdb')]
        for arguments in (('instance',), ('instance', 3 * GIB)):
            info = connection_info('openvstorage+tcp:127.0.0.1:%d/v'
                                   % fake.edge.port)
            self.driver.connect_volume(info, 'instance')
            self.assertEqual(3 * GIB, self.driver.extend_volume(info,
                                                                *arguments))
            # libvirt's name of the disk
            self.assertEqual('vdb', info['data']['device_path'])
            self.assertEqual('network', self.xml(info).get('type'))

    def test_signatures_fit_the_release(self):
        get_spec = getattr(inspect, 'getfullargspec', None) or (
            inspect.getargspec)
        for name, method in vars(
                libvirt_volume.LibvirtBaseVolumeDriver).items():
            ours = vars(volume.LibvirtOpenvStorageEdgeVolumeDriver).get(name)
            if not inspect.isfunction(ours) or name == '__init__':
                continue
            spec, wanted = get_spec(ours), get_spec(method)
            if not spec.varargs:
                self.assertEqual(wanted.args, spec.args[:len(wanted.args)])
