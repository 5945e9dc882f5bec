/* SPDX-License-Identifier: Apache-2.0 */

/* Makes the volumes of a store from its records, when the engine starts. */

#include "load.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph.h"
#include "log.h"
#include "store.h"
#include "volume.h"

static struct layer *find_base(struct volume *parent, const struct uuid *layer_id)
{
    for (size_t i = 0; i < parent->record->slot_count; i++)
        if (uuid_equal(&parent->record->slots[i].layer_id, layer_id))
            return parent->record->slots[i].layer;
    return NULL;
}

static bool make_volume(struct store *store, struct record *record)
{
    struct volume *other = NULL, *parent = NULL;
    struct layer *base = NULL;

    if (!uuid_is_zero(&record->parent_id)) {
        parent = store_find_id(store, &record->parent_id);
        base = find_base(parent, &record->base_layer_id);
    }
    struct volume *volume = volume_new(store, record, parent, base);
    if (parent)
        volume_put(parent);
    if (!volume)
        return false;
    bool added = store_add(store, volume, &other) == 0;
    if (!added) {
        volume_drop_layers(volume);
        if (other)
            volume_put(other);
    }
    volume_put(volume);
    return added;
}

/* What a crash left of a record that was being replaced. */
static bool remove_temporary(void *context, const char *name)
{
    struct store *store = context;

    if (folder_name_is_temporary(name))
        unlinkat(store->volumes, name, 0);
    return true;
}

static void report(void *context, const char *finding)
{
    (void)context;
    log_error("%s", finding);
}

bool load_volumes(struct store *store)
{
    struct graph graph;

    folder_visit(store->volumes, remove_temporary, store);
    bool good = graph_load(&graph, store->volumes, report, NULL);
    for (size_t i = 0; good && i < graph.count; i++) {
        struct record *record = graph.record[i];

        graph.record[i] = NULL;     /* the volume's from here on */
        good = make_volume(store, record);
        if (!good)
            log_error("no memory for the volumes");
    }
    if (!good)
        log_error("the store is not served; `ovs-edge check` says more");
    graph_free(&graph);
    return good;
}
