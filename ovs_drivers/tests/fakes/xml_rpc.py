# SPDX-License-Identifier: Apache-2.0

"""The XML-RPC port of the fake vPool."""

import threading

from ovs_drivers.tests.fakes import vpool as fake_vpool

try:
    import SimpleXMLRPCServer as xmlrpc_server
    import SocketServer as socketserver
    import xmlrpclib as xmlrpc_client
except ImportError:
    import socketserver
    from xmlrpc import client as xmlrpc_client
    from xmlrpc import server as xmlrpc_server

_UNITS = {'B': 1, 'KiB': 1 << 10, 'MiB': 1 << 20, 'GiB': 1 << 30,
          'TiB': 1 << 40}
# How an answer can be spoilt, beside 'refuse' and 'lose'
SPOILT = {
    'garbage': b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnot <xml ',
    'cut': (b'HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n'
            b'<?xml version="1.0"?><methodResponse><params><param>'),
    'no xml-rpc': (b'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>'),
    'html': (b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>'),
    'error 500': b'HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n',
}


class Handler(xmlrpc_server.SimpleXMLRPCRequestHandler):
    rpc_paths = ('/RPC2',)

    def do_POST(self):
        body = self.rfile.read(int(self.headers['content-length']))
        arguments, method = xmlrpc_client.loads(body)
        how = self.server.vpool.failure_of('xml_rpc', method)
        self.close_connection = 1
        if how == 'refuse':
            return
        if how == 'hang':
            self.server.released.wait(60)
            return
        answer = self.server.answer(method, *arguments)
        if how == 'lose':
            return
        if how in SPOILT:
            self.wfile.write(SPOILT[how])
            return
        self.send_response(200)
        self.send_header('Content-Length', '%d' % len(answer))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments):
        """Log nothing."""


class Server(socketserver.ThreadingMixIn, xmlrpc_server.SimpleXMLRPCServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, vpool, tls=None):
        xmlrpc_server.SimpleXMLRPCServer.__init__(
            self, ('127.0.0.1', 0), Handler, logRequests=False)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.vpool = vpool
        self.port = self.server_address[1]
        self.released = threading.Event()
        # Where calls are sent on to, if this node owns nothing
        self.redirect = None

    def answer(self, method, request):
        try:
            if request.get('vrouter_cluster_id') != self.vpool.guid:
                raise xmlrpc_client.Fault(1, 'wrong cluster id')
            result = self._redirected() or self._carry_out(method, request)
        except xmlrpc_client.Fault as fault:
            return xmlrpc_client.dumps(fault).encode('utf-8')
        except fake_vpool.Refused as refused:
            result = {'xmlrpc_error_code': refused.code,
                      'xmlrpc_error_string': '%s' % refused}
        return xmlrpc_client.dumps((result,), methodresponse=True,
                                   allow_none=True).encode('utf-8')

    def _redirected(self):
        if self.redirect is None:
            return None
        host, port = self.redirect
        return {'xmlrpc_redirect_host': host, 'xmlrpc_redirect_port': port}

    def _carry_out(self, method, request):
        call = getattr(self, '_' + method, None)
        if call is None:
            raise xmlrpc_client.Fault(1, 'no method %s' % method)
        with self.vpool.lock:
            result = call(request)
        return '' if result is None else result

    def _volumesList(self, request):
        return [volume.volume_id for volume in self.vpool.volumes.values()]

    def _volumesListByPath(self, request):
        return ['/%s.raw' % name for name in self.vpool.names()]

    def _getVolumeId(self, request):
        try:
            volume = self.vpool.volume(_name(request))
        except fake_vpool.Refused:
            return {'volume_id': ''}
        return {'volume_id': volume.volume_id}

    def _volumeInfo(self, request):
        volume = self.vpool.by_id(request['volume_id'])
        return {'volume_id': volume.volume_id,
                'volume_size': '%d' % volume.size,
                'parent_volume_id':
                    volume.parent.volume_id if volume.parent else '',
                'parent_snapshot_id': volume.parent_snapshot or '',
                'stored': '%d' % self.vpool.stored(volume.name),
                'footprint': '0',
                'object_type': 'TEMPLATE' if volume.template else 'VOLUME',
                'vrouter_id': 'node1', 'halted': 'false'}

    def _volumeCreate(self, request):
        volume = self.vpool.create(_name(request),
                                   _size(request['volume_size']))
        return {'volume_id': volume.volume_id}

    def _volumeClone(self, request):
        volume = self.vpool.clone(_name(request), request['parent_volume_id'],
                                  request['parent_snapshot_id'])
        return {'volume_id': volume.volume_id}

    def _snapshotCreate(self, request):
        self.vpool.snapshot_create(
            self._volume_name(request), request['snapshot_id'],
            getattr(request.get('metadata'), 'data', b''))
        return request['snapshot_id']

    def _snapshotsList(self, request):
        return self.vpool.snapshot_names(self._volume_name(request))

    def _snapshotInfo(self, request):
        volume = self.vpool.by_id(request['volume_id'])
        snapshot = volume.snapshots.get(request['snapshot_id'])
        if snapshot is None:
            raise fake_vpool.Refused(2, fake_vpool.SNAPSHOT_NOT_FOUND,
                                     'no snapshot')
        return {'snapshot_id': request['snapshot_id'],
                'timestamp': 'Sat Nov 21 06:00:00 2026',
                'uuid': snapshot.uuid, 'stored': '0',
                'in_backend': 'true' if snapshot.in_backend else 'false',
                'metadata': xmlrpc_client.Binary(snapshot.metadata)}

    def _snapshotDestroy(self, request):
        self.vpool.snapshot_destroy(self._volume_name(request),
                                    request['snapshot_id'])

    def _snapshotRestore(self, request):
        self.vpool.rollback(self._volume_name(request),
                            request['snapshot_id'])

    def _setVolumeAsTemplate(self, request):
        self.vpool.by_id(request['volume_id']).template = True

    def _unlink(self, request):
        self.vpool.remove(_name(request))

    def _resizeObject(self, request):
        self.vpool.truncate(self._volume_name(request),
                            _size(request['volume_size']))

    def _isVolumeSyncedUpToSnapshot(self, request):
        volume = self.vpool.by_id(request['volume_id'])
        return volume.snapshots[request['snapshot_id']].in_backend

    def _fenceVolume(self, request):
        if not self.vpool.knows_fence:
            raise xmlrpc_client.Fault(-1, 'fenceVolume: unknown method name')
        try:
            self.vpool.fence(request['volume_name'], request['address'])
        except fake_vpool.Busy:
            raise xmlrpc_client.Fault(1, 'Device or resource busy')
        return {'sessions': '1'}

    def _migrateVolume(self, request):
        self.vpool.by_id(request['volume_id'])

    def _vpoolInfo(self, request):
        if not self.vpool.knows_vpool_info:
            raise xmlrpc_client.Fault(1, 'no method vpoolInfo')
        provisioned = sum(volume.size
                          for volume in self.vpool.volumes.values())
        return dict(self.vpool.features, total='%d' % (100 << 30),
                    used='%d' % (10 << 30), free='%d' % (90 << 30),
                    provisioned='%d' % provisioned)

    def _volume_name(self, request):
        return self.vpool.by_id(request['volume_id']).name


def _name(request):
    return request['target_path'][1:-len('.raw')]


def _size(text):
    digits = text.rstrip('BKMGTi')
    return int(digits) * _UNITS[text[len(digits):]]
