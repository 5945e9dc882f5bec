# SPDX-License-Identifier: Apache-2.0

"""Print the volumes of all vPools that Cinder does not know.

Usage: python3 orphans.py CINDER_CONF ID,ID,…

Exit code 0: there are none; 1: there are some; 2: it could not be found out.
"""

import configparser
import sys

from ovs_drivers import marks
from ovs_drivers import storagedriver

_DRIVER = 'OpenvStorageEdgeVolumeDriver'


def vpools(path):
    """Yield name and client of each vPool that Cinder uses."""
    config = configparser.RawConfigParser(strict=False)
    with open(path) as source:
        config.read_file(source)
    enabled = config.get('DEFAULT', 'enabled_backends', fallback='')
    for name in [name.strip() for name in enabled.split(',')]:
        if config.get(name, 'volume_driver', fallback='').endswith(_DRIVER):
            yield name, storagedriver.from_options(config[name])


def orphans(names, known):
    """Return the names on a vPool that no volume of Cinder's explains.

    A deleted volume that has clones, and the mark that says so, stay until
    the last clone goes: with no volume left there is nothing to stay for.
    """
    ours = set('volume-' + volume for volume in known)
    left = set(names) - ours
    if ours & set(names):
        for mark in marks.marks_in(left):
            left -= {mark.text, mark.name}
    return sorted(left)


def main(path, known):
    """Check all vPools."""
    found = {}
    for name, vpool in vpools(path):
        found[name] = orphans(vpool.volume_names(), known)
        print('%s: %d volumes that Cinder does not know'
              % (name, len(found[name])))
        for orphan in found[name]:
            print('  ' + orphan)
    if not found:
        print('%s enables no vPool' % path, file=sys.stderr)
        return 2
    return 1 if any(found.values()) else 0


if __name__ == '__main__':
    try:
        code = main(sys.argv[1], [each for each in sys.argv[2].split(',')
                                  if each])
    except (OSError, ValueError, KeyError, configparser.Error,
            storagedriver.StorageDriverError) as problem:
        print('no answer: %s' % problem, file=sys.stderr)
        code = 2
    sys.exit(code)
