# SPDX-License-Identifier: Apache-2.0

"""Parts of a guest, out of Debian's packages."""

import contextlib
import glob
import gzip
import lzma
import os
import re
import tempfile

from harness import apt
from harness import errors
from harness import run
from harness.guest import cpio

#: where libraries are; some packages have a folder of their own below
_LIBRARIES = ('lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu')
_LOADER = 'ld-linux-x86-64.so.2'
_DEPENDS = re.compile(rb'(?<!\w)depends=([^\0]*)\0')


@contextlib.contextmanager
def unpacked(packages, log=None):
    """Fetch packages and give what is in them, for a while."""
    with tempfile.TemporaryDirectory(prefix='ovs-guest-') as work:
        # apt fetches as a user of its own, who must get in there
        os.chmod(work, 0o755)
        folder = os.path.join(work, 'root')
        apt.fetch_and_unpack(packages, work, folder, log)
        yield Parts(folder)


class Parts:
    """The files of packages that were unpacked into a folder."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        """Return where a file is: in / or, in later releases, in /usr."""
        for place in name, os.path.join('usr', name):
            path = os.path.join(self.folder, place)
            if os.path.exists(path):
                return path
        raise errors.Error('no package of the guest has %s' % name)

    def kernel(self):
        path, = glob.glob(os.path.join(self.folder, 'boot', 'vmlinuz-*'))
        return path

    def modules_folder(self):
        """Return the folder of the kernel's modules; its name is the
        kernel's version."""
        path, = glob.glob(os.path.join(self.path('lib/modules'), '*'))
        return path

    def modules(self, wanted):
        """Return {path below the folder of modules: content}, each module
        after those that it needs. One that is built in needs no file."""
        home = self.modules_folder()
        paths = {_name(path): path for path in glob.glob(
            os.path.join(home, '**', '*.ko*'), recursive=True)}
        with open(os.path.join(home, 'modules.builtin')) as stream:
            built_in = {_name(line.strip()) for line in stream}
        found = {}

        def add(name):
            name = name.replace('-', '_')
            if name in built_in:
                return
            if name not in paths:
                raise errors.Error('the kernel has no module %s' % name)
            target = os.path.relpath(paths[name], home).removesuffix('.xz')
            if target not in found:
                content = _read_module(paths[name])
                for needed in _needs(content):
                    add(needed)
                found[target] = content
        for name in wanted:
            add(name)
        return found

    def library(self, name):
        for folder in self._library_folders():
            path = os.path.join(folder, name)
            if os.path.exists(path):
                return path
        raise errors.Error('no package of the guest has %s' % name)

    def _library_folders(self):
        homes = [os.path.join(self.folder, folder) for folder in _LIBRARIES]
        return homes + sorted({
            os.path.dirname(path) for home in homes
            for path in glob.glob(os.path.join(home, '*', 'lib*.so*'))})

    def program(self, name):
        """Return {path in the guest: path here} of a program, the loader and
        all libraries that the loader would load."""
        loader = self.library(_LOADER)
        found = {name: self.path(name), 'lib64/' + _LOADER: loader}
        said = run.output([
            loader, '--inhibit-cache', '--library-path',
            ':'.join(self._library_folders()), '--list', found[name]])
        for library, path in re.findall(r'^\s*([^\s/]+) => (.+?)(?: \(0x.*)?$',
                                        said, re.MULTILINE):
            if not path.startswith(self.folder):
                raise errors.Error('no package of the guest has %s, which %s '
                                   'needs' % (library, name))
            found['lib/' + library] = path
        return found


def initramfs(parts, init, modules):
    """Return a compressed archive that a kernel unpacks as its first root
    file system.

    :param parts: packages with busybox and a kernel
    :param init: path of the script that is run in it; it loads the files of
                 /modules in the order of their names
    """
    archive = cpio.Archive()
    for name in 'bin', 'dev', 'modules', 'proc', 'root', 'sys':
        archive.add_folder(name)
    archive.add_character_device('dev/console', 5, 1)
    archive.add_file('init', _read(init), 0o755)
    archive.add_file('bin/busybox', _read(parts.path('bin/busybox')), 0o755)
    for number, (path, content) in enumerate(parts.modules(modules).items()):
        archive.add_file('modules/%02d-%s' % (number, os.path.basename(path)),
                         content)
    return gzip.compress(archive.content(), 6)


def _name(path):
    """Return the name of a module, of the path of its file."""
    return os.path.basename(path).split('.')[0].replace('-', '_')


def _needs(content):
    """Return the names of the modules that a module needs."""
    found = _DEPENDS.search(content)
    return found.group(1).decode().split(',') if found and found.group(1) \
        else []


def _read_module(path):
    content = _read(path)
    return lzma.decompress(content) if path.endswith('.xz') else content


def _read(path):
    with open(path, 'rb') as stream:
        return stream.read()
