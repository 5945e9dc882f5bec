/*
 * Licensed under the Apache License, Version 2.0 (the "License"); you may
 * not use this file except in compliance with the License. You may obtain
 * a copy of the License at
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
 * WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
 * License for the specific language governing permissions and limitations
 * under the License.
 */

/* The engine through libovsvolumedriver: library PATH.so HOST PORT VOLUME KIND BYTES DEPTH COUNT
 * SIZE. Prints seconds. As many threads as the depth, each with one synchronous call at a time
 * on the one context. */

#include <dlfcn.h>
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "load.h"

static struct load load;
static _Atomic uint64_t next;
static void *context;
static ssize_t (*read_)(void *, void *, size_t, off_t);
static ssize_t (*write_)(void *, const void *, size_t, off_t);

static void *symbol(void *library, const char *name)
{
    void *found = dlsym(library, name);

    if (!found)
        errx(1, "%s", dlerror());
    return found;
}

static void open_volume(char **argv)
{
    void *library = dlopen(argv[1], RTLD_NOW);

    if (!library)
        errx(1, "%s", dlerror());
    void *(*attr_new)(void) = (void *(*)(void))symbol(library, "ovs_ctx_attr_new");
    int (*transport)(void *, const char *, const char *, int) =
        (int (*)(void *, const char *, const char *, int))symbol(library,
                                                                 "ovs_ctx_attr_set_transport");
    void *(*ctx_new)(void *) = (void *(*)(void *))symbol(library, "ovs_ctx_new");
    int (*ctx_init)(void *, const char *, int) =
        (int (*)(void *, const char *, int))symbol(library, "ovs_ctx_init");
    read_ = (ssize_t (*)(void *, void *, size_t, off_t))symbol(library, "ovs_read");
    write_ = (ssize_t (*)(void *, const void *, size_t, off_t))symbol(library, "ovs_write");
    void *attr = attr_new();
    if (!attr || transport(attr, "tcp", argv[2], atoi(argv[3])) || !(context = ctx_new(attr))
        || ctx_init(context, argv[4], O_RDWR))
        err(1, "%s", argv[4]);
}

static void *work(void *unused)
{
    char *data = malloc(load.bytes);
    uint64_t number;

    memset(data, 'b', load.bytes);
    while ((number = next++) < load.count) {
        ssize_t n = load.is_write ? write_(context, data, load.bytes, offset_of(&load, number))
                                  : read_(context, data, load.bytes, offset_of(&load, number));
        if (n != (ssize_t)load.bytes)
            err(1, "I/O");
    }
    free(data);
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t thread[64];

    if (argc != 10)
        errx(2, "library PATH.so HOST PORT VOLUME KIND BYTES DEPTH COUNT SIZE");
    load = load_of(argv + 5);
    open_volume(argv);
    double begun = now();
    for (unsigned i = 0; i < load.depth && i < 64; i++)
        pthread_create(&thread[i], NULL, work, NULL);
    for (unsigned i = 0; i < load.depth && i < 64; i++)
        pthread_join(thread[i], NULL);
    printf("%f\n", now() - begun);
    return 0;
}
