/* SPDX-License-Identifier: Apache-2.0 */

/* Loads all records of a store and checks that they fit each other. */

#include "graph.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "record.h"

struct loading {
    struct graph *graph;
    int volumes;
    void (*report)(void *context, const char *finding);
    void *context;
    bool good;
};

static void __attribute__((format(printf, 2, 3))) find(struct loading *loading, const char *format,
                                                       ...)
{
    char text[1000];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    loading->good = false;
    loading->report(loading->context, text);
}

static bool append(struct graph *graph, struct record *record)
{
    if (graph->count == graph->capacity) {
        size_t capacity = 2 * graph->capacity + 64;
        void *grown = realloc(graph->record, capacity * sizeof(*graph->record));

        if (!grown)
            return false;
        graph->record = grown;
        graph->capacity = capacity;
    }
    graph->record[graph->count++] = record;
    return true;
}

static bool load_one(void *context, const char *name)
{
    struct loading *loading = context;
    const char *why;
    struct uuid id;

    if (folder_name_is_temporary(name))     /* a crash left it; the record itself is whole */
        return true;
    if (!folder_name_is_id(name, &id)) {
        find(loading, "volumes/%s: not a file of ours", name);
        return true;
    }
    struct record *record = record_load(loading->volumes, name, &why);
    if (!record) {
        find(loading, "volumes/%s: %s", name, why);
    } else if (!uuid_equal(&record->id, &id)) {
        find(loading, "volumes/%s: it is the record of another volume", name);
        record_free_with_snapshots(record);
    } else if (!append(loading->graph, record)) {
        find(loading, "no memory");
        record_free_with_snapshots(record);
    }
    return true;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(&(*(struct record *const *)a)->id, &(*(struct record *const *)b)->id,
                  sizeof(struct uuid));
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct record *const *)a)->name, (*(struct record *const *)b)->name);
}

static void check_names(struct loading *loading)
{
    struct graph *graph = loading->graph;

    qsort(graph->record, graph->count, sizeof(*graph->record), by_name);
    for (size_t i = 1; i < graph->count; i++)
        if (!strcmp(graph->record[i - 1]->name, graph->record[i]->name))
            find(loading, "two volumes have the name '%s'", graph->record[i]->name);
}

static int by_uuid(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct uuid));
}

/* A layer belongs to one volume. */
static void check_layers(struct loading *loading)
{
    struct graph *graph = loading->graph;
    size_t total = 0, count = 0;

    for (size_t i = 0; i < graph->count; i++)
        total += graph->record[i]->slot_count;
    struct uuid *ids = calloc(total + 1, sizeof(*ids));
    for (size_t i = 0; ids && i < graph->count; i++)
        for (size_t j = 0; j < graph->record[i]->slot_count; j++)
            ids[count++] = graph->record[i]->slots[j].layer_id;
    if (ids)
        qsort(ids, count, sizeof(*ids), by_uuid);
    else
        find(loading, "no memory");
    for (size_t i = 1; i < count; i++) {
        char hex[UUID_HEX_SIZE];

        uuid_hex(&ids[i], hex);
        if (uuid_equal(&ids[i - 1], &ids[i]))
            find(loading, "layer %s is in two places", hex);
    }
    free(ids);
}

static struct record **find_parent(struct graph *graph, const struct record *record)
{
    struct record key = {.id = record->parent_id};
    const struct record *wanted = &key;

    if (!graph->count)
        return NULL;
    return bsearch(&wanted, graph->record, graph->count, sizeof(*graph->record), by_id);
}

/* The base is a layer that a snapshot froze, or the top of a template. */
static const char *base_fault(struct record *parent, const struct record *clone)
{
    for (size_t i = 0; i < parent->slot_count; i++) {
        if (!uuid_equal(&parent->slots[i].layer_id, &clone->base_layer_id))
            continue;
        if (parent->slots[i].snapshot || (parent->is_template && i + 1 == parent->slot_count))
            return NULL;
        return "stands on a layer that no snapshot holds";
    }
    return "stands on a layer that its parent does not have";
}

/* Orders the records: `depth` of each is that of its parent plus one; a circle never gets one. */
static bool give_depth(struct graph *graph, size_t *depth)
{
    bool changed = false;

    for (size_t i = 0; i < graph->count; i++) {
        if (depth[i])
            continue;
        if (uuid_is_zero(&graph->record[i]->parent_id)) {
            depth[i] = 1;
        } else {
            struct record **parent = find_parent(graph, graph->record[i]);

            if (!parent || !depth[parent - graph->record])
                continue;
            depth[i] = depth[parent - graph->record] + 1;
        }
        changed = true;
    }
    return changed;
}

static void check_parents(struct loading *loading, const size_t *depth)
{
    struct graph *graph = loading->graph;

    for (size_t i = 0; i < graph->count; i++) {
        struct record *record = graph->record[i];

        if (uuid_is_zero(&record->parent_id))
            continue;
        struct record **parent = find_parent(graph, record);
        const char *why = !parent ? "has no parent any more" : base_fault(*parent, record);
        if (!why && !depth[i])
            why = "is its own ancestor";
        if (why)
            find(loading, "volume '%s' %s", record->name, why);
    }
}

static void sort_by_depth(struct loading *loading, const size_t *depth)
{
    struct graph *graph = loading->graph;
    struct record **sorted = calloc(graph->count + 1, sizeof(*sorted));
    size_t count = 0;

    for (size_t level = 1; sorted && count < graph->count; level++)
        for (size_t i = 0; i < graph->count; i++)
            if (depth[i] == level)
                sorted[count++] = graph->record[i];
    if (!sorted) {
        find(loading, "no memory");
        return;
    }
    free(graph->record);
    graph->record = sorted;
}

static void check_and_sort(struct loading *loading)
{
    struct graph *graph = loading->graph;
    size_t *depth = calloc(graph->count + 1, sizeof(*depth));

    if (!depth) {
        find(loading, "no memory");
        return;
    }
    qsort(graph->record, graph->count, sizeof(*graph->record), by_id);
    while (give_depth(graph, depth))
        continue;
    check_parents(loading, depth);
    if (loading->good)
        sort_by_depth(loading, depth);
    free(depth);
}

bool graph_load(struct graph *graph, int volumes,
                void (*report)(void *context, const char *finding), void *context)
{
    struct loading loading = {graph, volumes, report, context, true};

    memset(graph, 0, sizeof(*graph));
    if (!folder_visit(volumes, load_one, &loading))
        find(&loading, "volumes/ cannot be read");
    if (graph->count) {
        check_names(&loading);
        check_layers(&loading);
        check_and_sort(&loading);
    }
    return loading.good;
}

void graph_free(struct graph *graph)
{
    for (size_t i = 0; i < graph->count; i++)
        record_free_with_snapshots(graph->record[i]);
    free(graph->record);
    memset(graph, 0, sizeof(*graph));
}
