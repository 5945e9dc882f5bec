# SPDX-License-Identifier: Apache-2.0

"""A Python 2.7: the user's own, or one that is made.

Debian 12 and later have none. The packages of Debian 11 run there as well, so
they are unpacked into the cache, and nothing is installed on the machine.
``python3 -m ovs_testbed.python27`` prints the path of the interpreter;
``python3 -m ovs_testbed.python27 COMMAND...`` runs a command that finds it
first on its PATH.
"""

import contextlib
import glob
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from harness import apt
from harness import cache as caches
from harness import errors
from harness import files
from harness import run
from ovs_testbed import cache
from ovs_testbed import debian_archive

_PINS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(
    __file__))), 'constraints', 'python27-debian11.txt')
_SUITE = 'bullseye'
#: changes with what is done to the packages
_FORMAT = '2'
_BINARY = 'usr/bin/python2.7'
_STDLIB = 'usr/lib/python2.7'
_HEADERS = 'usr/include/python2.7'
_TRIPLET = 'x86_64-linux-gnu'
_LIBRARIES = 'usr/lib/' + _TRIPLET
#: what needs libraries of Debian 11 that the machine does not have
_LINKED = (_STDLIB + '/lib-dynload/_ctypes.%s.so' % _TRIPLET,
           _STDLIB + '/lib-dynload/_hashlib.%s.so' % _TRIPLET,
           _STDLIB + '/lib-dynload/_ssl.%s.so' % _TRIPLET,
           _LIBRARIES + '/libssl.so.1.1')
#: a Python 2.7 that tox can make environments with: C extensions included
_TRY = ('import ctypes, os, ssl, sys; from distutils import sysconfig; '
        'header = os.path.join(sysconfig.get_python_inc(), "Python.h"); '
        'sys.exit(sys.version_info[:2] != (2, 7) '
        'or not os.path.exists(header))')
_HINT = 'set OVS_PYTHON27 to a Python 2.7 with its headers'


def get():
    """Return the path of a Python 2.7; make it if there is none."""
    return chosen() or _found() or made()


def chosen():
    """The interpreter that the user has chosen."""
    path = os.environ.get('OVS_PYTHON27')
    if path and not _works(path):
        raise errors.Error(
            'OVS_PYTHON27=%s is no Python 2.7 with ctypes, ssl and headers'
            % path, hint='set it to one that has them, or unset it')
    return path


def _found():
    """The first one on the PATH or in pyenv that works."""
    pyenv = os.environ.get('PYENV_ROOT') or os.path.expanduser('~/.pyenv')
    candidates = [shutil.which('python2.7')] + sorted(
        glob.glob(os.path.join(pyenv, 'versions', '2.7*', 'bin',
                               'python2.7')))
    return next(filter(_works, filter(None, candidates)), None)


def _works(path):
    with contextlib.suppress(OSError):
        return not subprocess.run([path, '-c', _TRY],
                                  stdin=subprocess.DEVNULL,
                                  capture_output=True).returncode
    return False


def made():
    """Return the path of the one in the cache; make it if it is not there."""
    return _made_at(os.path.join(_folder(), cache.key_of(_FORMAT, _pins())))


def made_in(folder):
    """Return the path of another one, in a folder that another user can
    read."""
    return _made_at(os.path.join(folder, 'python27'))


def library_folder(interpreter):
    """Where the libraries of one that was made are."""
    return os.path.join(interpreter[:-len(_BINARY)], _LIBRARIES)


def _folder():
    return caches.folder('python27')


def _pins():
    with open(_PINS) as stream:
        return stream.read()


def _made_at(place):
    os.makedirs(_folder(), exist_ok=True)
    with _locked(_folder()):
        if not os.path.exists(place):
            _check_machine()
            _make(place, [debian_archive.Pin(*line.split())
                          for line in _pins().splitlines()
                          if not line.startswith('#')])
    return os.path.join(place, _BINARY)


