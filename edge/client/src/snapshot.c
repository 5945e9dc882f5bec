/* SPDX-License-Identifier: Apache-2.0 */

/* The functions of the interface for snapshots. */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "api.h"
#include "control.h"

static void begin(struct vendor_request *request, enum ovs_operation operation,
                  const char *volume_name, const char *snap_name)
{
    vendor_request_begin(request, operation);
    vendor_request_ref_name(request, volume_name);
    request->end = put_string(request->end, snap_name);
}

static bool arguments_are_valid(ovs_ctx_t *ctx, const char *volume_name, const char *snap_name)
{
    return ctx != NULL && name_is_valid(volume_name) && name_is_valid(snap_name);
}

static int create(ovs_ctx_t *ctx, const char *volume_name, const char *snap_name)
{
    struct vendor_request request;
    struct uuid id;
    int error = uuid_random(&id);

    if (error != 0)
        return error;
    begin(&request, OVS_SNAPSHOT_CREATE, volume_name, snap_name);
    request.end = put_bytes(request.end, id.bytes, UUID_BYTES);
    request.end = put_u32(request.end, 0); /* no metadata */
    return control_command(ctx, &request, NULL);
}

static int remove_snapshot(ovs_ctx_t *ctx, const char *volume_name, const char *snap_name)
{
    struct vendor_request request;
    bool repeated;
    int error;

    begin(&request, OVS_SNAPSHOT_REMOVE, volume_name, snap_name);
    error = control_command(ctx, &request, &repeated);
    return error == ENOENT && repeated ? 0 : error;
}

static int is_synced(ovs_ctx_t *ctx, const char *volume_name, const char *snap_name,
                     uint32_t wait_ms, bool *synced)
{
    struct vendor_request request;
    struct vendor_reply reply;
    int error;

    begin(&request, OVS_SNAPSHOT_SYNCED, volume_name, snap_name);
    request.end = put_u32(request.end, wait_ms);
    error = control_call(ctx, &request, &reply, NULL);
    if (error != 0)
        return error;
    *synced = get_u8(&reply.fields) != 0;
    error = reply.fields.bad ? EPROTO : 0;
    vendor_reply_free(&reply);
    return error;
}

static int wait_until_synced(ovs_ctx_t *ctx, const char *volume_name, const char *snap_name,
                             int64_t deadline_ms)
{
    const struct timespec pause = {0, SYNC_PAUSE_MS * 1000000L};

    for (;;) {
        int left_ms = remaining_ms(deadline_ms);
        bool synced = false;
        int error = is_synced(ctx, volume_name, snap_name,
                              (uint32_t)(left_ms < SYNC_WAIT_MS ? left_ms : SYNC_WAIT_MS),
                              &synced);

        if (error != 0 || synced)
            return error;
        if (remaining_ms(deadline_ms) == 0)
            return ETIMEDOUT;
        nanosleep(&pause, NULL);
    }
}

/* timeout is that of ovs_snapshot_create, and not negative. */
static int64_t sync_deadline(int64_t timeout)
{
    const int64_t longest = (INT64_MAX - now_ms()) / 1000 - 1;

    return timeout == 0 || timeout > longest ? INT64_MAX : now_ms() + timeout * 1000;
}

int ovs_snapshot_create(ovs_ctx_t *ctx, const char *volume_name, const char *snap_name,
                        const int64_t timeout)
{
    int error;

    if (!arguments_are_valid(ctx, volume_name, snap_name))
        return fail(EINVAL);
    error = create(ctx, volume_name, snap_name);
    if (error != 0 || timeout < 0)
        return result_of(error);
    error = wait_until_synced(ctx, volume_name, snap_name, sync_deadline(timeout));
    if (error != 0) /* a snapshot that the caller is not told of must not stay */
        remove_snapshot(ctx, volume_name, snap_name);
    return result_of(error);
}

int ovs_snapshot_rollback(ovs_ctx_t *ctx, const char *volume_name, const char *snap_name)
{
    struct vendor_request request;

    if (!arguments_are_valid(ctx, volume_name, snap_name))
        return fail(EINVAL);
    begin(&request, OVS_SNAPSHOT_ROLLBACK, volume_name, snap_name);
    return result_of(control_command(ctx, &request, NULL));
}

int ovs_snapshot_remove(ovs_ctx_t *ctx, const char *volume_name, const char *snap_name)
{
    if (!arguments_are_valid(ctx, volume_name, snap_name))
        return fail(EINVAL);
    return result_of(remove_snapshot(ctx, volume_name, snap_name));
}

int ovs_snapshot_is_synced(ovs_ctx_t *ctx, const char *volume_name, const char *snap_name)
{
    bool synced;
    int error;

    if (!arguments_are_valid(ctx, volume_name, snap_name))
        return fail(EINVAL);
    error = is_synced(ctx, volume_name, snap_name, 0, &synced);
    return error != 0 ? fail(error) : (int)succeed(synced);
}

static int read_names(struct reader *fields, uint32_t count, uint64_t volume_size,
                      ovs_snapshot_info_t *list)
{
    for (uint32_t i = 0; i < count; i++) {
        struct text name;

        get_uuid(fields);
        name = get_string(fields);
        get_u64(fields); /* created */
        get_u64(fields); /* its own size; the interface reports the volume's */
        get_u8(fields);  /* synced */
        if (fields->bad)
            return EPROTO;
        list[i].name = strndup(name.bytes, name.length);
        if (list[i].name == NULL)
            return ENOMEM;
        list[i].size = volume_size;
    }
    return 0;
}

/* Fills the list, or says how long it must be. */
static int fill_list(struct reader *fields, ovs_snapshot_info_t *list, int *max, int *count)
{
    uint64_t volume_size = get_u64(fields);
    uint32_t snapshots = get_u32(fields);
    int error;

    if (fields->bad || snapshots >= INT_MAX)
        return EPROTO;
    if (*max < 0 || (uint32_t)*max < snapshots + 1) {
        *max = (int)snapshots + 1;
        return ERANGE;
    }
    if (list == NULL)
        return EINVAL;
    memset(list, 0, (snapshots + 1) * sizeof(*list));
    error = read_names(fields, snapshots, volume_size, list);
    if (error != 0)
        ovs_snapshot_list_free(list);
    *count = (int)snapshots;
    return error;
}

int ovs_snapshot_list(ovs_ctx_t *ctx, const char *volume_name, ovs_snapshot_info_t *snap_list,
                      int *max_snaps)
{
    struct vendor_request request;
    struct vendor_reply reply;
    int error, count = 0;

    if (ctx == NULL || !name_is_valid(volume_name) || max_snaps == NULL)
        return fail(EINVAL);
    vendor_request_begin(&request, OVS_SNAPSHOT_LIST);
    vendor_request_ref_name(&request, volume_name);
    error = control_call(ctx, &request, &reply, NULL);
    if (error != 0)
        return fail(error);
    error = fill_list(&reply.fields, snap_list, max_snaps, &count);
    vendor_reply_free(&reply);
    return error != 0 ? fail(error) : (int)succeed(count);
}

/* The array is the caller's, the names are ours. */
void ovs_snapshot_list_free(ovs_snapshot_info_t *snap_list)
{
    if (snap_list == NULL)
        return;
    for (ovs_snapshot_info_t *entry = snap_list; entry->name != NULL; entry++) {
        free((char *)entry->name);
        entry->name = NULL;
    }
}
