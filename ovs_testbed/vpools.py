# SPDX-License-Identifier: Apache-2.0

"""The vPools themselves, asked past all of OpenStack."""

import configparser

from harness import wait
from ovs_drivers import storagedriver
from ovs_testbed import cloud
from ovs_testbed import plugin
from ovs_testbed import testbeds

#: cinder's name for an image that it keeps as a volume
_CACHED = 'image-'
_TIMEOUT = 60


def contents(testbed):
    """{vPool: names of what is on it}, by the sections that the plugin has
    written."""
    conf = configparser.ConfigParser(interpolation=None, strict=False)
    conf.read(testbed.etc('cinder', 'cinder.conf'))
    found = {}
    for name in testbeds.VPOOLS:
        options = {option: plugin.outside(testbed, value)
                   for option, value in conf[name].items()}
        driver = storagedriver.from_options(options)
        found[name] = driver.volume_names()
    return found


def remove_cached_images(testbed):
    """Delete the volumes that cinder has made of images for itself."""
    storage = cloud.connect(testbed).block_storage
    cached = [volume for volume in storage.volumes(all_projects=True)
              if volume.name and volume.name.startswith(_CACHED)]
    for volume in cached:
        storage.delete_volume(volume)
    identifiers = {volume.id for volume in cached}

    def probe():
        left = identifiers & {volume.id for volume in storage.volumes(
            details=False, all_projects=True)}
        return not left, 'left: %s' % ', '.join(left)
    wait.until('cached images to go', probe, _TIMEOUT)
