# SPDX-License-Identifier: Apache-2.0

"""A user of the testbed who is no administrator: makes volumes and a server by
python-cinderclient and python-novaclient, and logs in to the server."""

import os
import subprocess
import tempfile

from cinderclient import client as cinder_client
from keystoneauth1 import loading
from keystoneauth1 import session
from novaclient import client as nova_client

from harness import errors
from harness import wait
from ovs_testbed import cloud
from ovs_testbed import networks
from ovs_testbed import resources
from ovs_testbed import testbeds

_GIB = 1 << 30
_TIMEOUT = 180
#: of all that it makes
NAME = 'ovs-testbed-tenant'


class Tenant:
    """The user, the server and the volumes."""

    def __init__(self, testbed, screen):
        self.testbed = testbed
        self._screen = screen
        self.connect()
        self._folder = tempfile.TemporaryDirectory(prefix=NAME)
        self._key = os.path.join(self._folder.name, 'key')
        self._server = self._address = None
        self._volumes = {}

    def connect(self):
        testbed = self.testbed
        loaded = loading.get_plugin_loader('password').load_from_options(
            **cloud.credentials(testbed, 'demo'))
        login = session.Session(auth=loaded)
        region = {'session': login, 'region_name': testbeds.REGION}
        versions = testbed.release.microversions
        self._cinder = cinder_client.Client(versions['volume'], **region)
        self._nova = nova_client.Client(versions['compute'], **region)
        # what both have no word for: images, and addresses to log in at
        self._cloud = cloud.connect(testbed, 'demo')
        self._networks = networks.of(testbed)

    def close(self):
        self._folder.cleanup()

    def _make_volume(self, name, size=1, **how):
        how.setdefault('volume_type', testbeds.VPOOLS[0])
        volume = self._cinder.volumes.create(
            size, name='%s-%s' % (NAME, name), **how)
        self._volumes[name] = self._await_volume(volume.id, 'available')

    def _await_volume(self, volume_id, status):
        def probe():
            volume = self._cinder.volumes.get(volume_id)
            if volume.status.startswith('error'):
                raise errors.Error(
                    'volume %s is in state %s' % (volume_id, volume.status),
                    log=self.testbed.log('c-vol'))
            return volume.status == status and volume, volume.status
        return wait.until('volume %s to be %s' % (volume_id, status),
                          probe, _TIMEOUT)

    def _create(self):
        for vpool in testbeds.VPOOLS:
            self._make_volume(vpool, volume_type=vpool)

    def _create_from_image(self):
        image = self._cloud.image.find_image(resources.IMAGE)
        self._make_volume('root', imageRef=image.id)

    def _boot(self):
        subprocess.run(['ssh-keygen', '-q', '-t', 'ecdsa', '-N', '', '-f',
                        self._key], check=True)
        with open(self._key + '.pub') as stream:
            self._nova.keypairs.create(NAME, public_key=stream.read())
        flavor = next(flavor for flavor in self._nova.flavors.list()
                      if flavor.name == 'm1.nano')
        server = self._nova.servers.create(
            NAME, None, flavor, key_name=NAME,
            nics=self._networks.interfaces(self._cloud),
            block_device_mapping_v2=[{
                'uuid': self._volumes['root'].id, 'source_type': 'volume',
                'destination_type': 'volume', 'boot_index': 0,
                'delete_on_termination': False}])

        def probe():
            state = self._nova.servers.get(server.id)
            if state.status == 'ERROR':
                raise errors.Error(
                    'the server is in state ERROR: %s' % getattr(
                        state, 'fault', {}).get('message'),
                    log=self.testbed.log('n-cpu'))
            return state.status == 'ACTIVE' and state, state.status
        self._server = wait.until('the server to be ACTIVE', probe,
                                  _TIMEOUT)

    def _log_in(self):
        self._address = self._networks.reach(self._cloud, self._server, NAME)

        def probe():
            code, answer = self._ssh('true')
            return code == 0, answer
        wait.until('SSH at %s' % self._address, probe, _TIMEOUT)

    def _ssh(self, command):
        done = subprocess.run(
            ['ssh', '-i', self._key, '-o', 'StrictHostKeyChecking=no', '-o',
             'UserKnownHostsFile=/dev/null', '-o', 'ConnectTimeout=5', '-o',
             'LogLevel=ERROR', '-o', 'BatchMode=yes',
             'cirros@' + self._address, command],
            capture_output=True, text=True, timeout=_TIMEOUT)
        return done.returncode, (done.stdout + done.stderr).strip()

    def _guest(self, command):
        """Run a command in the guest; return what it says."""
        code, answer = self._ssh(command)
        if code:
            raise errors.Error('in the guest, %s: %s'
                               % (command, answer))
        return answer

    def _await_guest(self, what, command, expected):
        def probe():
            answer = self._ssh(command)[1]
            return answer == expected, answer
        wait.until(what, probe, _TIMEOUT)

    def _attach_volume(self, name):
        volume = self._volumes[name]
        self._nova.volumes.create_server_volume(self._server.id, volume.id)
        self._await_volume(volume.id, 'in-use')
        # virtio shows the first 20 characters of the volume's id
        self._await_guest('the guest to see the disk',
                          'cat /sys/block/vdb/serial', volume.id[:20])

    def _attach(self):
        self._attach_volume(testbeds.VPOOLS[0])

    def _snapshot(self):
        snapshot = self._cinder.volume_snapshots.create(
            self._volumes[testbeds.VPOOLS[0]].id, force=True, name=NAME)

        def probe():
            state = self._cinder.volume_snapshots.get(snapshot.id)
            return state.status == 'available' and state, state.status
        self._taken = wait.until('the snapshot', probe, _TIMEOUT)

    def _create_from_snapshot(self):
        self._make_volume('from-snapshot', 2, snapshot_id=self._taken.id,
                          volume_type=None)

    def _clone(self):
        self._make_volume(
            'clone', source_volid=self._volumes['from-snapshot'].id, size=2,
            volume_type=None)

    def _extend(self):
        volume = self._volumes[testbeds.VPOOLS[1]]
        self._cinder.volumes.extend(volume, 3)
        self._await_size(volume, 3, 'available')

    def _await_size(self, volume, size, status):
        def probe():
            state = self._cinder.volumes.get(volume.id)
            return (state.size, state.status) == (size, status), \
                '%d GiB, %s' % (state.size, state.status)
        wait.until('the volume to have %d GiB' % size, probe, _TIMEOUT)

    def _extend_attached(self):
        volume = self._volumes[testbeds.VPOOLS[0]]
        self._cinder.volumes.extend(volume, 2)
        self._await_size(volume, 2, 'in-use')
        self._await_guest('the guest to see the new size',
                          'blockdev --getsize64 /dev/vdb', str(2 * _GIB))

    def _detach(self):
        self._detach_volume(testbeds.VPOOLS[0])

    def _detach_volume(self, name):
        volume = self._volumes[name]
        self._nova.volumes.delete_server_volume(self._server.id, volume.id)
        self._await_volume(volume.id, 'available')
        self._await_detached(volume.id)
        self._await_guest('the disk to go', 'ls /sys/block | grep -c vdb',
                          '0')

    def _await_detached(self, volume_id):
        """Wait for Nova, which refuses to attach the volume until then."""
        def probe():
            found = [attachment.volumeId for attachment in
                     self._nova.volumes.get_server_volumes(self._server.id)]
            return volume_id not in found, found
        wait.until('the server to be without volume %s' % volume_id, probe,
                   _TIMEOUT)

    def _remove_all(self):
        """Delete what this run or one before has made, in any order that the
        APIs allow."""
        for server in self._nova.servers.list(search_opts={'name': NAME}):
            server.delete()
            self._await_gone('the server', self._nova.servers, server.id)
        self._networks.forget(self._cloud, NAME)
        for pair in self._nova.keypairs.list():
            if pair.name == NAME:
                pair.delete()
        snapshots = self._cinder.volume_snapshots
        for snapshot in snapshots.list(search_opts={'name': NAME}):
            snapshot.delete()
            self._await_gone('the snapshot', snapshots, snapshot.id)
        volumes = [volume for volume in self._cinder.volumes.list()
                   if volume.name.startswith(NAME)]
        for volume in volumes:
            volume.delete()
        for volume in volumes:
            self._await_gone('the volume', self._cinder.volumes, volume.id)

    def _await_gone(self, what, manager, identifier):
        def probe():
            try:
                state = manager.get(identifier).status
            except Exception as error:
                if getattr(error, 'code', None) == 404:
                    return True, ''
                raise
            if state.startswith('error'):
                raise errors.Error('%s %s is in state %s' % (
                    what, identifier, state), log=self.testbed.log('c-vol'))
            return False, state
        wait.until('%s %s to go' % (what, identifier), probe, _TIMEOUT)
