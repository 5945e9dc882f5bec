# SPDX-License-Identifier: Apache-2.0

"""The cache folder: sources, builds under way, results, logs."""

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile

from hypervisor.builder import failure

NAME = 'devstack-plugin-openvstorage'


def default_folder():
    """Return where the project keeps what can be made again."""
    home = os.environ.get('OVS_CACHE')
    if not home:
        home = os.path.join(
            os.environ.get('XDG_CACHE_HOME') or
            os.path.expanduser('~/.cache'), NAME)
    return os.path.join(home, 'hypervisor')


class Cache:
    """Paths in the cache folder, and what was remembered there."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def make(self, *names):
        """Return a folder in the cache, made if it is not there."""
        path = self.path(*names)
        try:
            os.makedirs(path, exist_ok=True)
        except OSError as error:
            raise failure.Failure(
                'the cache folder cannot be made: %s' % error,
                'name another one with --cache or OVS_CACHE')
        return path

    def log(self, name):
        return os.path.join(self.make('logs'), name + '.log')

    @contextlib.contextmanager
    def lock(self):
        """Keep other builds out of this cache."""
        self.make()
        with open(self.path('lock'), 'a+') as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise failure.Failure(
                    'another build (process %s) is using %s'
                    % (file.read().strip() or '?', self.folder),
                    'wait for it, or use another --cache')
            file.truncate(0)
            file.write('%d\n' % os.getpid())
            file.flush()
            yield

    def remember(self, name, value):
        """Keep something that a later run needs to know."""
        write_json(os.path.join(self.make('known'), name + '.json'), value)

    def recall(self, name):
        """Return what was kept under a name, None if nothing was."""
        return read_json(self.path('known', name + '.json'))


def key_of(identity):
    """Return a short name for everything that a result depends on."""
    text = json.dumps(identity, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_json(path):
    """Return the content of a file, None if there is no such file."""
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        return None
    except ValueError:
        raise failure.Failure('%s is damaged' % path,
                              'remove it and run this again')


def write_json(path, value):
    """Write a file, whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path),
                                         prefix='.%s.' %
                                         os.path.basename(path))
    try:
        with os.fdopen(handle, 'w') as file:
            json.dump(value, file, indent=1, sort_keys=True)
            file.write('\n')
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
