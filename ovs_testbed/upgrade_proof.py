# SPDX-License-Identifier: Apache-2.0

"""The proof of an upgrade: volumes, snapshots, encrypted volumes, attachments
and marks of the earlier release are used by the later one, while a guest
writes the whole time."""

import contextlib
import os
import time

from harness import errors
from ovs_testbed import cloud
from ovs_testbed import guest
from ovs_testbed import namespaces
from ovs_testbed import tenant
from ovs_testbed import testbeds
from ovs_testbed import vpools

_GIB = 1 << 30
_TEXT = 'written before the upgrade'
#: where the text is: behind the blocks of the writer
_TEXT_AT = 'bs=1M seek=512 count=1 conv=notrunc,fsync'
_TEXT_FROM = 'bs=1M skip=512 count=1'
_WRITER = os.path.join(os.path.dirname(guest.__file__), 'writer')


@contextlib.contextmanager
def proved(testbed, screen):
    """Make things before what is done within, and use them after it."""
    with namespaces.entered(testbed.net):
        proof = Proof(testbed, screen)
    with contextlib.closing(proof):
        with namespaces.entered(testbed.net):
            proof.before()
        yield
        with namespaces.entered(testbed.net):
            proof.after()


class Proof(tenant.Tenant):
    """The things that one release makes and the next one uses."""

    def before(self):
        self._remove_all()
        self._remove_encrypted_type()
        self._perform([
            ('volumes on both vPools', self._create),
            ('an encrypted volume', self._create_encrypted),
            ('image to volume', self._create_from_image),
            ('boot from volume', self._boot),
            ('log in to the guest', self._log_in),
            ('the guest writes to the encrypted volume',
             self._write_encrypted),
            ('attach', self._attach),
            ('the guest writes', self._write),
            ('snapshot', self._snapshot),
            ('volume from snapshot', self._create_from_snapshot),
            ('delete a volume that has a clone', self._mark),
            ('the guest goes on writing', self._start_writer),
        ])

    def after(self):
        self.connect()
        self._perform([
            ('every block that the guest wrote is right', self._verify),
            ('extend while attached', self._extend_attached),
            ('detach', self._detach),
            ('attach again: the text is there',
             lambda: self._read(testbeds.VPOOLS[0])),
            ('volume from the earlier snapshot: the text is there',
             lambda: self._read('from-snapshot')),
            ('the encrypted volume: the text is there',
             lambda: self._read('encrypted')),
            ('extend the encrypted volume', self._extend_encrypted),
            ('extend', self._extend),
            ('snapshot of an earlier volume', self._snapshot),
            ('clone of an earlier volume', self._clone),
            ('delete everything', self._remove_all),
            ('delete the encrypted type', self._remove_encrypted_type),
            ('both vPools are empty', self._check_vpools),
        ])

    def _perform(self, steps):
        try:
            for title, step in steps:
                started = time.monotonic()
                step()
                self._screen.say(' ok  %-46s %7.1f s' % (
                    title, time.monotonic() - started))
        except errors.Error:
            self._screen.say('FAIL %s' % title)
            raise
        except Exception as error:
            self._screen.say('FAIL %s' % title)
            raise errors.Error('%s: %s: %s' % (
                title, type(error).__name__, error)) from error

    def _create_encrypted(self):
        storage = cloud.connect(self.testbed).block_storage
        made = storage.create_type(name=tenant.NAME)
        storage.update_type_extra_specs(
            made, volume_backend_name=testbeds.VPOOLS[0])
        storage.create_type_encryption(
            made, provider='luks', cipher='aes-xts-plain64', key_size=256,
            control_location='front-end')
        self._make_volume('encrypted', volume_type=tenant.NAME)

    def _remove_encrypted_type(self):
        storage = cloud.connect(self.testbed).block_storage
        found = storage.find_type(tenant.NAME)
        if found:
            storage.delete_type(found)

    def _write_encrypted(self):
        self._attach_volume('encrypted')
        self._write()
        self._detach_volume('encrypted')

    def _write(self):
        self._guest('echo %s | dd of=/dev/vdb %s' % (_TEXT, _TEXT_AT))

    def _read(self, name):
        self._attach_volume(name)
        text = self._guest('dd if=/dev/vdb %s 2>/dev/null | head -n 1'
                           % _TEXT_FROM)
        if text != _TEXT:
            raise errors.Error('volume "%s" has %r, not %r'
                               % (name, text, _TEXT))
        self._detach_volume(name)

    def _mark(self):
        """The volume cannot go before its clone: the driver marks it."""
        self._make_volume('source')
        self._make_volume('its-clone', volume_type=None,
                          source_volid=self._volumes['source'].id)
        self._volumes['source'].delete()
        self._await_gone('the volume', self._cinder.volumes,
                         self._volumes['source'].id)

    def _start_writer(self):
        with open(_WRITER) as stream:
            self._guest("cat >/tmp/writer <<'END'\n%sEND\n"
                        'sh /tmp/writer start /dev/vdb' % stream.read())
        self._await_guest('the guest to write', '[ -s /tmp/written ] && '
                          'echo yes', 'yes')

    def _verify(self):
        written, longest, wrong = map(int, self._guest(
            'sh /tmp/writer verify /dev/vdb').split())
        self._screen.say('     the guest wrote %d blocks; one took %d s'
                         % (written, longest))
        if wrong:
            raise errors.Error('%d bytes of them are wrong' % wrong)

    def _extend_encrypted(self):
        volume = self._volumes['encrypted']
        self._cinder.volumes.extend(volume, 2)
        self._await_size(volume, 2, 'available')

    def _check_vpools(self):
        """Cinder keeps images as volumes of its own: those may go first."""
        vpools.remove_cached_images(self.testbed)
        for vpool, names in vpools.contents(self.testbed).items():
            if names:
                raise errors.Error(
                    'left on %s: %s' % (vpool, ', '.join(names)),
                    log=self.testbed.log('c-vol'))
