/* SPDX-License-Identifier: Apache-2.0 */

/* Verifies a store that no engine serves: `ovs-edge check`. */

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "graph.h"
#include "layer.h"
#include "record.h"

struct check {
    struct folder folder;
    struct graph graph;
    struct uuid *known;         /* layers that a record names, sorted */
    size_t known_count;
    size_t findings, layers, snapshots;
    bool running;               /* the last engine did not stop cleanly */
};

static void __attribute__((format(printf, 2, 3))) finding(struct check *check, const char *format,
                                                          ...)
{
    va_list args;

    check->findings++;
    va_start(args, format);
    fputs("finding: ", stdout);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

static void report(void *context, const char *text)
{
    finding(context, "%s", text);
}

static int open_map(struct check *check, const struct uuid *id)
{
    char name[LAYER_FILE_NAME_SIZE];

    layer_file_name(id, ".map", name);
    return openat(check->folder.layers, name, O_RDONLY | O_CLOEXEC);
}

static void check_bits(struct check *check, struct layer *layer, const char *hex, uint64_t size)
{
    /* clusters beyond the end of the volume cannot be written */
    uint64_t end = (size + CLUSTER_SIZE - 1) >> CLUSTER_BITS;

    if (map_next(&layer->map, end, CLUSTERS_MAX) < CLUSTERS_MAX)
        finding(check, "layers/%s.map: it speaks for data beyond the volume's end", hex);
    if (!layer_data_is_complete(layer))
        finding(check,
                "layers/%s.data: it, or a later segment, is missing or cut off: its map says more",
                hex);
    if (!check->running && layer_data_has_strays(layer))
        finding(check, "layers/%s.map: bits of it are lost: there is data that none speaks for", hex);
}

static void check_map(struct check *check, struct layer *layer, const char *hex, uint64_t size)
{
    const char *why;
    int error = map_load(&layer->map, layer->map_fd, &layer->id, &why);

    if (error && error != ENODATA)      /* that: nothing was ever flushed to it */
        finding(check, "layers/%s.map: %s", hex, why);
    else
        check_bits(check, layer, hex, size);
}

static void check_layer(struct check *check, const struct uuid *id, uint64_t size)
{
    struct layer_home home = {.layers = check->folder.layers};
    struct layer layer = {.id = *id, .home = &home};
    char hex[UUID_HEX_SIZE];

    uuid_hex(id, hex);
    check->layers++;
    layer.map_fd = open_map(check, id);
    if (!map_new(&layer.map) || layer_data_open(&layer))
        finding(check, "layers/%s.data: cannot be opened", hex);
    else if (layer.map_fd >= 0)
        check_map(check, &layer, hex, size);
    else if (!check->running && layer_data_has_strays(&layer))
        finding(check, "layers/%s.map: it is missing although the data is there", hex);
    files_close(&layer);
    map_free(&layer.map);
    if (layer.map_fd >= 0)
        close(layer.map_fd);
}

static void know(struct check *check, const struct uuid *id)
{
    struct uuid *known = realloc(check->known, (check->known_count + 1) * sizeof(*known));

    if (known) {
        check->known = known;
        known[check->known_count++] = *id;
    }
}

static void know_all(struct check *check, const struct record *record)
{
    for (size_t i = 0; i < record->slot_count; i++)
        know(check, &record->slots[i].layer_id);
    for (size_t i = 0; i < record->garbage_count; i++)
        know(check, &record->garbage[i]);
}

static bool check_trash(void *context, const char *name)
{
    struct check *check = context;
    const char *why = "not a file of ours";
    struct uuid id;
    struct record *record = folder_name_is_id(name, &id)
        ? record_load(check->folder.trash, name, &why) : NULL;

    if (record)
        know_all(check, record);
    else
        finding(check, "trash/%s: %s", name, why);
    record_free_with_snapshots(record);
    return true;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct uuid));
}

static bool is_known(const struct check *check, const char *name)
{
    const char *suffix = name + UUID_HEX_SIZE - 1;
    struct uuid id;

    if (strlen(name) < UUID_HEX_SIZE - 1 || !uuid_from_hex(&id, name))
        return false;
    /* a temporary one is what an upgrade left that was killed; the next one uses it */
    if (strcmp(suffix, ".map") && strcmp(suffix, ".map.tmp") && strncmp(suffix, ".data", 5))
        return false;
    return check->known
        && bsearch(&id, check->known, check->known_count, sizeof(id), by_id) != NULL;
}

static bool check_orphan(void *context, const char *name)
{
    struct check *check = context;

    if (!is_known(check, name))
        finding(check, "layers/%s: no record names it; if nothing else is wrong it can be removed",
                name);
    return true;
}

static bool note_runtime(void *context, const char *name)
{
    struct check *check = context;

    (void)name;
    check->running = true;
    return true;
}

static void check_volumes(struct check *check)
{
    for (size_t i = 0; i < check->graph.count; i++) {
        const struct record *record = check->graph.record[i];

        know_all(check, record);
        for (size_t j = 0; j < record->slot_count; j++) {
            check_layer(check, &record->slots[j].layer_id, record->size);
            check->snapshots += record->slots[j].snapshot != NULL;
        }
    }
}

int check_store(const char *path)
{
    struct check check = {0};

    if (!folder_open(&check.folder, path, false))
        return 2;
    folder_visit(check.folder.runtime, note_runtime, &check);
    graph_load(&check.graph, check.folder.volumes, report, &check);
    check_volumes(&check);
    folder_visit(check.folder.trash, check_trash, &check);
    if (check.known)
        qsort(check.known, check.known_count, sizeof(*check.known), by_id);
    folder_visit(check.folder.layers, check_orphan, &check);
    printf("%zu volumes, %zu snapshots, %zu layers: %zu findings%s\n", check.graph.count,
           check.snapshots, check.layers, check.findings,
           check.running ? " (not stopped cleanly; the next start takes over)" : "");
    graph_free(&check.graph);
    free(check.known);
    folder_close(&check.folder);
    return check.findings ? 1 : 0;
}
