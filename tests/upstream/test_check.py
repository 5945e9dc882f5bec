# SPDX-License-Identifier: Apache-2.0

"""tools/check-upstream, on packages that are made for each test."""

import glob
import os
import subprocess
import textwrap
import venv

import fixtures
import testtools

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
#: what our code uses, in the tests
SKY = {
    'sky/__init__.py': '',
    'sky/api.py': '''
        LIMIT = 3
        def get(context, name, deep=False): pass
        class Options(object):
            def __getattr__(self, name): pass
        CONF = Options()
        class Lock(object):
            def acquire(self): pass
        LOCK = Lock()
        ''',
    'sky/driver.py': '''
        class Base(object):
            def __init__(self, *, configuration): self.db = None
            def create(self, volume, size): pass
            def stats(self): pass
            @classmethod
            def of(cls, name): pass
        class Open(object):
            def __init__(self):
                for name in 'ab':
                    setattr(self, name, None)
        ''',
    'sky/needy.py': 'import not_installed\n',
}


class CheckTestCase(testtools.TestCase):

    def setUp(self):
        super(CheckTestCase, self).setUp()
        self.python, self.packages = self.make_environment(SKY)
        self.source = self.useFixture(fixtures.TempDir()).path
        # the real installer, and what the test adds
        os.makedirs(os.path.join(self.source, 'ovs_drivers'))
        for name in ('__init__.py', 'installer'):
            os.symlink(os.path.join(TOP, 'ovs_drivers', name),
                       os.path.join(self.source, 'ovs_drivers', name))

    def make_environment(self, packages):
        """Make an environment; return its interpreter and its packages."""
        folder = self.useFixture(fixtures.TempDir()).path
        venv.create(folder, symlinks=True)
        found, = glob.glob(folder + '/lib/python*/site-packages')
        self.write(found, packages)
        return os.path.join(folder, 'bin', 'python'), found

    @staticmethod
    def write(folder, files):
        for name, text in files.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w') as target:
                target.write(textwrap.dedent(text))

    def check(self, *arguments):
        """Run the check; return its exit code and what it prints."""
        ran = subprocess.run(
            [os.path.join(TOP, 'tools', 'check-upstream'), '--python',
             self.python, '--source', self.source] + list(arguments),
            capture_output=True, text=True)
        return ran.returncode, ran.stdout + ran.stderr

    def assert_found(self, code, *findings):
        """Expect these findings, and no other, for a module of ours."""
        self.write(self.source, {'ovs_drivers/user.py': code})
        status, output = self.check()
        found = [line for line in output.split('\n')
                 if line.startswith(('gone ', 'changed '))]
        self.assertEqual(sorted(findings),
                         sorted(' '.join(line.split()) for line in found),
                         output)
        self.assertEqual(1 if findings else 0, status, output)
        self.assertEqual(len(findings),
                         output.count('ovs_drivers/user.py:'), output)

    def test_all_that_is_there_fits(self):
        self.assert_found(
            '''
            import sky.driver
            from sky import api
            print(api.LIMIT, api.get(None, 'x', deep=True))
            class Ours(sky.driver.Base):
                def create(self, volume, size): return self.db
                def more(self): return self.stats()
            ''')

    def test_a_module_is_gone(self):
        self.assert_found(
            'from sky import moon\n',
            'gone sky.moon: neither an attribute nor a module')

    def test_an_attribute_is_gone(self):
        self.assert_found(
            'from sky import api\n\n\ndef use():\n    return api.LIMITS[0]\n',
            'gone sky.api.LIMITS: neither an attribute nor a module')

    def test_an_attribute_of_a_class_or_an_instance_is_gone(self):
        self.assert_found(
            '''
            from sky import api
            from sky import driver
            driver.Base.of('x')
            driver.Base.from_name('x')
            api.LOCK.acquire()
            api.LOCK.release()
            ''', 'gone sky.driver.Base.from_name: no such attribute',
            'gone sky.api.LOCK.release: no such attribute')

    def test_what_only_a_run_can_tell_is_no_finding(self):
        self.assert_found(
            '''
            from sky import api
            from sky import driver
            print(api.CONF.some_option)
            class Ours(driver.Open):
                def more(self): return self.a
            ''')

    def test_an_import_that_may_fail(self):
        self.assert_found(
            '''
            try:
                from sky import moon
            except ImportError:
                moon = None
            if moon:
                moon.rise()
            ''')

    def test_the_import_after_one_that_failed_is_judged(self):
        self.assert_found(
            '''
            try:
                from sky import moon as light
            except ImportError:
                from sky import api as light
            light.get(None, 'x')
            light.shine()
            ''', 'gone sky.api.shine: neither an attribute nor a module')

    def test_the_import_that_succeeds_is_judged(self):
        self.assert_found(
            '''
            try:
                from sky import api as light
            except ImportError:
                from sky import moon as light
            light.get(None, 'x')
            light.shine()
            ''', 'gone sky.api.shine: neither an attribute nor a module')

    def test_what_the_code_asks_for_may_be_gone(self):
        self.assert_found(
            '''
            from sky import api
            if hasattr(api, 'put'):
                api.put(1)
            print(getattr(api, 'OLD', None))
            ''')

    def test_asking_without_a_default_is_a_use(self):
        self.assert_found(
            '''
            from sky import api
            print(getattr(api, 'OLD'), api.OLD)
            ''', 'gone sky.api.OLD: neither an attribute nor a module')

    def test_calls_that_no_longer_fit(self):
        self.assert_found(
            '''
            from sky import api
            api.get(None, 'x', True, False)
            api.get(None, 'x', shallow=True)
            api.get(None)
            api.get(*[None, 'x'])
            api.get(**{'context': None, 'name': 'x'})
            ''', 'changed sky.api.get: takes 3 positional arguments, gets 4',
            'changed sky.api.get: has no parameter shallow',
            'changed sky.api.get: needs name')

    def test_a_method_of_ours_that_no_longer_fits(self):
        self.assert_found(
            '''
            from sky import driver
            class Ours(driver.Base):
                def create(self, volume): pass
                def stats(self, refresh): pass
            ''', 'changed sky.driver.Base.create: has the parameter size, '
            'ours has none for it',
            'changed sky.driver.Base.stats: takes 0 positional arguments, '
            'ours needs 1')

    def test_what_a_class_takes_from_its_base(self):
        self.assert_found(
            '''
            from sky import driver
            class Mixin(object):
                def both(self): return self.stats(), self.vanished
            class Ours(Mixin, driver.Base):
                def __init__(self):
                    super(Ours, self).__init__()
                    self.mine = self.db
                def stats(self): return self.mine
            ''', 'gone sky.driver.Base.vanished: no base of the class has it',
            'changed sky.driver.Base.__init__: needs configuration')

    def test_what_a_test_replaces_is_gone(self):
        self.assert_found(
            '''
            import fixtures
            from sky import api
            fixtures.MonkeyPatch('sky.api.put', None)
            fixtures.MonkeyPatch('ovs_drivers.user.api.take', None)
            ''', 'gone sky.api.put: neither an attribute nor a module',
            'gone sky.api.take: neither an attribute nor a module')

    def test_a_variable_is_not_the_module_of_its_name(self):
        self.assert_found(
            '''
            from sky import api
            def first(api):
                return api.nothing
            def second():
                from sky import driver as api
                return api.Base
            ''')

    def test_packages_that_are_not_there_are_named(self):
        self.write(self.source, {'ovs_drivers/user.py': (
            'import moon\nfrom sky import needy\nmoon.rise()\nneedy.x()\n')})
        status, output = self.check()
        self.assertEqual(0, status, output)
        self.assertIn('not here, not compared: moon\n', output)
        self.assertIn('not compared: sky.needy: importing it needs '
                      'not_installed\n', output)

    def test_nothing_to_compare_is_an_error(self):
        self.write(self.source, {'ovs_drivers/user.py': 'import moon\n'})
        status, output = self.check()
        self.assertEqual(2, status, output)
        self.assertIn('hint: ', output)

    def test_an_interpreter_that_does_not_run(self):
        self.write(self.source, {'ovs_drivers/user.py': 'import sky\n'})
        status, output = self.check('--python', '/no/python')
        self.assertEqual(2, status, output)
        self.assertIn('/no/python', output)

    def test_signatures_that_are_not_as_before(self):
        old, _ = self.make_environment(dict(SKY, **{'sky/api.py': '''
            def get(context, name): pass
            '''}))
        self.write(self.source, {'ovs_drivers/user.py': (
            'from sky import api\napi.get(None, 1)\n')})
        status, output = self.check('--since', old)
        self.assertEqual(0, status, output)
        self.assertIn('differs  sky.api.get: was (context, name), '
                      'is (context, name, deep=…)\n'
                      '           ovs_drivers/user.py:2\n', output)

    def test_a_place_to_register_at_is_gone(self):
        self.write(self.packages, {
            'nova/__init__.py': '',
            'nova/virt/libvirt/volume/__init__.py': '',
            'nova/virt/libvirt/config.py':
                'class LibvirtConfigGuestDisk(object):\n    pass\n',
            'nova/virt/libvirt/driver.py': 'DRIVERS_OF_VOLUMES = {\n}\n'})
        self.write(self.source, {'ovs_drivers/user.py': 'import sky\n'})
        status, output = self.check()
        self.assertEqual(1, status, output)
        self.assertIn('no dict named VOLUME_DRIVERS', output)
