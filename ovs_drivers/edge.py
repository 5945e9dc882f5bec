# SPDX-License-Identifier: Apache-2.0

"""Python's side of ``libovsvolumedriver.so.1``, the C client of a vPool.

Bound are the calls that the drivers need: those that manage volumes, and those
that read and write for what copies data on a Cinder host. Guests and images go
through QEMU. Each
operation opens a context of its own and closes it, so nothing is shared
between threads, and everything the library allocates is given back; an
:class:`OpenVolume` keeps one until it is closed.

The library blocks. Where eventlet has patched the process (cinder-volume),
operations run in one of its native threads so that the other green threads
go on; elsewhere they run where they are called.
"""

import contextlib
import ctypes
import errno
import os
import socket
import sys

from ovs_drivers import location

LIBRARY = 'libovsvolumedriver.so.1'
# Where the project's packages and the product's put it; the loader's own
# search path comes first.
LIBRARY_FOLDERS = ('/opt/openvstorage/lib', '/usr/lib/openvstorage')
DEFAULT_TIMEOUT = 30

_TRANSPORT_PORTS_PROBED = ('tcp',)
# st_size has this offset in struct stat of every 64-bit Linux.
_STAT_BYTES = 256
_STAT_SIZE_OFFSET = 48


class EdgeError(Exception):
    """The library refused an operation; ``errno`` says why."""

    def __init__(self, operation, number):
        self.errno = number
        super(EdgeError, self).__init__(
            '%s: %s (%s)' % (operation, os.strerror(number),
                             errno.errorcode.get(number, number)))


class NotFound(EdgeError):
    """ENOENT: no such volume or snapshot."""


class Exists(EdgeError):
    """EEXIST: the name is taken."""


class HasClones(EdgeError):
    """ENOTEMPTY: clones depend on it."""


class Busy(EdgeError):
    """EBUSY: the previous snapshot is not on the back end yet."""


class TimedOut(EdgeError):
    """ETIMEDOUT: not done in time; nothing is left of it."""


class Shrinking(EdgeError):
    """EPERM: a volume can only grow."""


class TooLarge(EdgeError):
    """EFBIG: larger than a volume can be."""


class NoSpace(EdgeError):
    """ENOSPC: the vPool is full."""


class Invalid(EdgeError):
    """EINVAL: a value that the library does not take."""


class Unreachable(EdgeError):
    """No storagedriver answers on the edge port."""


class LibraryMissing(Exception):
    """The client library, or a function of it, is not there."""


_KINDS = {errno.ENOENT: NotFound, errno.EEXIST: Exists,
          errno.ENOTEMPTY: HasClones, errno.EBUSY: Busy,
          errno.ETIMEDOUT: TimedOut, errno.EPERM: Shrinking,
          errno.EFBIG: TooLarge, errno.ENOSPC: NoSpace, errno.EINVAL: Invalid}

# A host that answers like this is there; after another error it may be gone.
_ANSWERS = (NotFound, Exists, HasClones, Busy, Shrinking, TooLarge, NoSpace,
            Invalid)

_text, _handle = ctypes.c_char_p, ctypes.c_void_p
_PROTOTYPES = {
    'ovs_ctx_attr_new': (_handle, []),
    'ovs_ctx_attr_destroy': (ctypes.c_int, [_handle]),
    'ovs_ctx_attr_set_transport': (ctypes.c_int, [_handle, _text, _text,
                                                  ctypes.c_int]),
    'ovs_ctx_new': (_handle, [_handle]),
    'ovs_ctx_init': (ctypes.c_int, [_handle, _text, ctypes.c_int]),
    'ovs_ctx_destroy': (ctypes.c_int, [_handle]),
    'ovs_create_volume': (ctypes.c_int, [_handle, _text, ctypes.c_uint64]),
    'ovs_truncate_volume': (ctypes.c_int, [_handle, _text, ctypes.c_uint64]),
    'ovs_list_volumes': (ctypes.c_int, [_handle, _handle,
                                        ctypes.POINTER(ctypes.c_size_t)]),
    'ovs_stat': (ctypes.c_int, [_handle, _handle]),
    'ovs_read': (ctypes.c_ssize_t, [_handle, _handle, ctypes.c_size_t,
                                    ctypes.c_int64]),
    'ovs_write': (ctypes.c_ssize_t, [_handle, _handle, ctypes.c_size_t,
                                     ctypes.c_int64]),
    'ovs_flush': (ctypes.c_int, [_handle]),
    'ovs_snapshot_create': (ctypes.c_int, [_handle, _text, _text,
                                           ctypes.c_int64]),
    'ovs_snapshot_is_synced': (ctypes.c_int, [_handle, _text, _text]),
}


