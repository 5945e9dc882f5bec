/* SPDX-License-Identifier: Apache-2.0 */

/* Makes, opens, locks and lists the folder of a store. */

#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "disk.h"
#include "log.h"
#include "store.h"

#define ID_FILE "store"
#define ID_BODY (8 + 4 + 16)
#define ID_BYTES (ID_BODY + 4)

bool folder_visit(int directory, bool (*visit)(void *context, const char *name), void *context)
{
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    bool good = stream != NULL;

    while (good && (entry = readdir(stream)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            good = visit(context, entry->d_name);
    if (stream)
        closedir(stream);
    return good;
}

bool folder_name_is_id(const char *name, struct uuid *id)
{
    return strlen(name) == UUID_HEX_SIZE - 1 && uuid_from_hex(id, name);
}

bool folder_name_is_temporary(const char *name)
{
    size_t length = strlen(name);

    return length > 4 && !strcmp(name + length - 4, ".tmp");
}

/* What a new store consists of before it has its id. */
static bool is_part(void *context, const char *name)
{
    static const char *const parts[] = {"volumes", "trash", "layers", "runtime",
                                        "lock", "sessions", ID_FILE ".tmp",
                                        "lost+found"};

    (void)context;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!strcmp(name, parts[i]))
            return true;
    return false;
}

static bool is_nothing(void *context, const char *name)
{
    (void)context;
    (void)name;
    return false;
}

static bool create_id(int root, const char *path)
{
    uint8_t data[ID_BYTES];
    struct uuid id;

    uuid_random(&id);
    memcpy(data, STORE_MAGIC, 8);
    store_be(data + 8, STORE_VERSION, 4);
    memcpy(data + 12, &id, sizeof(id));
    store_be(data + ID_BODY, crc32(0, data, ID_BODY), 4);
    int error = disk_stage(root, ID_FILE, data, sizeof(data));
    if (!error)
        error = disk_publish(root, ID_FILE);
    if (!error)
        error = disk_sync_directory(root);
    if (error)
        log_error("%s: cannot make a store: %s", path, strerror(error));
    else
        log_info("%s: made a new store", path);
    return !error;
}

static const char *id_fault(const uint8_t *data, size_t length)
{
    if (length < 12 || memcmp(data, STORE_MAGIC, 8))
        return "is not the id of a store";
    if (load_be(data + 8, 4) != STORE_VERSION)
        return "was written by another version of ovs-edge; use that version";
    if (length != ID_BYTES || load_be(data + ID_BODY, 4) != crc32(0, data, ID_BODY))
        return "is damaged; restore it from a backup";
    return NULL;
}

static bool load_id(struct folder *folder, const char *path)
{
    uint8_t *data;
    size_t length;
    int error = disk_load(folder->root, ID_FILE, 4096, &data, &length);

    if (error) {
        log_error("%s/" ID_FILE ": %s", path, strerror(error));
        return false;
    }
    const char *why = id_fault(data, length);
    if (why)
        log_error("%s/" ID_FILE " %s", path, why);
    else
        memcpy(&folder->id, data + 12, sizeof(folder->id));
    free(data);
    return !why;
}

static bool lock(struct folder *folder, const char *path)
{
    folder->lock = openat(folder->root, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (folder->lock < 0) {
        log_error("%s/lock: %s", path, strerror(errno));
        return false;
    }
    if (flock(folder->lock, LOCK_EX | LOCK_NB) == 0)
        return true;
    log_error("%s is in use by another ovs-edge; stop that one first", path);
    return false;
}

static int open_part(struct folder *folder, const char *name, const char *path, bool create)
{
    if (create && mkdirat(folder->root, name, 0700) < 0 && errno != EEXIST)
        log_error("%s/%s: %s", path, name, strerror(errno));
    int fd = openat(folder->root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        log_error("%s/%s: %s", path, name, strerror(errno));
    return fd;
}

static bool open_parts(struct folder *folder, const char *path, bool create)
{
    folder->volumes = open_part(folder, "volumes", path, create);
    folder->trash = open_part(folder, "trash", path, create);
    folder->layers = open_part(folder, "layers", path, create);
    folder->runtime = open_part(folder, "runtime", path, create);
    return folder->volumes >= 0 && folder->trash >= 0 && folder->layers >= 0
        && folder->runtime >= 0;
}

/* The id comes last: a folder without one is a store that was never finished, or none. A folder
 * with one that lacks a part is damaged; an empty part in its place would hide what is lost. */
static bool create_store(struct folder *folder, const char *path)
{
    if (!folder_visit(folder->root, is_part, NULL)) {
        log_error("%s is neither a store nor empty; give an empty folder to make a store", path);
        return false;
    }
    if (!open_parts(folder, path, true))
        return false;
    if (!folder_visit(folder->volumes, is_nothing, NULL)
        || !folder_visit(folder->layers, is_nothing, NULL)) {
        log_error("%s has volumes but no id: its file '" ID_FILE "' is lost; restore it", path);
        return false;
    }
    int error = disk_sync_directory(folder->root);
    if (error)
        log_error("%s: %s", path, strerror(error));
    return !error && create_id(folder->root, path) && load_id(folder, path);
}

static bool open_store(struct folder *folder, const char *path, bool create)
{
    struct stat st;

    if (fstatat(folder->root, ID_FILE, &st, 0) == 0)
        return load_id(folder, path) && open_parts(folder, path, false);
    if (create)
        return create_store(folder, path);
    log_error("%s is not a store: there is no file '" ID_FILE "' in it", path);
    return false;
}

bool folder_open(struct folder *folder, const char *path, bool create)
{
    memset(folder, 0, sizeof(*folder));
    folder->lock = folder->volumes = folder->trash = folder->layers = folder->runtime = -1;
    folder->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->root < 0)
        log_error("%s: %s; the store's folder must exist", path, strerror(errno));
    if (folder->root >= 0 && lock(folder, path) && open_store(folder, path, create))
        return true;
    folder_close(folder);
    return false;
}

void folder_close(struct folder *folder)
{
    int fds[] = {folder->runtime, folder->layers, folder->trash, folder->volumes, folder->root,
                 folder->lock};

    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            close(fds[i]);
}
