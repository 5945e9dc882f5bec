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


def options(testbed):
    """{vPool: the options of its section}, as the plugin has written it."""
    conf = configparser.ConfigParser(interpolation=None, strict=False)
    conf.read(testbed.etc('cinder', 'cinder.conf'))
    return {name: {option: plugin.outside(testbed, value)
                   for option, value in conf[name].items()}
            for name in testbeds.VPOOLS}


def contents(testbed):
    """{vPool: names of what is on it}."""
    return {name: storagedriver.from_options(found).volume_names()
            for name, found in options(testbed).items()}


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
