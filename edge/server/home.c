/* SPDX-License-Identifier: Apache-2.0 */

/* Syncs the names in a store's folders, and remembers syncs that failed. */

#include "home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "log.h"

#define MARK_NAME_SIZE (UUID_HEX_SIZE + 8)

static void mark_name(const struct uuid *layer, char name[MARK_NAME_SIZE])
{
    char hex[UUID_HEX_SIZE] = "";

    if (layer)
        uuid_hex(layer, hex);
    snprintf(name, MARK_NAME_SIZE, "%s%sfailed", hex, layer ? "." : "");
}

/* Not synced: it has to outlive the process, not the boot. */
void home_remember_failure(struct layer_home *home, const struct uuid *layer)
{
    char name[MARK_NAME_SIZE];

    mark_name(layer, name);
    int fd = openat(home->runtime, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        log_error("runtime/%s cannot be made: %s; hint: restart the host, not only the engine",
                  name, strerror(errno));
    else
        close(fd);
}

bool home_remembers_failure(struct layer_home *home, const struct uuid *layer)
{
    char name[MARK_NAME_SIZE];

    mark_name(layer, name);
    return faccessat(home->runtime, name, F_OK, 0) == 0;
}

void home_forget_failure(struct layer_home *home, const struct uuid *layer)
{
    char name[MARK_NAME_SIZE];

    mark_name(layer, name);
    unlinkat(home->runtime, name, 0);
}

int home_sync_names(struct layer_home *home, int directory)
{
    if (home->failed)
        return EIO;
    int error = disk_sync_directory(directory);
    if (!error)
        return 0;
    home->failed = true;
    home_remember_failure(home, NULL);
    log_error("syncing names failed: %s; flushes and changes of volumes fail from now on; hint: "
              "repair the disk and restart the host", strerror(error));
    return EIO;
}
