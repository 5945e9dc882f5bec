# SPDX-License-Identifier: Apache-2.0

"""The log bundle: everything that tells why something failed, without the
passwords."""

import configparser
import io
import os
import re
import subprocess
import tarfile
import time

from harness import files
from ovs_testbed import namespaces
from ovs_testbed import sandbox
from ovs_testbed import testbeds

_FOLDERS = ('log', 'etc')
_NAME = re.compile(r'[a-z][a-z0-9-]*-\d{8}-\d{6}\.tar\.gz\Z')
#: a log that is longer loses its middle
_LONGEST = 20 << 20
_LOOKS = (
    # the arguments of other processes may be secrets: leave them out
    ('processes', ['ps', '-eo', 'pid,ppid,stat,lstart,rss,comm']),
    ('memory', ['free', '-m']), ('disks', ['df', '-h']),
    ('addresses', ['ip', 'address']), ('sockets', ['ss', '-tlnp']),
)


def make(testbed, target=None):
    """Write the bundle; return its path."""
    path = target or os.path.join(
        os.path.dirname(testbed.folder), 'logs', '%s-%s.tar.gz' % (
            testbed.name, time.strftime('%Y%m%d-%H%M%S')))
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    hidden = [secret.encode() for secret in secrets(testbed)]
    with files.draft(path) as stream, tarfile.open(
            fileobj=stream, mode='w:gz', compresslevel=3) as archive:
        for name, text in _contents(testbed):
            for secret in hidden:
                text = text.replace(secret, b'***')
            entry = tarfile.TarInfo(os.path.join(testbed.name, name))
            entry.size, entry.mtime = len(text), int(time.time())
            archive.addfile(entry, io.BytesIO(text))
    return path


def secrets(testbed):
    """The texts that no user may see: passwords, guids of the vPools."""
    return list(testbed.passwords.values()) + _guids(testbed)


def _guids(testbed):
    """The guids of the vPools, which are secrets."""
    conf = configparser.ConfigParser(interpolation=None, strict=False)
    conf.read(testbed.etc('cinder', 'cinder.conf'))
    return [section['vpool_guid'] for section in conf.values()
            if section.get('vpool_guid')]


def _contents(testbed):
    """Yield the name and text of everything that goes in."""
    for folder in _FOLDERS:
        for where, folders, names in os.walk(testbed.path(folder)):
            # keys are no help, and secret
            folders[:] = [name for name in folders
                          if not name.endswith('-keys')]
            for name in sorted(names):
                path = os.path.join(where, name)
                if os.path.isfile(path):
                    yield os.path.relpath(path, testbed.folder), _read(path)
    for name, command in _LOOKS + (_commands(testbed), ):
        yield os.path.join('now', name), _output_of(testbed, command)


def _commands(testbed):
    """The look at the testbed's own processes with their arguments."""
    pids = sandbox.Sandbox(testbed).processes()
    return 'commands', ['ps', '-o', 'pid,args', '-p',
                        ','.join(map(str, pids)) or '0']


def _read(path):
    with open(path, 'rb') as stream:
        size = os.fstat(stream.fileno()).st_size
        if size <= _LONGEST:
            return stream.read()
        head = stream.read(_LONGEST // 2)
        stream.seek(size - _LONGEST // 2)
        return head + b'\n[...]\n' + stream.read()


def _output_of(testbed, command):
    """Return a command's output, in the testbed's network if there is one."""
    try:
        if sandbox.Sandbox(testbed).exists():
            with namespaces.entered(testbed.net):
                return subprocess.run(command, capture_output=True).stdout
        return subprocess.run(command, capture_output=True).stdout
    except OSError as error:
        return str(error).encode()


def newest(name, folder=None):
    """The path of a testbed's newest bundle, if there is one."""
    logs = os.path.join(folder or testbeds.FOLDER, 'logs')
    found = [entry for entry in (os.listdir(logs) if os.path.isdir(logs)
                                 else []) if entry.startswith(name + '-')]
    return os.path.join(logs, max(found)) if found else None


def remove_all(folder):
    """Remove the bundles of all testbeds; other files stay."""
    logs = os.path.join(folder, 'logs')
    for entry in os.listdir(logs) if os.path.isdir(logs) else []:
        if _NAME.match(entry):
            os.unlink(os.path.join(logs, entry))
    if os.path.isdir(logs) and not os.listdir(logs):
        os.rmdir(logs)
