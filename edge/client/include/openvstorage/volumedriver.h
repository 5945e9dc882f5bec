/* SPDX-License-Identifier: Apache-2.0 */

/*
 * libovsvolumedriver: block volumes of an Open vStorage vPool.
 *
 * Rules that hold for every call
 *   - failure is -1 (or NULL) and errno says why; a NULL context, attribute
 *     set or control block is EINVAL;
 *   - success leaves errno 0, so that it may be read after a count of 0, too;
 *   - only what gives something back (ovs_ctx_attr_destroy, ovs_ctx_destroy,
 *     ovs_deallocate, ovs_snapshot_list_free, ovs_aio_finish and
 *     ovs_aio_release_completion) leaves errno as it was, so that it may be
 *     called before the errno of what failed is looked at;
 *   - a request waits as long as the server says that it lives: a flush
 *     without end, a read or write for io_timeout (edge.conf, 300 s). Without
 *     a sign of life it fails at once, or with HA after reconnect_timeout
 *     (60 s). All fail with EIO then. A session that was fenced, or whose
 *     server's host was rebooted, fails with EIO for good: open it again;
 *   - a volume or snapshot name has 1 to 254 bytes, anything else is EINVAL;
 *   - a context may be used by several threads; a forked child makes its own.
 */
#ifndef OPENVSTORAGE_VOLUMEDRIVER_H
#define OPENVSTORAGE_VOLUMEDRIVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ovs_buffer ovs_buffer_t;
typedef struct ovs_context ovs_ctx_t;
typedef struct ovs_context_attr ovs_ctx_attr_t;
typedef struct ovs_aio_request ovs_aio_request;
typedef struct ovs_completion ovs_completion_t;
typedef struct ovs_snapshot_info ovs_snapshot_info_t;

/* Called in a thread of the library when the request is done. */
typedef void (*ovs_callback_t)(ovs_completion_t *completion, void *arg);

/* One asynchronous request; the library sets request_, the caller the rest. */
struct ovs_aiocb {
    void *aio_buf;
    off_t aio_offset;
    size_t aio_nbytes;
    ovs_aio_request *request_;
};

/* One entry of a snapshot list; the last one is {NULL, 0}. */
struct ovs_snapshot_info {
    const char *name;
    uint64_t size; /* of the volume, in bytes */
};

/* Attributes: where the vPool is and how to talk to it. */
ovs_ctx_attr_t *ovs_ctx_attr_new(void);
int ovs_ctx_attr_destroy(ovs_ctx_attr_t *attr);

/* transport: "tcp", "rdma" (host and port needed, the host is resolved at
 * once), "shm" or NULL (shared memory; host and port are ignored). */
int ovs_ctx_attr_set_transport(ovs_ctx_attr_t *attr, const char *transport,
                               const char *host, int port);

/* Requests in flight at a time, 64 unless set; 0 is EINVAL. */
int ovs_ctx_attr_set_network_qdepth(ovs_ctx_attr_t *attr, const uint64_t qdepth);

/* Reconnect after connection errors and resend what was in flight. */
int ovs_ctx_attr_enable_ha(ovs_ctx_attr_t *attr);

/* Contexts. ovs_ctx_new connects; ovs_ctx_init opens one volume for I/O with
 * O_RDONLY, O_WRONLY or O_RDWR, at most once per context (then EIO).
 * ovs_ctx_destroy finishes what is in flight first. */
ovs_ctx_t *ovs_ctx_new(const ovs_ctx_attr_t *attr);
int ovs_ctx_init(ovs_ctx_t *ctx, const char *volume_name, int oflag);
int ovs_ctx_destroy(ovs_ctx_t *ctx);

/* Volumes. Sizes are bytes and rounded up to 4096; a volume only grows. */
int ovs_create_volume(ovs_ctx_t *ctx, const char *volume_name, uint64_t size);
int ovs_remove_volume(ovs_ctx_t *ctx, const char *volume_name);
int ovs_truncate_volume(ovs_ctx_t *ctx, const char *volume_name, uint64_t size);