def load_library(folders=LIBRARY_FOLDERS):
    """Load the client library and declare its functions.

    :raises: LibraryMissing, with the cure.
    """
    failures = []
    for path in [LIBRARY] + [os.path.join(folder, LIBRARY)
                             for folder in folders]:
        try:
            library = ctypes.CDLL(path, use_errno=True)
            break
        except OSError as error:
            failures.append('%s' % error)
    else:
        raise LibraryMissing(
            '%s cannot be loaded (%s). hint: install the Open vStorage client '
            'library (hypervisor/build of devstack-plugin-openvstorage puts '
            'it under /opt/openvstorage), or name its folder in '
            '/etc/ld.so.conf.d and run ldconfig.'
            % (LIBRARY, '; '.join(failures)))
    for name, (restype, argtypes) in _PROTOTYPES.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise LibraryMissing('%s (%s) has no function %s: it is not the '
                                 'Open vStorage client library, or a broken '
                                 'one' % (LIBRARY, path, name))
        function.restype, function.argtypes = restype, argtypes
    return library


class Edge(object):
    """The edge port of one vPool, on whichever of its hosts answers."""

    def __init__(self, hosts, port, transport='tcp', timeout=DEFAULT_TIMEOUT,
                 library=None):
        if not hosts:
            raise ValueError('hosts is empty: a vPool has at least one')
        self._hosts = [location.check_host(host) for host in hosts]
        self._answering = None      # a host, until it fails
        self._port = location.check_port(port)
        self._transport = location.check_transport(transport)
        self._timeout = timeout
        self._library = library or load_library()

    @property
    def host(self):
        """The host that has answered last, or the first of them."""
        return self._hosts[0]

    def find_host(self):
        """Return the first host that takes a connection, and remember it.

        The bound is our own, the library may have none. Only TCP can be tried
        like this; with another transport the first host is taken.
        """
        hosts, failure = list(self._hosts), None
        for host in hosts:
            try:
                if self._transport in _TRANSPORT_PORTS_PROBED:
                    socket.create_connection((host, self._port),
                                             self._timeout).close()
            except (socket.error, socket.timeout) as error:
                failure = error
            else:
                self._hosts = [host] + [other for other in hosts
                                        if other != host]
                self._answering = host
                return host
        raise Unreachable('connect to port %d of %s'
                          % (self._port, ', '.join(hosts)),
                          getattr(failure, 'errno', None) or errno.ETIMEDOUT)

    def create(self, name, size):
        self._run('create', 'ovs_create_volume', [name],
                  ctypes.c_uint64(size))

    def truncate(self, name, size):
        self._run('truncate', 'ovs_truncate_volume', [name],
                  ctypes.c_uint64(size))

    def size(self, name):
        return self._blocking(self._size, name)

    def open(self, name):
        """Open a volume to read and write its data."""
        return self._blocking(self._open, name)

    def volumes(self):
        return self._blocking(self._volumes)

    def snapshot_create(self, name, snapshot, timeout):
        """Take a snapshot and wait until it is safe on the back end.

        TIMEOUT is in seconds; 0 waits for ever, less does not wait.
        """
        self._run('snapshot', 'ovs_snapshot_create', [name, snapshot],
                  ctypes.c_int64(timeout))

    def snapshot_is_synced(self, name, snapshot):
        return self._run('is synced', 'ovs_snapshot_is_synced',
                         [name, snapshot]) == 1

    def _run(self, operation, function, names, *values):
        arguments = [_encode(name) for name in names] + list(values)
        what = '%s %s' % (operation, '@'.join(names))
        return self._blocking(self._run_once, what, function, arguments)

    def _blocking(self, function, *arguments):
        """Run FUNCTION with the host that has answered last.

        If none has, or it has failed since, a host is looked for out here:
        sockets may be eventlet's, which do not belong into its native
        threads.
        """
        host = self._answering
        if host is not None:
            try:
                return self._ask(host, function, *arguments)
            except Unreachable:
                # Nothing was sent: another host can carry it out.
                pass
        return self._ask(self.find_host(), function, *arguments)

    def _ask(self, host, function, *arguments):
        try:
            return _native(function, host, *arguments)
        except EdgeError as error:
            if not isinstance(error, _ANSWERS):
                self._answering = None
            raise

    def _run_once(self, host, what, function, arguments):
        with self._context(host) as context:
            return self._call(what, function, context, *arguments)

    def _size(self, host, name):
        stat = ctypes.create_string_buffer(_STAT_BYTES)
        with self._context(host) as context:
            what = 'stat %s' % name
            self._call(what, 'ovs_ctx_init', context, _encode(name),
                       os.O_RDONLY)
            self._call(what, 'ovs_stat', context, stat)
        return ctypes.c_int64.from_buffer(stat, _STAT_SIZE_OFFSET).value

    def _open(self, host, name):
        context = self._connect(host)
        try:
            self._call('open %s' % name, 'ovs_ctx_init', context,
                       _encode(name), os.O_RDWR)
        except EdgeError:
            self._library.ovs_ctx_destroy(context)
            raise
        return OpenVolume(self._library, self._call, context, name)

    def _volumes(self, host):
        with self._context(host) as context:
            size = ctypes.c_size_t(64 * 1024)
            while True:
                names = ctypes.create_string_buffer(size.value)
                try:
                    used = self._call('list', 'ovs_list_volumes', context,
                                      names, ctypes.byref(size))
                except EdgeError as error:
                    # The library has put the size that it needs into SIZE;
                    # volumes may have been added when it is called again.
                    if error.errno != errno.ERANGE:
                        raise
                else:
                    return [name.decode('utf-8', 'replace') for name
                            in names.raw[:used].split(b'\0') if name]

    def _call(self, what, function, *arguments):
        ctypes.set_errno(0)
        result = getattr(self._library, function)(*arguments)
        if result is None or result == -1:
            number = ctypes.get_errno() or errno.EIO
            raise _KINDS.get(number, EdgeError)(what, number)
        return result

    @contextlib.contextmanager
    def _context(self, host):
        context = self._connect(host)
        try:
            yield context
        finally:
            self._library.ovs_ctx_destroy(context)

    def _connect(self, host):
        what = 'connect to %s' % location.endpoint(host, self._port)
        attr = self._call(what, 'ovs_ctx_attr_new')
        try:
            self._call(what, 'ovs_ctx_attr_set_transport', attr,
                       self._transport.encode('ascii'), host.encode('ascii'),
                       self._port)
            return self._call(what, 'ovs_ctx_new', attr)
        except EdgeError as error:
            raise Unreachable(what, error.errno)
        finally:
            self._library.ovs_ctx_attr_destroy(attr)


