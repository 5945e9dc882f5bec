# SPDX-License-Identifier: Apache-2.0

"""Test the files of ``tls-init``, and its refusals."""

import contextlib
import io
import os
import re
import stat
import subprocess
import tempfile
import unittest
from unittest import mock

from ovs_storagedriver import errors
from ovs_storagedriver import key_material
from ovs_storagedriver import main

FILES = {'ca-cert.pem', 'ca-key.pem', 'server-cert.pem', 'server-key.pem',
         'client-cert.pem', 'client-key.pem', 'keys.psk'}
SECRETS = {'ca-key.pem', 'server-key.pem', 'client-key.pem', 'keys.psk'}


class TlsInitTestCase(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='ovs-storagedriver-')
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, 'tls')
        # The files have to be private by themselves.
        self.addCleanup(os.umask, os.umask(0))

    def init(self, *words, hosts=('127.0.0.1',)):
        """Return (code, output) of the command."""
        hosts = [word for host in hosts for word in ('--host', host)]
        output = io.StringIO()
        with contextlib.redirect_stdout(output), \
                contextlib.redirect_stderr(output):
            code = main.main(['tls-init', '--dir', self.path, *hosts, *words])
        return code, output.getvalue()

    def made(self, *words, **options):
        code, output = self.init(*words, **options)
        self.assertEqual(0, code, output)
        return {line.split(':')[0] for line in output.splitlines()
                if line.endswith(': made')}

    def file(self, name):
        return os.path.join(self.path, name)

    def contents(self):
        found = {}
        for name in os.listdir(self.path):
            with open(self.file(name)) as lines:
                found[name] = lines.read()
        return found

    def openssl(self, *words):
        return subprocess.run(('openssl',) + words, check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def test_what_is_made(self):
        self.made('--psk', 'one', '--psk', 'two',
                  hosts=['10.0.0.1', 'sd1.example.net', 'fd00::1'])
        self.assertEqual(FILES, set(os.listdir(self.path)))
        for kind in ('server', 'client'):
            self.openssl('verify', '-x509_strict', '-purpose', 'ssl' + kind,
                         '-CAfile', self.file('ca-cert.pem'),
                         self.file('%s-cert.pem' % kind))
        names = self.openssl('x509', '-noout', '-ext', 'subjectAltName',
                             '-in', self.file('server-cert.pem'))
        self.assertIn('IP Address:10.0.0.1, DNS:sd1.example.net, '
                      'IP Address:FD00:0:0:0:0:0:0:1', names)
        self.assertRegex(self.contents()['keys.psk'],
                         r'\Aone:[0-9a-f]{64}\ntwo:[0-9a-f]{64}\n\Z')

    def test_private_from_the_first_byte(self):
        seen = set()
        run = subprocess.run

        def watch(*args, **kwargs):
            done = run(*args, **kwargs)
            for folder, _folders, names in os.walk(self.path):
                seen.update((name, os.stat(os.path.join(folder, name)).st_mode)
                            for name in names)
                seen.add(('folder', os.stat(folder).st_mode))
            return done

        with mock.patch('subprocess.run', watch):
            self.made('--psk', 'one')
        for name, mode in seen:
            if name in SECRETS or name == 'folder':
                self.assertEqual(0, mode & 0o077, name)
        self.assertTrue(SECRETS - {'keys.psk'} <= {name for name, _ in seen})
        for name in FILES:
            self.assertEqual(0o600, stat.S_IMODE(
                os.stat(self.file(name)).st_mode), name)
        self.assertEqual(0o700, stat.S_IMODE(os.stat(self.path).st_mode))

    def test_no_secret_leaves_the_folder(self):
        run, words = subprocess.run, []

        def watch(command, **kwargs):
            words.extend(command)
            return run(command, **kwargs)

        with mock.patch('subprocess.run', watch):
            _code, output = self.init('--psk', 'one')
        said = ' '.join(words) + output
        self.assertNotIn('PRIVATE', output)
        for name in SECRETS:
            for secret in re.findall(r'[A-Za-z0-9+/=]{40,}',
                                     self.contents()[name]):
                self.assertNotIn(secret, said)

    def test_no_two_runs_make_the_same(self):
        self.made('--psk', 'one')
        first = self.contents()
        for name in FILES:
            os.unlink(self.file(name))
        self.made('--psk', 'one')
        for name, content in self.contents().items():
            self.assertNotEqual(first[name], content, name)

    def test_what_is_good_is_kept(self):
        self.made('--psk', 'one', hosts=['127.0.0.1', 'sd1'])
        first = self.contents()
        self.assertEqual(set(), self.made('--psk', 'one', hosts=['sd1']))
        self.assertEqual(first, self.contents())

    def test_only_what_is_missing_is_made(self):
        self.made('--psk', 'one')
        first = self.contents()
        self.assertEqual({'server-cert.pem', 'keys.psk'},
                         self.made('--psk', 'two', hosts=['127.0.0.2']))
        now = self.contents()
        self.assertIn(first['keys.psk'], now['keys.psk'])
        for name in ('ca-cert.pem', 'ca-key.pem', 'client-cert.pem',
                     'client-key.pem'):
            self.assertEqual(first[name], now[name])

    def test_what_does_not_fit_together_is_made_again(self):
        self.made()
        with open(self.file('server-key.pem'), 'w') as key:
            key.write(self.contents()['client-key.pem'])
        self.assertEqual({'server-cert.pem'}, self.made())
        os.truncate(self.file('client-cert.pem'), 0)
        self.assertEqual({'client-cert.pem'}, self.made())
        os.unlink(self.file('ca-key.pem'))
        self.assertEqual({'ca-cert.pem', 'server-cert.pem',
                          'client-cert.pem'}, self.made())

    def test_what_ends_soon_is_made_again(self):
        with mock.patch.object(key_material, 'DAYS', 29):
            self.made()
        self.assertEqual({'server-cert.pem', 'client-cert.pem'}, self.made())

    def test_renew(self):
        self.made('--psk', 'one', '--psk', 'two')
        first = self.contents()
        self.made('--psk', 'one', '--renew')
        now = self.contents()
        self.assertEqual({'ca-cert.pem', 'ca-key.pem'},
                         {name for name in FILES if first[name] == now[name]})
        self.assertEqual(first['keys.psk'].split()[1],
                         now['keys.psk'].split()[1])

    def test_refusals(self):
        for words, hosts, text in (
                ([], ['a b'], "--host a b"),
                ([], ['10.0.0.1,DNS:x'], '--host 10.0.0.1,DNS:x'),
                ([], ['a\nCN = b'], '--host'),
                (['--psk', 'a:b'], ['sd1'], '--psk'),
                (['--psk', ''], ['sd1'], '--psk')):
            code, output = self.init(*words, hosts=hosts)
            self.assertEqual(2, code)
            self.assertIn(text, output)
            self.assertFalse(os.path.exists(self.path))

    def test_a_folder_that_others_may_write_to(self):
        os.mkdir(self.path, 0o770)
        code, output = self.init()
        self.assertEqual(1, code)
        self.assertIn('770', output)
        self.assertEqual([], os.listdir(self.path))

    def test_a_damaged_list_of_keys(self):
        self.made('--psk', 'one')
        with open(self.file('keys.psk'), 'a') as lines:
            lines.write('nonsense\n')
        code, output = self.init('--psk', 'two')
        self.assertEqual(1, code)
        self.assertIn('identity:key', output)

    def test_no_openssl(self):
        with mock.patch.dict(os.environ, PATH='/nowhere'):
            with self.assertRaisesRegex(errors.ServiceError, 'openssl'):
                with key_material.opened(self.path):
                    pass
        self.assertFalse(os.path.exists(self.path))
