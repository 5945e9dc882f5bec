# SPDX-License-Identifier: Apache-2.0

"""libovsvolumedriver.so.1 as ctypes sees it: prototypes, and nothing else.

The library under test is the one that OVS_LIBRARY names; the same library
with seconds of 50 ms is OVS_LIBRARY_IMPATIENT.
"""

import ctypes
import os

c_int, c_void_p, c_char_p = ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p
c_size_t, c_ssize_t = ctypes.c_size_t, ctypes.c_ssize_t
c_int64, c_uint64 = ctypes.c_int64, ctypes.c_uint64


class Aiocb(ctypes.Structure):
    _fields_ = [('aio_buf', c_void_p), ('aio_offset', c_int64),
                ('aio_nbytes', c_size_t), ('request_', c_void_p)]


class SnapshotInfo(ctypes.Structure):
    _fields_ = [('name', c_char_p), ('size', c_uint64)]


class Timespec(ctypes.Structure):
    _fields_ = [('tv_sec', ctypes.c_long), ('tv_nsec', ctypes.c_long)]


class Stat(ctypes.Structure):
    """struct stat of x86-64 Linux."""
    _fields_ = [('st_dev', c_uint64), ('st_ino', c_uint64),
                ('st_nlink', c_uint64), ('st_mode', ctypes.c_uint32),
                ('st_uid', ctypes.c_uint32), ('st_gid', ctypes.c_uint32),
                ('pad', c_int), ('st_rdev', c_uint64), ('st_size', c_int64),
                ('st_blksize', c_int64), ('st_blocks', c_int64),
                ('rest', c_int64 * 9)]


CALLBACK = ctypes.CFUNCTYPE(None, c_void_p, c_void_p)
AIOCB = ctypes.POINTER(Aiocb)
TIMESPEC = ctypes.POINTER(Timespec)

PROTOTYPES = {
    'ovs_ctx_attr_new': (c_void_p,),
    'ovs_ctx_attr_destroy': (c_int, c_void_p),
    'ovs_ctx_attr_set_transport': (c_int, c_void_p, c_char_p, c_char_p,
                                   c_int),
    'ovs_ctx_attr_set_network_qdepth': (c_int, c_void_p, c_uint64),
    'ovs_ctx_attr_enable_ha': (c_int, c_void_p),
    'ovs_ctx_new': (c_void_p, c_void_p),
    'ovs_ctx_init': (c_int, c_void_p, c_char_p, c_int),
    'ovs_ctx_destroy': (c_int, c_void_p),
    'ovs_create_volume': (c_int, c_void_p, c_char_p, c_uint64),
    'ovs_remove_volume': (c_int, c_void_p, c_char_p),
    'ovs_truncate_volume': (c_int, c_void_p, c_char_p, c_uint64),
    'ovs_snapshot_create': (c_int, c_void_p, c_char_p, c_char_p, c_int64),
    'ovs_snapshot_rollback': (c_int, c_void_p, c_char_p, c_char_p),
    'ovs_snapshot_list': (c_int, c_void_p, c_char_p,
                          ctypes.POINTER(SnapshotInfo),
                          ctypes.POINTER(c_int)),
    'ovs_snapshot_list_free': (None, ctypes.POINTER(SnapshotInfo)),
    'ovs_snapshot_remove': (c_int, c_void_p, c_char_p, c_char_p),
    'ovs_snapshot_is_synced': (c_int, c_void_p, c_char_p, c_char_p),
    'ovs_list_volumes': (c_int, c_void_p, c_void_p,
                         ctypes.POINTER(c_size_t)),
    'ovs_allocate': (c_void_p, c_void_p, c_size_t),
    'ovs_buffer_data': (c_void_p, c_void_p),
    'ovs_buffer_size': (c_size_t, c_void_p),
    'ovs_deallocate': (c_int, c_void_p, c_void_p),
    'ovs_read': (c_ssize_t, c_void_p, c_void_p, c_size_t, c_int64),
    'ovs_write': (c_ssize_t, c_void_p, c_void_p, c_size_t, c_int64),
    'ovs_flush': (c_int, c_void_p),
    'ovs_stat': (c_int, c_void_p, ctypes.POINTER(Stat)),
    'ovs_truncate': (c_int, c_void_p, c_uint64),
    'ovs_aio_suspend': (c_int, c_void_p, AIOCB, TIMESPEC),
    'ovs_aio_error': (c_int, c_void_p, AIOCB),
    'ovs_aio_return': (c_ssize_t, c_void_p, AIOCB),
    'ovs_aio_cancel': (c_int, c_void_p, AIOCB),
    'ovs_aio_finish': (c_int, c_void_p, AIOCB),
    'ovs_aio_read': (c_int, c_void_p, AIOCB),
    'ovs_aio_write': (c_int, c_void_p, AIOCB),
    'ovs_aio_readcb': (c_int, c_void_p, AIOCB, c_void_p),
    'ovs_aio_writecb': (c_int, c_void_p, AIOCB, c_void_p),
    'ovs_aio_flushcb': (c_int, c_void_p, c_void_p),
    'ovs_aio_create_completion': (c_void_p, CALLBACK, c_void_p),
    'ovs_aio_return_completion': (c_ssize_t, c_void_p),
    'ovs_aio_wait_completion': (c_int, c_void_p, TIMESPEC),
    'ovs_aio_signal_completion': (c_int, c_void_p),
    'ovs_aio_release_completion': (c_int, c_void_p),
}


# Not what this host may have in /etc/openvstorage.
os.environ.setdefault('OVS_EDGE_CONFIG', os.devnull)


def load(variable):
    path = os.environ.get(variable)
    if not path:
        raise RuntimeError('set %s to the library that is to be tested'
                           % variable)
    library = ctypes.CDLL(path, use_errno=True)
    for name, (result, *arguments) in PROTOTYPES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


lib = load('OVS_LIBRARY')
impatient = load('OVS_LIBRARY_IMPATIENT')
