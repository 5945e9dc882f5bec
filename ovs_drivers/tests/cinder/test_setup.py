# SPDX-License-Identifier: Apache-2.0

import os
import uuid

import fixtures
from cinder import exception
from oslo_config import cfg

from ovs_drivers import edge
from ovs_drivers.cinder import options
from ovs_drivers.tests.behaviour import backends
from ovs_drivers.tests.behaviour import base


class SetupTestCase(base.DriverTestCase):
    """The start finds what is wrong, with option, value and cure."""

    def setUp(self):
        self.use(fixtures.MonkeyPatch(
            'ovs_drivers.tests.behaviour.backends.backend',
            backends.FakeBackend))
        super(SetupTestCase, self).setUp()

    def check_refused(self, *texts, **changes):
        before = list(self.backend.vpool.calls)
        driver = self.unchecked_driver(**changes)
        driver.do_setup(self.context)
        with self.assertRaises(exception.VolumeBackendAPIException) as caught:
            driver.check_for_setup_error()
        for text in texts:
            self.assertIn(text, str(caught.exception))
        return self.backend.vpool.calls[len(before):]

    def test_storage_ip(self):
        for value, text in (('', 'it is empty'), (' ', 'it is empty'),
                            ('10.0.0.1,,10.0.0.2', 'neither a host name'),
                            ('10.0.0.1;rm', 'neither a host name'),
                            ('fe80::zz', 'not an IPv6')):
            calls = self.check_refused('storage_ip', repr(value), text,
                                       'hint: give the address',
                                       storage_ip=value)
            self.assertEqual([], calls)

    def test_tls_files(self):
        for texts, changes in (
                (('xml_rpc_tls', '/no/such/file', 'xml_rpc_ca_file'),
                 {'xml_rpc_ca_file': '/no/such/file'}),
                (('xml_rpc_cert_file', '/a', 'hint: give both'),
                 {'xml_rpc_cert_file': '/a'})):
            calls = self.check_refused(*texts, xml_rpc_tls=True, **changes)
            self.assertEqual([], calls)
        with self.assertRaises(options.OptionError) as caught:
            options.read(_configuration('xml_rpc_tls = perhaps'))
        self.assertIn('perhaps', str(caught.exception))
        self.assertIn('hint: give true or false', str(caught.exception))

    def test_redirect_hosts(self):
        for value, text in (('10.0.0.1,*', 'neither a host name'),
                            ('10.0.0.1,', 'neither a host name')):
            calls = self.check_refused(
                'xml_rpc_redirect_hosts', repr(value), text, '* for any',
                xml_rpc_redirect_hosts=value)
            self.assertEqual([], calls)
        for value, hosts in (('', []), ('*', ['*']),
                             ('10.0.0.2, sd3', ['10.0.0.2', 'sd3'])):
            settings = options.read(_configuration(
                'xml_rpc_redirect_hosts = %s' % value))
            self.assertEqual(hosts, settings.xml_rpc_redirect_hosts)

    def test_vpool_guid(self):
        for value in ('', 'myvpool01', 'zz68a798-a0ab-4f6a-8f3d-32f785215307',
                      '7968a798a0ab4f6a8f3d32f785215307'):
            calls = self.check_refused('vpool_guid', repr(value),
                                       'ovs-storagedriver status',
                                       vpool_guid=value)
            self.assertEqual([], calls)

    def test_values_that_oslo_config_refuses(self):
        for option, value in (('edge_protocol', 'udp'), ('edge_port', '0'),
                              ('edge_port', '70000'), ('edge_port', 'http'),
                              ('xml_rpc_port', '-1'), ('edge_timeout', '0'),
                              ('snapshot_timeout', 'soon')):
            configuration = _configuration('%s = %s' % (option, value))
            with self.assertRaises(options.OptionError) as caught:
                options.read(configuration)
            self.assertIn(option, str(caught.exception))
            self.assertIn("'%s'" % value, str(caught.exception))
            self.assertRegex(str(caught.exception), 'hint: give ')

    def test_good_values(self):
        settings = options.read(_configuration(
            'storage_ip = 10.0.0.1, sd2.example.net,fe80::1\n'
            'edge_protocol = rdma'))
        self.assertEqual(['10.0.0.1', 'sd2.example.net', 'fe80::1'],
                         settings.hosts)
        self.assertEqual(('rdma', 26203, 26201, 30, 120),
                         (settings.edge_protocol, settings.edge_port,
                          settings.xml_rpc_port, settings.edge_timeout,
                          settings.snapshot_timeout))

    def test_nobody_answers(self):
        self.check_refused('xml_rpc_port', '127.0.0.2',
                           storage_ip='127.0.0.2')
        self.check_refused('edge_port', 'ECONNREFUSED', edge_port=1)

    def test_the_next_address_is_used(self):
        self.driver = self.new_driver(storage_ip='127.0.0.2,127.0.0.1')
        volume = self.create()
        self.assertIn(':127.0.0.1:', volume.provider_location)

    def test_an_attachment_gets_a_host_that_answers(self):
        second = self.backend.fake.second_edge('127.0.0.2')
        self.driver = self.new_driver(storage_ip='127.0.0.2,127.0.0.1')
        volume = self.create()
        self.assertIn(':127.0.0.2:', volume.provider_location)
        second.shutdown()
        second.server_close()
        # A location is a text: it is the same whether its host answers.
        self.assertEqual(volume.provider_location,
                         self.driver.local_path(volume))
        data = self.driver.initialize_connection(volume, {})['data']
        self.assertIn(':127.0.0.1:', data['device_path'])

    def test_the_guid_of_another_vpool(self):
        self.check_refused('fault', vpool_guid=str(uuid.uuid4()))

    def test_ports_of_two_vpools(self):
        other = self.use(backends.FakeBackend())
        other.vpool.create('theirs', 4096)
        self.create()
        self.check_refused('different vPools',
                           edge_port=other.options['edge_port'])

    def test_no_library(self):
        def load_library():
            raise edge.LibraryMissing('not here: install it')
        self.use(fixtures.MonkeyPatch('ovs_drivers.edge.load_library',
                                      load_library))
        self.check_refused('install it')

    def test_a_qemu_img_that_does_not_know_the_protocol(self):
        self.use(fixtures.EnvironmentVariable(
            'PATH', self._path_with('echo formats: raw qcow2')))
        del self.driver
        self.check_refused('does not know', 'hypervisor/build')

    def test_no_qemu_img(self):
        self.use(fixtures.EnvironmentVariable(
            'PATH', self._path_with('exit 127')))
        del self.driver
        self.check_refused('not installed', 'hypervisor/build')

    def test_a_setup_that_failed_can_be_repeated(self):
        driver = self.unchecked_driver(edge_port=1)
        self.assertRaises(exception.VolumeBackendAPIException,
                          driver.check_for_setup_error)
        self.new_driver()

    def _path_with(self, command):
        """A PATH on which qemu-img does nothing but COMMAND."""
        folder = self.use(fixtures.TempDir()).path
        path = os.path.join(folder, 'qemu-img')
        with open(path, 'w') as stream:
            stream.write('#!/bin/sh\n%s\n' % command)
        os.chmod(path, 0o755)
        return '%s:/usr/bin:/bin' % folder


