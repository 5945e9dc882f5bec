/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: the files of a store. Each input overwrites, cuts or extends files of a good store,
 * which is then checked, opened, read through and closed. A store in which `check` finds nothing
 * wrong must open.
 */

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "bytes.h"
#include "check.h"
#include "input.h"
#include "store.h"
#include "volume.h"
#include "world.h"

#define FILES_MAX 64
#define NAME_BYTES 300
#define FILE_BYTES_MAX (2u << 20)
#define RECORD_HEAD_BYTES 20        /* magic, version, length, checksum */
#define READ_BYTES (1u << 20)

struct file {
    char name[NAME_BYTES];          /* below the store's folder */
    uint8_t *content;
    size_t length;
};

static struct file files[FILES_MAX];
static size_t file_count;
static char good_store[64], path[80];

static void must(bool good, const char *what)
{
    if (!good) {
        perror(what);
        abort();
    }
}

/* Valid until the next call. */
static const char *path_in(const char *folder, const char *name)
{
    static char whole[PATH_MAX];

    must(snprintf(whole, sizeof(whole), "%s/%s", folder, name) < (int)sizeof(whole), name);
    return whole;
}

static void remember(const char *name, size_t length)
{
    struct file *file = &files[file_count++];

    must(file_count <= FILES_MAX && length <= FILE_BYTES_MAX, "a small store");
    strcpy(file->name, name);
    file->length = length;
    file->content = malloc(length + 1);
    int fd = open(path_in(good_store, name), O_RDONLY);
    must(fd >= 0 && read(fd, file->content, length) == (ssize_t)length, name);
    close(fd);
}

/* The folders come before their files: they are entries of length 0 whose names end in "/". */
static void remember_folder(const char *folder)
{
    char name[NAME_BYTES];
    struct dirent **entries;
    struct stat st;

    int count = scandir(path_in(good_store, folder), &entries, NULL, alphasort);
    must(count >= 0, folder);
    for (int i = 0; i < count; free(entries[i++])) {
        const char *entry = entries[i]->d_name;

        if (!strcmp(entry, ".") || !strcmp(entry, "..") || !strcmp(entry, "reserve"))
            continue;   /* the reserve has no content, and comes back */
        must(snprintf(name, sizeof(name) - 1, "%s%s", folder, entry) < NAME_BYTES - 1, entry);
        must(lstat(path_in(good_store, name), &st) == 0, name);
        if (S_ISDIR(st.st_mode)) {
            strcat(name, "/");
            strcpy(files[file_count++].name, name);
            remember_folder(name);
        } else {
            remember(name, st.st_size);
        }
    }
    free(entries);
}

static bool is_folder(const struct file *file)
{
    return !file->content;
}

static void write_all(void)
{
    must(mkdir(path, 0700) == 0, path);
    for (size_t i = 0; i < file_count; i++) {
        const char *whole = path_in(path, files[i].name);

        if (is_folder(&files[i])) {
            must(mkdir(whole, 0700) == 0, whole);
            continue;
        }
        int fd = open(whole, O_WRONLY | O_CREAT, 0600);
        must(fd >= 0 && write(fd, files[i].content, files[i].length)
             == (ssize_t)files[i].length, whole);
        close(fd);
    }
}

/* A checksum hides everything behind it from a fuzzer: the record's is made right again. */
static void mend_record(int fd)
{
    static uint8_t data[FILE_BYTES_MAX];
    ssize_t length = pread(fd, data, sizeof(data), 0);
    uint8_t head[8];

    if (length < RECORD_HEAD_BYTES)
        return;
    store_be(head, length - RECORD_HEAD_BYTES, 4);
    store_be(head + 4, crc32(0, data + RECORD_HEAD_BYTES, length - RECORD_HEAD_BYTES), 4);
    must(pwrite(fd, head, sizeof(head), 12) == sizeof(head), "mend");
}

enum { CUT = 1, MEND = 2 };

static void damage(struct input *input)
{
    const struct file *file = &files[input_number(input, 1) % file_count];
    uint32_t how = input_number(input, 1), offset = input_number(input, 3);
    struct input bytes = input_take(input, input_number(input, 1));
    const char *whole = path_in(path, file->name);

    if (is_folder(file))
        return;
    int fd = open(whole, O_RDWR);
    must(fd >= 0, whole);
    offset %= file->length + 1;
    if (how & CUT)
        must(ftruncate(fd, offset) == 0, whole);
    must(pwrite(fd, bytes.at, bytes.left, offset) == (ssize_t)bytes.left, whole);
    if ((how & MEND) && (!strncmp(file->name, "volumes/", 8) || !strncmp(file->name, "trash/", 6)))
        mend_record(fd);
    close(fd);
}

static void read_through(struct volume *volume)
{
    static uint8_t data[READ_BYTES];
    struct fault fault;

    if (volume_open(volume, &fault))
        return;
    volume_read(volume, data, sizeof(data), 0, false);
    volume_close(volume);
}

static void use(const char *boot_id, bool must_open)
{
    struct volume *volumes[16];
    struct store *store = store_open(path, boot_id);
    bool more;

    must(store || !must_open, "a store that is good by `check` does not open");
    if (!store)
        return;
    size_t count = store_list(store, "", volumes, 16, &more);
    for (size_t i = 0; i < count; i++) {
        read_through(volumes[i]);
        volume_put(volumes[i]);
    }
    store_close(store);
}

static void forget(void)
{
    for (size_t i = 0; i < file_count; i++)
        free(files[i].content);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct world world;

    (void)argc;
    (void)argv;
    must(freopen("/dev/null", "w", stdout) != NULL, "stdout");      /* findings of `check` */
    world_open(&world, false);
    strcpy(good_store, world.path);
    snprintf(path, sizeof(path), "%s-damaged", good_store);
    /* still open: as a killed engine leaves it, with bits that are in the runtime folder only */
    remember_folder("");
    world_close(&world);
    atexit(forget);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};

    uint32_t boots = input_number(&input, 1);
    write_all();
    while (input.left > 0)
        damage(&input);
    bool good = check_store(path) == 0;
    use(boots & 1 ? "fuzz" : "another boot", good);
    world_remove(path);
    return 0;
}
