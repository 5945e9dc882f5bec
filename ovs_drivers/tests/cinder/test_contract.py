# SPDX-License-Identifier: Apache-2.0

"""The driver against the interfaces of the Cinder that is installed."""

import inspect
import unittest

from cinder.interface import volume_driver
from cinder.volume import driver as cinder_driver

from ovs_drivers.cinder import driver
from ovs_drivers.cinder import manage
from ovs_drivers.cinder import options

OURS = driver.OpenvStorageEdgeVolumeDriver
OVERRIDDEN = dict(vars(manage.ManagingDriver), **vars(OURS))
# The base class of these releases has the arguments in an order in which the
# manager does not call it; ours is the manager's.
STUBS_IN_ANOTHER_ORDER = ('clone_image',)


class ContractTestCase(unittest.TestCase):

    def test_it_is_a_volume_driver(self):
        self.assertTrue(issubclass(OURS, volume_driver.VolumeDriverCore))
        self.assertFalse(getattr(OURS, '__abstractmethods__', None))

    def test_it_has_what_the_features_need(self):
        for name in ('create_volume_from_snapshot', 'create_cloned_volume',
                     'create_snapshot', 'delete_snapshot', 'extend_volume',
                     'revert_to_snapshot', 'manage_existing',
                     'get_manageable_volumes', 'manage_existing_snapshot',
                     'get_manageable_snapshots', 'copy_image_to_volume',
                     'copy_volume_to_image', 'clone_image', 'retype',
                     'update_migrated_volume', 'local_path'):
            self.assertIn(name, OVERRIDDEN)

    def test_each_overridden_method_takes_what_cinder_passes(self):
        checked = []
        for name, ours in OVERRIDDEN.items():
            theirs = _upstream(name)
            if theirs is None or name in STUBS_IN_ANOTHER_ORDER:
                continue
            checked.append(name)
            _check_accepts(self, name, _unwrapped(ours), _unwrapped(theirs))
        self.assertGreater(len(checked), 25)

    def test_clone_image_takes_what_the_manager_passes(self):
        arguments = _spec(_unwrapped(OURS.clone_image)).args
        self.assertEqual(['self', 'context', 'volume', 'image_location',
                          'image_meta', 'image_service'], arguments)

    def test_options(self):
        self.assertEqual(options.OPTS, OURS.get_driver_options())
        self.assertEqual([('vpool', options.OPTS)], options.list_opts())


def _upstream(name):
    for base in (cinder_driver.VolumeDriver, cinder_driver.BaseVD):
        method = base.__dict__.get(name)
        if method is not None and callable(_unwrapped(method)):
            return method
    return None


def _unwrapped(method):
    method = getattr(method, '__func__', method)
    while hasattr(method, '__wrapped__'):
        method = method.__wrapped__
    return method


def _spec(function):
    get_spec = getattr(inspect, 'getfullargspec', None) or inspect.getargspec
    return get_spec(function)


def _check_accepts(test, name, ours, theirs):
    """Whatever may be passed to THEIRS may be passed to OURS."""
    spec, wanted = _spec(ours), _spec(theirs)
    if spec.varargs:
        return
    test.assertEqual(wanted.args, spec.args[:len(wanted.args)], name)
    required = len(spec.args) - len(spec.defaults or ())
    test.assertLessEqual(
        required, len(wanted.args) - len(wanted.defaults or ()), name)
    if getattr(wanted, 'varkw', None) or getattr(wanted, 'keywords', None):
        test.assertTrue(getattr(spec, 'varkw', None) or
                        getattr(spec, 'keywords', None), name)