def at(place):
    """Return the Edge of the vPool that a location is in."""
    return Edge([place.host], place.port, place.transport)


class OpenVolume(object):
    """The data of one volume; to be closed."""

    def __init__(self, library, call, context, name):
        self._library = library
        self._call = call
        self._context = context
        self._name = name

    def read(self, offset, count):
        """COUNT bytes from OFFSET; fewer at the end of the volume."""
        data = ctypes.create_string_buffer(count)
        done = _native(self._call, 'read %s' % self._name, 'ovs_read',
                       self._context, data, count, offset)
        return data.raw[:done]

    def write(self, offset, data):
        """Write all of DATA at OFFSET; nothing past the end."""
        return _native(self._call, 'write %s' % self._name, 'ovs_write',
                       self._context, data, len(data), offset)

    def flush(self):
        _native(self._call, 'flush %s' % self._name, 'ovs_flush',
                self._context)

    def close(self):
        if self._context is not None:
            context, self._context = self._context, None
            _native(self._library.ovs_ctx_destroy, context)


def _encode(name):
    return location.check_name(name).encode('utf-8')


def _native(function, *arguments):
    """Run FUNCTION where it may block."""
    patcher = sys.modules.get('eventlet.patcher')
    if patcher is None or not patcher.is_monkey_patched('thread'):
        return function(*arguments)
    from eventlet import tpool
    return tpool.execute(function, *arguments)
