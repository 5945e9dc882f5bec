# SPDX-License-Identifier: Apache-2.0

"""The proof that a testbed works: a volume is made, attached to a guest,
written, read, detached and deleted."""

from harness import errors
from ovs_testbed import tenant
from ovs_testbed import testbeds

_VOLUME = 'proof'
_AT = 'bs=1M count=1'


class Proof(tenant.Tenant):
    """A user with a server, and a volume each time."""

    def prepare(self):
        """Boot the server, from a volume."""
        self._remove_all()
        self._create_from_image()
        self._boot()
        self._log_in()

    def prove(self, text):
        """Let a volume carry a text."""
        self.connect()
        self._make_volume(_VOLUME, volume_type=testbeds.VPOOLS[0])
        self._attach_volume(_VOLUME)
        self._guest('echo %s | dd of=/dev/vdb %s conv=sync,fsync'
                    % (text, _AT))
        self._guest('echo 3 >/proc/sys/vm/drop_caches || true')
        seen = self._guest('dd if=/dev/vdb %s 2>/dev/null | head -n 1' % _AT)
        if seen != text:
            raise errors.Error('the volume has %r, not %r' % (seen, text))
        self._detach_volume(_VOLUME)
        volume = self._volumes.pop(_VOLUME)
        volume.delete()
        self._await_gone('the volume', self._cinder.volumes, volume.id)

    def finish(self):
        """Delete all that was made."""
        self.connect()
        self._remove_all()