/* names receives NUL-separated names and *size says how much room it has. Returns
 * the bytes used; too small: ERANGE and *size is what is needed. */
int ovs_list_volumes(ovs_ctx_t *ctx, char *names, size_t *size);

/* Snapshots. timeout < 0: do not wait for the back end, 0: wait for ever,
 * > 0: seconds (then ETIMEDOUT and the snapshot is gone again). */
int ovs_snapshot_create(ovs_ctx_t *ctx, const char *volume_name, const char *snap_name,
                        const int64_t timeout);
int ovs_snapshot_rollback(ovs_ctx_t *ctx, const char *volume_name, const char *snap_name);
int ovs_snapshot_remove(ovs_ctx_t *ctx, const char *volume_name, const char *snap_name);

/* Returns the number of snapshots. snap_list has room for *max_snaps entries
 * and needs one more than there are snapshots, else ERANGE and *max_snaps is
 * what is needed. Free the entries with ovs_snapshot_list_free. */
int ovs_snapshot_list(ovs_ctx_t *ctx, const char *volume_name, ovs_snapshot_info_t *snap_list,
                      int *max_snaps);
void ovs_snapshot_list_free(ovs_snapshot_info_t *snap_list);

/* 1: the snapshot is on the back end, 0: not yet. */
int ovs_snapshot_is_synced(ovs_ctx_t *ctx, const char *volume_name, const char *snap_name);

/* Buffers. Any memory serves for I/O over a network. */
ovs_buffer_t *ovs_allocate(ovs_ctx_t *ctx, size_t size);
void *ovs_buffer_data(ovs_buffer_t *buffer);
size_t ovs_buffer_size(ovs_buffer_t *buffer);
int ovs_deallocate(ovs_ctx_t *ctx, ovs_buffer_t *buffer);

/* I/O that waits. A read past the end is short, a write past the end EFBIG.
 * Not in a callback: what would wait there is EDEADLK. */
ssize_t ovs_read(ovs_ctx_t *ctx, void *buf, size_t nbytes, off_t offset);
ssize_t ovs_write(ovs_ctx_t *ctx, const void *buf, size_t nbytes, off_t offset);
int ovs_flush(ovs_ctx_t *ctx);
int ovs_stat(ovs_ctx_t *ctx, struct stat *buf);
int ovs_truncate(ovs_ctx_t *ctx, uint64_t size);

/* I/O that does not wait. Every read and write that was accepted must be given
 * to ovs_aio_finish when it is done; a flush has no control block. */
int ovs_aio_read(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb);
int ovs_aio_write(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb);
int ovs_aio_readcb(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb, ovs_completion_t *completion);
int ovs_aio_writecb(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb, ovs_completion_t *completion);
int ovs_aio_flushcb(ovs_ctx_t *ctx, ovs_completion_t *completion);

/* timeout: NULL, or an ABSOLUTE time of CLOCK_REALTIME (then EAGAIN). */
int ovs_aio_suspend(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb, const struct timespec *timeout);

/* EINPROGRESS, 0 or the request's errno. */
int ovs_aio_error(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb);
ssize_t ovs_aio_return(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb);
int ovs_aio_cancel(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb); /* ENOSYS */
int ovs_aio_finish(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb);

/* Completions. Waiting ends when a thread, as a rule in the callback, signals;
 * timeout is absolute as above. */
ovs_completion_t *ovs_aio_create_completion(ovs_callback_t complete_cb, void *arg);
ssize_t ovs_aio_return_completion(ovs_completion_t *completion);
int ovs_aio_wait_completion(ovs_completion_t *completion, const struct timespec *timeout);
int ovs_aio_signal_completion(ovs_completion_t *completion);
int ovs_aio_release_completion(ovs_completion_t *completion);

#ifdef __cplusplus
}
#endif

#endif