@contextlib.contextmanager
def _locked(folder):
    """Keep other runs out, and remove what a run that was killed has left."""
    with files.locked(os.path.join(folder, 'lock')):
        for left in glob.glob(os.path.join(folder, 'draft-*')):
            files.remove_tree(left)
        yield


def _check_machine():
    if platform.machine() != 'x86_64' or not shutil.which('apt-get'):
        raise errors.Error(
            'a Python 2.7 is made of packages of Debian on x86_64 only',
            hint=_HINT)


def _make(place, pins):
    """Make the folder; it is there when it is whole."""
    folder = _folder()
    with tempfile.TemporaryDirectory(prefix='draft-', dir=folder) as draft:
        root = os.path.join(draft, 'root')
        apt.unpack(_packages(pins, folder, draft), root)
        _adapt(root, place)
        run.run([os.path.join(root, _BINARY), '-c', 'import ctypes, ssl'])
        shutil.move(root, place)


def _packages(pins, folder, draft):
    """Return the packages, from the cache as far as they are there."""
    kept = {pin: os.path.join(folder, 'packages', pin.sha256 + '.deb')
            for pin in pins}
    missing = [pin for pin in pins if not debian_archive.has_digest(
        kept[pin], pin.sha256)]
    if missing:
        fetched = _fetch(missing, folder, draft)
        os.makedirs(os.path.join(folder, 'packages'), exist_ok=True)
        for pin, path in zip(missing, fetched):
            os.replace(path, kept[pin])
    return list(kept.values())


def _fetch(pins, folder, draft):
    fetched = os.path.join(draft, 'apt')
    os.mkdir(fetched)
    try:
        return debian_archive.fetch(pins, _SUITE, fetched,
                                    os.path.join(folder, 'apt.log'))
    except errors.Error as error:
        raise errors.Error(
            'the packages of Python 2.7 cannot be fetched: %s' % error,
            hint=_HINT, log=error.log) from error


def _adapt(root, place):
    """Make the packages work where they are unpacked."""
    run.run(['patchelf', '--set-rpath',
             '$ORIGIN:$ORIGIN/../../' + _TRIPLET] +
            [os.path.join(root, name) for name in _LINKED])
    _tell_the_place(os.path.join(root, _STDLIB, 'plat-' + _TRIPLET,
                                 '_sysconfigdata_nd.py'), place)
    # the one that is meant for all processors includes it by a path below
    # /usr/include
    shutil.copy(os.path.join(root, 'usr/include', _TRIPLET,
                             'python2.7/pyconfig.h'),
                os.path.join(root, _HEADERS))
    # a link to /etc
    os.unlink(os.path.join(root, _STDLIB, 'sitecustomize.py'))
    run.run([os.path.join(root, _BINARY), '-m', 'compileall', '-q', '-d',
             os.path.join(place, _STDLIB), os.path.join(root, _STDLIB)])


def _tell_the_place(path, place):
    """Let distutils look for headers and libraries in the folder, and what
    embeds Python for its library."""
    with open(path) as stream:
        text = stream.read()
    text = text.replace("'LIBDIR': '/usr/lib'",
                        "'LIBDIR': '/%s'" % _LIBRARIES)
    moved = re.sub(r'(?<=[\' L])/usr/(?=include|lib)',
                   lambda _found: place + '/usr/', text)
    files.write(path, moved, mode=0o644)


def main(command=()):
    """Print the path of a Python 2.7, or become a command with it on its PATH.

    Return the exit status.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        path = get()
        if command:
            os.environ['PATH'] = '%s:%s' % (os.path.dirname(path),
                                            os.environ['PATH'])
            os.execvp(command[0], command)
        print(path)
    except errors.Error as error:
        print('no Python 2.7: %s' % '\n'.join(error.lines()), file=sys.stderr)
        return errors.FAILED
    except KeyboardInterrupt:
        return errors.STOPPED
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
