# SPDX-License-Identifier: Apache-2.0

"""tempest.conf, as far as it is not the plugin's: it adds what the back end
can do in its phase test-config. And what makes Tempest find the plugin."""

import configparser
import os

from harness import files
from ovs_testbed import accounts
from ovs_testbed import cloud
from ovs_testbed import guest
from ovs_testbed import ini
from ovs_testbed import networks
from ovs_testbed import plugin_path
from ovs_testbed import resources
from ovs_testbed import supervisor
from ovs_testbed import testbeds

#: seconds for what Nova, Cinder and Glance build
_PATIENCE = 196


def conf(testbed):
    return testbed.etc('tempest', 'tempest.conf')


def locks(testbed):
    """The folder of Tempest's locks, those of its accounts included."""
    return testbed.data('locks', 'tempest')


def variables(testbed):
    """The variables of commands in the sandbox."""
    return dict(cloud.variables(testbed), PATH=plugin_path.read(testbed),
                PYTHONPATH='%s:%s' % (testbeds.CHECKOUT, _metadata(testbed)),
                PYTHONDONTWRITEBYTECODE='1', PYTHONWARNINGS='ignore',
                TEMPEST_CONFIG=conf(testbed),
                TEMPEST_CONFIG_DIR=os.path.dirname(conf(testbed)))


def _metadata(testbed):
    """The folder where Python finds the entry points of this checkout."""
    return testbed.path('metadata')


def register_plugin(testbed):
    """Let Tempest find the plugin in this checkout: what is changed there is
    what runs next."""
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(os.path.join(testbeds.CHECKOUT, 'setup.cfg'))
    name = setup['metadata']['name']
    folder = os.path.join(_metadata(testbed), '%s-0.dist-info'
                          % name.replace('-', '_'))
    files.write(os.path.join(folder, 'METADATA'),
                'Metadata-Version: 2.1\nName: %s\nVersion: 0\n' % name)
    files.write(os.path.join(folder, 'entry_points.txt'), ''.join(
        '[%s]%s\n' % entry for entry in setup['entry_points'].items()))


def configure(testbed):
    """Write tempest.conf for what the cloud has."""
    sections = dict(
        _processes(testbed), **_users(testbed), **_compute(testbed),
        **_volumes(testbed), **_guests(testbed))
    sections['network'] = networks.of(testbed).tempest_options()
    for name, options in testbed.release.tempest.items():
        sections[name].update(options)
    ini.write(conf(testbed), sections)


def _processes(testbed):
    return {
        'DEFAULT': {'debug': True, 'use_stderr': False,
                    'log_file': testbed.log('tempest')},
        'oslo_concurrency': {'lock_path': locks(testbed)},
        'cli': {'cli_dir': os.path.join(testbed.cache.environment, 'bin')},
        'openvstorage': {
            'guest_tells_disks': True,
            'cinder_restart_command': supervisor.restart_command(
                testbed, 'c-vol')},
    }


def _users(testbed):
    return {
        'auth': {
            'use_dynamic_credentials': True, 'tempest_roles': 'member',
            'test_accounts_file': accounts.path(testbed),
            # a network and a router for each class of tests take 15 s
            'create_isolated_networks': False,
            'admin_username': 'admin', 'admin_project_name': 'admin',
            'admin_domain_name': 'Default',
            'admin_password': testbed.passwords['admin']},
        'identity': {'auth_version': 'v3', 'region': testbeds.REGION,
                     'uri_v3': testbed.url('keystone', '/v3'),
                     'v3_endpoint_type': 'publicURL'},
        'service_available': {
            'cinder': True, 'glance': True, 'neutron': True, 'nova': True,
            'barbican': 'barbican' in testbed.extras,
            'swift': False, 'horizon': False},
    }


def _compute(testbed):
    connection = cloud.connect(testbed)
    image = connection.image.find_image(resources.IMAGE).id
    flavor, larger = (connection.compute.find_flavor(name).id
                      for name in resources.FLAVORS)
    return {
        'compute': {
            'image_ref': image, 'image_ref_alt': image,
            'flavor_ref': flavor, 'flavor_ref_alt': larger,
            'fixed_network_name': networks.SHARED,
            'min_compute_nodes': 1, 'build_timeout': _PATIENCE,
            'build_interval': 1, 'ready_wait': 0,
            'volume_device_name': 'vdb', 'min_microversion': '2.1',
            'max_microversion': 'latest'},
        'compute-feature-enabled': {
            'console_output': True, 'vnc_console': False,
            'spice_console': False, 'serial_console': False,
            'cold_migration': False, 'live_migration': False,
            'live_migrate_paused_instances': False, 'resize': True,
            'config_drive': True, 'volume_multiattach': True,
            'personality': False, 'metadata_service': False,
            'attach_encrypted_volume': True},
        'network-feature-enabled': {'ipv6': True, 'floating_ips': True,
                                    'port_security': True},
    }


def _volumes(testbed):
    return {
        'volume': {
            'catalog_type': 'block-storage', 'build_timeout': _PATIENCE,
            'build_interval': 1, 'min_microversion': '3.0',
            'max_microversion': 'latest',
            'backend_names': ','.join(testbeds.VPOOLS),
            'volume_type': testbeds.VPOOLS[0],
            'volume_type_multiattach': resources.MULTIATTACH},
        'volume-feature-enabled': {
            'multi_backend': True, 'clone': True, 'snapshot': True,
            'backup': 'backup' in testbed.extras, 'concurrency_tests': True},
    }


def _guests(testbed):
    return {
        'validation': {
            'run_validation': True, 'connect_method': 'floating',
            'auth_method': 'keypair', 'image_ssh_user': 'cirros',
            'network_for_ssh': networks.PUBLIC, 'ping_timeout': 60,
            'ssh_timeout': 120},
        'image': {'build_timeout': _PATIENCE},
        'scenario': {'img_file': guest.path(testbed),
                     'img_disk_format': 'qcow2',
                     'img_container_format': 'bare'},
    }
