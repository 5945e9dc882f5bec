/* SPDX-License-Identifier: Apache-2.0 */

/* Any NBD server through libnbd: nbd URI KIND BYTES DEPTH COUNT SIZE. Prints seconds. */

#include <err.h>
#include <libnbd.h>

#include "load.h"

static int finished(void *in_flight, int *error)
{
    if (*error)
        errx(1, "I/O: %s", strerror(*error));
    --*(unsigned *)in_flight;
    return 1;
}

static void start(struct nbd_handle *nbd, const struct load *load, uint64_t number, char *data,
                  unsigned *in_flight)
{
    nbd_completion_callback done = {.callback = finished, .user_data = in_flight};
    uint64_t offset = offset_of(load, number);
    int64_t cookie = load->is_write ? nbd_aio_pwrite(nbd, data, load->bytes, offset, done, 0)
                                    : nbd_aio_pread(nbd, data, load->bytes, offset, done, 0);

    if (cookie < 0)
        errx(1, "%s", nbd_get_error());
    ++*in_flight;
}

int main(int argc, char **argv)
{
    struct nbd_handle *nbd = nbd_create();
    unsigned in_flight = 0;

    if (argc != 7)
        errx(2, "nbd URI KIND BYTES DEPTH COUNT SIZE");
    struct load load = load_of(argv + 2);
    if (nbd)
        nbd_set_uri_allow_local_file(nbd, true);    /* the keys of TLS */
    if (!nbd || nbd_connect_uri(nbd, argv[1]) < 0)
        errx(1, "%s", nbd_get_error());
    char *data = malloc(load.bytes * load.depth);
    memset(data, 'b', load.bytes * load.depth);
    double begun = now();
    for (uint64_t number = 0; number < load.count || in_flight;) {
        /* each request has its own part of the buffer, no matter which */
        while (number < load.count && in_flight < load.depth) {
            start(nbd, &load, number, data + number % load.depth * load.bytes, &in_flight);
            number++;
        }
        if (in_flight && nbd_poll(nbd, -1) < 0)
            errx(1, "%s", nbd_get_error());
    }
    printf("%f\n", now() - begun);
    nbd_shutdown(nbd, 0);
    nbd_close(nbd);
    free(data);
    return 0;
}
