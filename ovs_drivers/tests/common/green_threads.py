# SPDX-License-Identifier: Apache-2.0

"""A program for test_edge, in a process that eventlet has patched."""

import eventlet
eventlet.monkey_patch()

import sys  # noqa: E402

from ovs_drivers import edge  # noqa: E402


def main(folder, port):
    client = edge.Edge(['127.0.0.1'], int(port),
                       library=edge.load_library([folder]))
    blocked = eventlet.spawn(client.snapshot_create, 'v', 's', 10)
    # Twice back and forth: the call is in its native thread by then.
    for _ in range(20):
        eventlet.sleep(0.01)
    assert not blocked.dead
    sys.stdout.write('still running\n')
    sys.stdout.flush()
    blocked.wait()
    sys.stdout.write('done\n')


main(*sys.argv[1:])
