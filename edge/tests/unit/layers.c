/* SPDX-License-Identifier: Apache-2.0 */

/* Makes layers in a folder of their own, without a store. */

#include "layers.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chain.h"
#include "folder.h"

static char root[] = "/tmp/ovs-edge-unit-XXXXXX";
struct layer_home home;

void open_home(void)
{
    assert(mkdtemp(root));
    int fd = open(root, O_RDONLY | O_DIRECTORY);
    assert(mkdirat(fd, "layers", 0700) == 0 && mkdirat(fd, "runtime", 0700) == 0);
    home.layers = openat(fd, "layers", O_RDONLY | O_DIRECTORY);
    home.runtime = openat(fd, "runtime", O_RDONLY | O_DIRECTORY);
    pthread_mutex_init(&home.lock, NULL);
    close(fd);
}

static bool remove_one(void *directory, const char *name)
{
    return unlinkat(*(int *)directory, name, 0) == 0;
}

void remove_home(void)
{
    char path[100];

    folder_visit(home.layers, remove_one, &home.layers);
    folder_visit(home.runtime, remove_one, &home.runtime);
    close(home.layers);
    close(home.runtime);
    snprintf(path, sizeof(path), "%s/layers", root);
    assert(rmdir(path) == 0);
    snprintf(path, sizeof(path), "%s/runtime", root);
    assert(rmdir(path) == 0 && rmdir(root) == 0);
}

struct layer *new_layer(struct layer *parent)
{
    struct uuid id;

    uuid_random(&id);
    struct layer *layer = layer_new(&home, &id, parent);
    assert(layer && layer_open(layer) == 0);
    return layer;
}

void expect(struct layer *top, uint64_t offset, size_t length, uint8_t value)
{
    uint8_t *data = malloc(length);

    assert(chain_read(top, data, length, offset, false) == 0);
    for (size_t i = 0; i < length; i++)
        assert(data[i] == value);
    free(data);
}

void put(struct layer *top, uint64_t offset, size_t length, uint8_t value)
{
    uint8_t *data = malloc(length);

    memset(data, value, length);
    assert(chain_write(top, data, length, offset) == 0);
    free(data);
}
