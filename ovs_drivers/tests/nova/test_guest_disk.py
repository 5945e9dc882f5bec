# SPDX-License-Identifier: Apache-2.0

import unittest

from lxml import etree
from nova.virt.libvirt import config as vconfig

from ovs_drivers.nova import volume


def disk(**attributes):
    conf = volume.GuestDisk()
    values = {'driver_name': 'qemu', 'driver_format': 'raw',
              'driver_cache': 'none', 'source_name': 'volume-1',
              'source_hosts': ['10.0.0.1'], 'source_ports': ['26203'],
              'source_host_transport': 'tcp', 'source_snapshot_timeout': 120,
              'target_dev': 'vdb', 'target_bus': 'virtio',
              'serial': '7968a798-a0ab-4f6a-8f3d-32f785215307'}
    values.update(attributes)
    for name, value in values.items():
        assert hasattr(conf, name), name
        setattr(conf, name, value)
    return conf


def text_of(conf):
    return etree.tostring(conf.format_dom()).decode()


class GuestDiskTestCase(unittest.TestCase):

    def test_it_is_nova_s_own_disk(self):
        self.assertTrue(issubclass(volume.GuestDisk,
                                   vconfig.LibvirtConfigGuestDisk))

    def test_the_source(self):
        dom = disk().format_dom()
        self.assertEqual(('network', 'disk'),
                         (dom.get('type'), dom.get('device')))
        source, = dom.findall('source')
        self.assertEqual({'protocol': 'openvstorage', 'name': 'volume-1',
                          'snapshot-timeout': '120'}, dict(source.attrib))
        host, = source.findall('host')
        self.assertEqual({'name': '10.0.0.1', 'port': '26203',
                          'transport': 'tcp'}, dict(host.attrib))

    def test_everything_stands_once(self):
        dom = disk().format_dom()
        for name in ('driver', 'source', 'target', 'serial'):
            self.assertEqual(1, len(dom.findall(name)), name)

    def test_what_nova_says_is_kept(self):
        dom = disk(driver_discard='unmap', driver_io='native',
                   shareable=True, boot_order='1', readonly=True,
                   disk_total_iops_sec=100).format_dom()
        driver = dom.find('driver')
        self.assertEqual(
            {'name': 'qemu', 'type': 'raw', 'cache': 'none',
             'discard': 'unmap', 'io': 'native'}, dict(driver.attrib))
        self.assertIsNotNone(dom.find('shareable'))
        self.assertIsNotNone(dom.find('readonly'))
        self.assertEqual('1', dom.find('boot').get('order'))
        self.assertEqual('100', dom.find('iotune/total_iops_sec').text)
        self.assertEqual({'dev': 'vdb', 'bus': 'virtio'},
                         dict(dom.find('target').attrib))
        self.assertEqual('7968a798-a0ab-4f6a-8f3d-32f785215307',
                         dom.find('serial').text)

    def test_parse_reads_what_format_writes(self):
        for attributes in ({}, {'source_host_transport': 'rdma'},
                           {'source_snapshot_timeout': None},
                           {'source_snapshot_timeout': 7},
                           {'source_host_transport': None},
                           {'driver_discard': 'unmap'},
                           {'source_hosts': ['fe80::1']}):
            before = disk(**attributes)
            after = volume.GuestDisk()
            after.parse_dom(etree.fromstring(text_of(before)))
            self.assertEqual(text_of(before), text_of(after))
            for name in ('source_type', 'source_protocol', 'source_name',
                         'source_hosts', 'source_ports', 'serial',
                         'source_host_transport', 'source_snapshot_timeout',
                         'driver_cache', 'driver_format', 'target_dev',
                         'target_bus'):
                self.assertEqual(getattr(before, name), getattr(after, name),
                                 name)

    def test_nova_s_own_class_reads_it_too(self):
        """As Nova does when it looks for the disk of a guest."""
        guest = vconfig.LibvirtConfigGuest()
        guest.parse_dom(etree.fromstring(
            '<domain type="qemu"><devices>%s</devices></domain>'
            % text_of(disk())))
        read, = [device for device in guest.devices
                 if device.root_name == 'disk']
        self.assertEqual(('openvstorage', 'volume-1', 'vdb'),
                         (read.source_protocol, read.source_name,
                          read.target_dev))

    def test_a_disk_without_a_source_is_read(self):
        conf = volume.GuestDisk()
        conf.parse_dom(etree.fromstring(
            '<disk type="network" device="cdrom">'
            '<target dev="hda" bus="ide"/></disk>'))
        self.assertIsNone(conf.source_snapshot_timeout)
