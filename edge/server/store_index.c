/* SPDX-License-Identifier: Apache-2.0 */

/* Finds the volumes of a store by name and by id. */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "volume.h"

#define LIST_STEP 64

static int compare_name(const struct volume *volume, const void *key)
{
    return strcmp(volume->name, key);
}

static int compare_id(const struct volume *volume, const void *key)
{
    return memcmp(&volume->id, key, sizeof(volume->id));
}

/* The first place whose volume is not below the key. */
static size_t lower_bound(struct volume **volumes, size_t count, const void *key,
                          int (*compare)(const struct volume *, const void *))
{
    size_t low = 0;

    while (low < count) {
        size_t middle = low + (count - low) / 2;

        if (compare(volumes[middle], key) < 0)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

static struct volume *find(struct volume **volumes, size_t count, const void *key,
                           int (*compare)(const struct volume *, const void *))
{
    size_t at = lower_bound(volumes, count, key, compare);

    if (at == count || compare(volumes[at], key))
        return NULL;
    return volume_get(volumes[at]);
}

struct volume *store_find_name(struct store *store, const char *name)
{
    pthread_mutex_lock(&store->index_lock);
    struct volume *volume = find(store->index.by_name, store->index.count, name, compare_name);
    pthread_mutex_unlock(&store->index_lock);
    return volume;
}

struct volume *store_find_id(struct store *store, const struct uuid *id)
{
    pthread_mutex_lock(&store->index_lock);
    struct volume *volume = find(store->index.by_id, store->index.count, id, compare_id);
    pthread_mutex_unlock(&store->index_lock);
    return volume;
}

struct volume *store_find(struct store *store, const struct volume_ref *ref, struct fault *fault)
{
    struct volume *volume;
    char hex[UUID_HEX_SIZE];

    if (!ref->by_id) {
        volume = store_find_name(store, ref->name);
        if (!volume)
            fault_set(fault, ENOENT, REASON_OBJECT_NOT_FOUND, "there is no volume named '%s'",
                      ref->name);
        return volume;
    }
    volume = store_find_id(store, &ref->id);
    uuid_hex(&ref->id, hex);
    if (!volume)
        fault_set(fault, ENOENT, REASON_OBJECT_NOT_FOUND, "there is no volume with id %s", hex);
    return volume;
}

size_t store_list(struct store *store, const char *after, struct volume **volumes, size_t limit,
                  bool *more)
{
    struct index *index = &store->index;
    size_t found = 0;

    pthread_mutex_lock(&store->index_lock);
    size_t at = lower_bound(index->by_name, index->count, after, compare_name);
    if (at < index->count && !strcmp(index->by_name[at]->name, after))
        at++;
    while (found < limit && at < index->count)
        volumes[found++] = volume_get(index->by_name[at++]);
    *more = at < index->count;
    pthread_mutex_unlock(&store->index_lock);
    return found;
}

void store_for_each(struct store *store, void (*visit)(struct volume *volume, void *context),
                    void *context)
{
    struct volume *volumes[LIST_STEP];
    char after[NAME_SIZE] = "";
    bool more = true;

    while (more) {
        size_t count = store_list(store, after, volumes, LIST_STEP, &more);

        for (size_t i = 0; i < count; i++) {
            memcpy(after, volumes[i]->name, sizeof(after));
            visit(volumes[i], context);
            volume_put(volumes[i]);
        }
    }
}

static bool grow(struct index *index)
{
    if (index->count < index->capacity)
        return true;
    size_t capacity = 2 * index->capacity + 64;
    void *by_name = realloc(index->by_name, capacity * sizeof(*index->by_name));
    if (by_name)
        index->by_name = by_name;
    void *by_id = by_name ? realloc(index->by_id, capacity * sizeof(*index->by_id)) : NULL;
    if (!by_id)
        return false;
    index->by_id = by_id;
    index->capacity = capacity;
    return true;
}

static void insert(struct volume **volumes, size_t count, size_t at, struct volume *volume)
{
    memmove(volumes + at + 1, volumes + at, (count - at) * sizeof(*volumes));
    volumes[at] = volume;
}

static int add_locked(struct index *index, struct volume *volume, struct volume **other)
{
    *other = find(index->by_name, index->count, volume->name, compare_name);
    if (!*other)
        *other = find(index->by_id, index->count, &volume->id, compare_id);
    if (*other)
        return EEXIST;
    if (!grow(index))
        return ENOMEM;
    insert(index->by_name, index->count,
           lower_bound(index->by_name, index->count, volume->name, compare_name), volume);
    insert(index->by_id, index->count,
           lower_bound(index->by_id, index->count, &volume->id, compare_id), volume);
    index->count++;
    volume_get(volume);
    return 0;
}

int store_add(struct store *store, struct volume *volume, struct volume **other)
{
    pthread_mutex_lock(&store->index_lock);
    int error = add_locked(&store->index, volume, other);
    pthread_mutex_unlock(&store->index_lock);
    return error;
}

void store_forget(struct store *store, struct volume *volume)
{
    struct index *index = &store->index;

    pthread_mutex_lock(&store->index_lock);
    size_t name = lower_bound(index->by_name, index->count, volume->name, compare_name);
    size_t id = lower_bound(index->by_id, index->count, &volume->id, compare_id);
    assert(index->by_name[name] == volume && index->by_id[id] == volume);
    size_t rest = --index->count;
    memmove(index->by_name + name, index->by_name + name + 1, (rest - name) * sizeof(volume));
    memmove(index->by_id + id, index->by_id + id + 1, (rest - id) * sizeof(volume));
    pthread_mutex_unlock(&store->index_lock);
    volume_put(volume);
}
