/* SPDX-License-Identifier: Apache-2.0 */

/* Opens the data files of layers when they are used, and closes the least recently used ones. */

#include "files.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "layer.h"

static bool must_stay_open(const struct layer *layer)
{
    return layer->flushing || layer->dirty == DIRTY_WRITTEN;
}

/* Closes the files if no thread uses them. A user counts itself before it checks that the files are
 * open; the closer sets its flag before it checks the count. So one of them sees the other. */
static bool close_unused(struct layer *layer)
{
    layer->files_closed = true;
    if (layer->file_users || must_stay_open(layer)) {
        layer->files_closed = false;
        return false;
    }
    for (unsigned i = 0; i < SEGMENTS; i++) {
        if (layer->data_fd[i] < 0)
            continue;
        close(layer->data_fd[i]);
        layer->data_fd[i] = FILE_CLOSED;
    }
    return true;
}

static void leave_place(struct layer *layer)
{
    if (layer->place)
        *layer->place = NULL;
    layer->place = NULL;
}

/* Returns a free place, or frees one: that of a layer without use since the hand last passed it,
 * else any. NULL: all are in use. */
static struct layer **find_place(struct layer_files *files)
{
    for (unsigned i = 0; i < 2 * FILES_OPEN_MAX; i++) {
        struct layer **place = &files->layer[files->hand++ % FILES_OPEN_MAX];

        if (!*place)
            return place;
        if (atomic_exchange(&(*place)->files_used, false) || !close_unused(*place))
            continue;
        leave_place(*place);
        return place;
    }
    return NULL;
}

static void take_place(struct layer *layer)
{
    struct layer **place = layer->place ? NULL : find_place(&layer->home->files);

    if (place) {
        *place = layer;
        layer->place = place;
    }
}

static bool close_another(struct layer_files *files)
{
    for (unsigned i = 0; i < FILES_OPEN_MAX; i++) {
        struct layer *layer = files->layer[i];

        if (layer && close_unused(layer)) {
            leave_place(layer);
            return true;
        }
    }
    return false;
}

static int open_locked(struct layer *layer, int directory, const char *name, int flags, int *fd)
{
    do
        *fd = openat(directory, name, O_RDWR | O_CLOEXEC | flags, 0600);
    while (*fd < 0 && (errno == EMFILE || errno == ENFILE) && close_another(&layer->home->files));
    return *fd < 0 ? errno : 0;
}

int files_open(struct layer *layer, int directory, const char *name, int flags, int *fd)
{
    pthread_mutex_lock(&layer->home->files.lock);
    int error = open_locked(layer, directory, name, flags, fd);
    pthread_mutex_unlock(&layer->home->files.lock);
    return error;
}

static int open_closed(struct layer *layer)
{
    char name[LAYER_FILE_NAME_SIZE];
    int error = 0;

    for (unsigned i = 0; i < SEGMENTS && !error; i++) {
        int fd;

        if (layer->data_fd[i] != FILE_CLOSED)
            continue;
        layer_segment_name(&layer->id, i, name);
        error = open_locked(layer, layer->home->layers, name, 0, &fd);
        if (!error)
            layer->data_fd[i] = fd;
    }
    if (error == ENOENT)
        error = layer->dropped ? ECANCELED : EIO;
    return error;
}

static int reopen(struct layer *layer)
{
    struct layer_files *files = &layer->home->files;
    int error = 0;

    pthread_mutex_lock(&files->lock);
    if (layer->files_closed) {
        error = open_closed(layer);
        take_place(layer);      /* also with some of them */
        layer->files_closed = error != 0;
    }
    pthread_mutex_unlock(&files->lock);
    return error;
}

int files_hold(struct layer *layer)
{
    atomic_fetch_add(&layer->file_users, 1);
    if (!layer->files_used)
        layer->files_used = true;
    int error = layer->files_closed ? reopen(layer) : 0;
    if (error)
        files_release(layer);
    return error;
}

void files_release(struct layer *layer)
{
    assert(atomic_load(&layer->file_users) > 0);
    atomic_fetch_sub(&layer->file_users, 1);
}

void files_rest(struct layer *layer)
{
    pthread_mutex_lock(&layer->home->files.lock);
    if (close_unused(layer))
        leave_place(layer);
    else if (!must_stay_open(layer))    /* else this is called again when it need not */
        take_place(layer);
    pthread_mutex_unlock(&layer->home->files.lock);
}

void files_close(struct layer *layer)
{
    pthread_mutex_lock(&layer->home->files.lock);
    leave_place(layer);
    for (unsigned i = 0; i < SEGMENTS; i++) {
        if (layer->data_fd[i] >= 0)
            close(layer->data_fd[i]);
        layer->data_fd[i] = FILE_NONE;
    }
    layer->files_closed = false;
    pthread_mutex_unlock(&layer->home->files.lock);
}
