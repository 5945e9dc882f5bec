# SPDX-License-Identifier: Apache-2.0

"""The options of ``[openvstorage]`` in tempest.conf."""

from oslo_config import cfg

openvstorage_group = cfg.OptGroup(name='openvstorage',
                                  title='Open vStorage Edge block storage')

OpenvStorageGroup = [
    cfg.MultiStrOpt('vpool',
                    default=[],
                    help='A vPool under test, in the words of its section in '
                         'cinder.conf: "backend=NAME volume_type=TYPE '
                         'storage_ip=ADDRESS[,ADDRESS...] edge_port=PORT '
                         'edge_protocol=tcp xml_rpc_port=PORT '
                         'vpool_guid=GUID", and with TLS '
                         '"xml_rpc_tls=true xml_rpc_ca_file=FILE '
                         'xml_rpc_cert_file=FILE xml_rpc_key_file=FILE". '
                         'backend is the '
                         'volume_backend_name; volume_type is the same '
                         'unless given; the ports and the protocol have the '
                         'defaults of the driver. Give the option once for '
                         'each vPool; the first is the one most tests use. '
                         'None at all is a failure, not a skip.'),
    cfg.StrOpt('run_label',
               default='ovs-tempest',
               help='First part of the name of all that the tests make, and '
                    'ovs_run in its metadata, so that you can find what a '
                    'run leaves.'),
    cfg.IntOpt('settle_timeout',
               default=60,
               help='Seconds after the end of a test class within which a '
                    'vPool must hold nothing that Cinder does not know.'),
    cfg.IntOpt('parallel_volumes',
               default=20, min=1, max=49,
               help='Number of volumes that are made, cloned and deleted at '
                    'the same time.'),
    cfg.StrOpt('cli_dir',
               default='',
               help='Folder of the commands cinder and nova. Empty: the '
                    'folder of the Python that runs Tempest.'),
    cfg.StrOpt('libvirt_uri',
               default='',
               help='Address of the libvirt of the compute host, for example '
                    'qemu:///system, to read the XML of domains. Empty: tests '
                    'of the XML are skipped.'),
    cfg.StrOpt('virsh',
               default='virsh',
               help='The command that reads from libvirt_uri.'),
    cfg.DictOpt('service_logs',
                default={},
                help='Logs of cinder-volume and nova-compute, as '
                     'SERVICE:PLACE: a file, or unit=NAME for a unit of '
                     'systemd, as in "cinder-volume:/opt/log/c-vol.log,'
                     'nova-compute:unit=devstack@n-cpu". The services must '
                     'log at debug. If one is missing, the tests of the order '
                     'of calls are skipped.'),
    cfg.StrOpt('cinder_restart_command',
               default='',
               help='Command that restarts cinder-volume, for example "sudo '
                    'systemctl restart devstack@c-vol". Empty: tests that '
                    'restart it are skipped.'),
    cfg.BoolOpt('guest_tells_disks',
                help='The image of the servers reports its disks on the '
                     'serial console as they come, grow and go, as the image '
                     'of the testbed does: "guest: disk added: vdb 1073741824 '
                     'SERIAL". Unset: the test finds out, and is skipped if a '
                     'server boots without a word of its disks. False: the '
                     'test is skipped at once. True: silence is a failure.'),
    cfg.BoolOpt('revert_to_snapshot',
                default=True,
                help='Cinder can revert a volume to a snapshot (Pike '
                     'and later, API 3.40).'),
    cfg.BoolOpt('retype_between_vpools',
                default=True,
                help='A detached volume can move between vPools by a '
                     'retype (needs two vPools).'),
    cfg.BoolOpt('manageable_lists',
                default=True,
                help='Cinder lists the volumes that it could manage (Newton '
                     'and later, API 3.8).'),
    cfg.BoolOpt('reports_capacity',
                default=True,
                help='The storagedriver reports the capacity of the vPool. '
                     'The embedded one does, the original product does not.'),
]
