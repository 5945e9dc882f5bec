# SPDX-License-Identifier: Apache-2.0

"""The PATH of the services. The plugin's first phase puts folders on it, as it
does in a DevStack that runs its services without systemd."""

SYSTEM = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


def file_of(testbed):
    return testbed.path('run', 'path')


def read(testbed):
    """The PATH that the plugin left, or the one before it came."""
    try:
        with open(file_of(testbed)) as stream:
            return stream.read().strip()
    except FileNotFoundError:
        return '%s/bin:%s' % (testbed.cache.environment, SYSTEM)
