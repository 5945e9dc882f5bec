# SPDX-License-Identifier: Apache-2.0

import contextlib
import os
import threading
import types
from unittest import mock

from harness import errors
from harness import files
from harness import run
from ovs_testbed import environment
from ovs_testbed import pythons
from ovs_testbed import sources
from ovs_testbed.tests import support


class EnvironmentTestCase(support.TestbedTestCase):

    def setUp(self):
        super().setUp()
        self.place = self.testbed.cache.environment
        self.commands = []
        self.python = mock.Mock()
        self.python.make_environment = lambda path, log: os.makedirs(path)
        for owner, name, value in (
                (run, 'run', self.run_command),
                (pythons, 'of', lambda release: self.python),
                (sources, 'built', self.built)):
            patched = mock.patch.object(owner, name, value)
            patched.start()
            self.addCleanup(patched.stop)

    def run_command(self, words, **_options):
        self.commands.append(words)

    @contextlib.contextmanager
    def built(self, release, source, log):
        yield types.SimpleNamespace(wheels=['/built/uwsgi.whl'],
                                    read=lambda *names: '/'.join(names))

    def test_wheels_by_hash_and_what_was_built_without_the_network(self):
        environment.make(self.testbed)
        self.assertTrue(environment.is_there(self.testbed))
        pinned, built = self.commands[:2]
        self.assertIn('--require-hashes', pinned)
        self.assertEqual(self.testbed.release.wheels, pinned[-1])
        self.assertIn('--no-index', built)
        self.assertEqual('/built/uwsgi.whl', built[-1])
        self.python.finish.assert_called()

    def test_it_is_there_when_it_is_whole(self):
        self.python.finish.side_effect = errors.Error('broken')
        with self.assertRaises(errors.Error):
            environment.make(self.testbed)
        self.assertFalse(environment.is_made(self.testbed.cache))
        self.python.finish.side_effect = None
        environment.make(self.testbed)
        self.assertTrue(environment.is_made(self.testbed.cache))

    def test_two_testbeds_at_the_same_time(self):
        second = threading.Thread(target=environment.make,
                                  args=[self.testbed])
        self.python.finish.side_effect = lambda *_: (
            second.is_alive() or second.start())
        environment.make(self.testbed)
        second.join()
        self.assertEqual(1, self.python.finish.call_count)

    def test_it_is_not_made_twice(self):
        environment.make(self.testbed)
        del self.commands[:]
        environment.make(self.testbed)
        self.assertEqual([], self.commands)

    def test_files_of_a_source_are_put_where_wheels_have_them(self):
        environment.make(self.testbed)
        for distribution, names in self.testbed.release.etc.items():
            for name in names:
                with open(os.path.join(self.place, 'etc', distribution,
                                       os.path.basename(name))) as stream:
                    self.assertEqual('%s/%s' % (distribution, name),
                                     stream.read())

    def test_the_testbeds_own_copy_takes_no_space(self):
        path = os.path.join(self.place, 'lib', 'x.py')
        files.write(path, 'x')
        copy = os.path.join(environment.own_copy(self.testbed), 'lib', 'x.py')
        self.assertTrue(os.path.samefile(path, copy))
        files.write(copy, 'patched')
        with open(path) as stream:
            self.assertEqual('x', stream.read())
        environment.own_copy(self.testbed)
        with open(copy) as stream:
            self.assertEqual('patched', stream.read())

    def test_a_copy_where_links_are_impossible(self):
        files.write(os.path.join(self.place, 'x.py'), 'x')
        with mock.patch.object(os, 'link', side_effect=OSError(18, 'other')):
            copy = environment.own_copy(self.testbed)
        with open(os.path.join(copy, 'x.py')) as stream:
            self.assertEqual('x', stream.read())