class CapacityTestCase(base.DriverTestCase):

    def setUp(self):
        self.use(fixtures.MonkeyPatch(
            'ovs_drivers.tests.behaviour.backends.backend',
            backends.FakeBackend))
        super(CapacityTestCase, self).setUp()

    def test_figures_are_those_of_the_vpool(self):
        self.create(3)
        self.backend.vpool.features['multiattach'] = 'false'
        self.backend.vpool.features['online_extend'] = 'false'
        stats = self.driver.get_volume_stats(refresh=True)
        self.assertEqual((100, 90, 3, False, False),
                         (stats['total_capacity_gb'],
                          stats['free_capacity_gb'],
                          stats['provisioned_capacity_gb'],
                          stats['multiattach'],
                          stats['online_extend_support']))

    def test_a_storagedriver_that_cannot_say(self):
        self.backend.vpool.knows_vpool_info = False
        stats = self.driver.get_volume_stats(refresh=True)
        self.assertEqual(('unknown', False), (stats['total_capacity_gb'],
                                              stats['multiattach']))

    def test_common_options_are_reported(self):
        self.driver = self.new_driver(reserved_percentage=7,
                                      max_over_subscription_ratio=3)
        stats = self.driver.get_volume_stats(refresh=True)
        self.assertEqual(7, stats['reserved_percentage'])
        self.assertEqual(3, float(stats['max_over_subscription_ratio']))


def _configuration(text):
    """A section of a configuration file, read as cinder-volume reads it."""
    folder = fixtures.TempDir()
    folder.setUp()
    try:
        path = folder.join('cinder.conf')
        with open(path, 'w') as stream:
            stream.write('[vpool]\nstorage_ip = 10.0.0.1\nvpool_guid = '
                         '7968a798-a0ab-4f6a-8f3d-32f785215307\n%s\n' % text)
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[path], project='cinder')
        conf.register_opts(options.OPTS, group='vpool')
        return conf.vpool
    finally:
        folder.cleanUp()
