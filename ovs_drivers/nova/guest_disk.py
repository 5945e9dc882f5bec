# SPDX-License-Identifier: Apache-2.0

"""The attributes of an Open vStorage disk that Nova's config lacks.

A mixin over Nova's own ``LibvirtConfigGuestDisk``, which goes on doing all
that it does; this adds the transport of the host and the snapshot time-out.
It imports nothing of Nova, because ``nova.virt.libvirt.config`` imports it.
"""


class OpenvStorageEdgeGuestDisk(object):

    def __init__(self, **kwargs):
        super(OpenvStorageEdgeGuestDisk, self).__init__(**kwargs)
        self.source_type = 'network'
        self.source_protocol = 'openvstorage'
        self.source_host_transport = None
        self.source_snapshot_timeout = None

    def format_dom(self):
        disk = super(OpenvStorageEdgeGuestDisk, self).format_dom()
        source = disk.find('source')
        if self.source_snapshot_timeout is not None:
            source.set('snapshot-timeout', '%d' % self.source_snapshot_timeout)
        if self.source_host_transport is not None:
            for host in source.findall('host'):
                host.set('transport', self.source_host_transport)
        return disk

    def parse_dom(self, xmldoc):
        super(OpenvStorageEdgeGuestDisk, self).parse_dom(xmldoc)
        source = xmldoc.find('source')
        if source is None:
            return
        timeout = source.get('snapshot-timeout')
        self.source_snapshot_timeout = timeout and int(timeout)
        host = source.find('host')
        if host is not None:
            self.source_host_transport = host.get('transport')
