/* SPDX-License-Identifier: Apache-2.0 */

/* The public layouts and types, as an outside program sees them. */
#include <openvstorage/volumedriver.h>

#include <assert.h>

static_assert(sizeof(struct ovs_aiocb) == 32, "struct ovs_aiocb");
static_assert(offsetof(struct ovs_aiocb, aio_buf) == 0, "aio_buf");
static_assert(offsetof(struct ovs_aiocb, aio_offset) == 8, "aio_offset");
static_assert(offsetof(struct ovs_aiocb, aio_nbytes) == 16, "aio_nbytes");
static_assert(offsetof(struct ovs_aiocb, request_) == 24, "request_");
static_assert(sizeof(struct ovs_snapshot_info) == 16, "struct ovs_snapshot_info");
static_assert(offsetof(struct ovs_snapshot_info, name) == 0, "name");
static_assert(offsetof(struct ovs_snapshot_info, size) == 8, "size");

static void callback(ovs_completion_t *completion, void *arg)
{
    *(int *)arg = ovs_aio_release_completion(completion);
}

int main(void)
{
    struct ovs_aiocb aiocb = {0};
    ovs_snapshot_info_t sentinel = {0};
    ovs_ctx_attr_t *attr = ovs_ctx_attr_new();
    ovs_callback_t called_back = callback;
    int released = -1;

    called_back(ovs_aio_create_completion(called_back, &released), &released);
    ovs_snapshot_list_free(&sentinel);
    return attr == NULL || released != 0 || aiocb.request_ != NULL || ovs_ctx_attr_destroy(attr);
}
