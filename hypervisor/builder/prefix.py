# SPDX-License-Identifier: Apache-2.0

"""Install under a prefix, verify, uninstall."""

import os
import shutil
import stat

from harness import errors
from harness import files
from harness import run
from hypervisor.builder import configuration
from hypervisor.builder import confinement
from hypervisor.builder import staging
from hypervisor.builder import users

DEFAULT = '/opt/openvstorage'
MANIFEST = 'share/openvstorage/hypervisor.json'
_QEMU_SETTINGS = 'etc/libvirt/qemu.conf'
# A guest's monitor is a UNIX socket whose name has 107 bytes at most:
# PREFIX/var/lib/libvirt/qemu/domain-10000-instance-0000000a/monitor.sock
_LONGEST = 107 - len('/var/lib/libvirt/qemu/domain-10000-'
                     'instance-0000000a/monitor.sock')
_FORBIDDEN = ('/', '/usr', '/usr/local', '/etc', '/var', '/opt', '/home')


def check_name(path):
    """Return the prefix as it is written everywhere, if it can be one."""
    path = os.path.abspath(path)
    if path in _FORBIDDEN:
        raise errors.Error('%s is shared with others' % path,
                           'use a folder of its own, like ' + DEFAULT)
    if len(os.fsencode(path)) > _LONGEST:
        raise errors.Error(
            'the prefix %s is too long: sockets of guests below it would '
            'have names of more than 107 bytes' % path,
            'use %d bytes at most' % _LONGEST)
    if any(character.isspace() or character in '%"\'\\$:'
           for character in path):
        raise errors.Error(
            'the prefix %s has characters that settings cannot hold' % path,
            'use letters, digits, "/", "-", "_" and "."')
    return path


class Prefix:
    """An installation.

    :param root: where the prefix is to be written, when that is not where it
        will be used (as DESTDIR of make)
    """

    def __init__(self, path, root=''):
        self.path = path
        self.home = root + path
        self._root = root
        self.manifest = files.read_json(self._at(MANIFEST), {
            'prefix': path, 'components': {}, 'settings': {}})

    def _at(self, path):
        """Return where a file is written that is named relative to the
        prefix, or from the machine's root."""
        if os.path.isabs(path):
            return self._root + path
        return os.path.join(self.home, path)

    # what is there

    @property
    def is_empty(self):
        return not self.manifest['components']

    def installed(self, name):
        """Return what the manifest says of a component, None if absent."""
        return self.manifest['components'].get(name)

    def is_current(self, staged):
        """Say whether this very result is installed and as it was."""
        about = self.installed(staged.about['name'])
        return (about is not None and about.get('state') == 'installed'
                and about['key'] == staged.about['key']
                and about['built'] == staged.about['built']
                and not self.damage(staged.about['name']))

    def damage(self, name):
        """Return lines about files that are not as they were installed."""
        return [line for path, expected in sorted(
            self.installed(name)['files'].items())
            for line in self._difference(path, expected)]

    def changed_settings(self):
        """Return the settings that differ from how they were written."""
        return [path for path, written
                in sorted(self.manifest['settings'].items())
                if any(self._difference(path, written))]

    def _difference(self, path, expected):
        found = staging.describe_file(self._at(path))
        if found is None:
            yield '%s is missing' % path
        elif found != expected:
            what = sorted(key for key in set(found) | set(expected)
                          if found.get(key) != expected.get(key))
            yield '%s: other %s' % (path, ', '.join(what))

    def users(self):
        """Return [(pid, program)] of what runs from here."""
        found = []
        for pid in filter(str.isdigit, os.listdir('/proc')):
            link = '/proc/%s/exe' % pid
            try:
                program, is_replaced = _deleted(os.readlink(link))
                if program.startswith(self.home + '/') and (
                        is_replaced or os.path.samefile(link, program)):
                    found.append((int(pid),
                                  os.path.relpath(program, self.home)))
            except OSError:
                # it has ended, is another user's, or runs in a mount
                # namespace in which this name is another file
                continue
        return sorted(found)

    def owner(self):
        """Return the packages that own this prefix, as dpkg knows them."""
        if self.home != self.path:
            return []
        try:
            text = run.output(['dpkg', '-S', self.path + '/bin'])
        except errors.Error:
            return []
        return sorted(name.strip() for name in text.split(':')[0].split(','))

    # change

    def install(self, all_staged):
        """Put components there; files that are used stay whole.

        Every file is written beside its place and renamed, and the manifest
        names it before it is there: what is interrupted can be run again, or
        uninstalled.
        """
        for staged in all_staged:
            about = staged.about
            old = (self.installed(about['name']) or {}).get('files', {})
            self.manifest['components'][about['name']] = dict(
                about, state='being installed',
                files=dict(old, **about['files']))
            self._save()
            for path in about['files']:
                self._put(os.path.join(staged.tree, path), path)
            for path in sorted(set(old).difference(about['files'])):
                self._remove(path)
            self.manifest['components'][about['name']] = dict(
                about, state='installed')
            self._save()

    def write_settings(self, user):
        """Write the settings that are not there; return the user of QEMU.

        What the operator has changed stays.
        """
        texts = dict(configuration.settings(self.path, user,
                                            configuration.admin_group()),
                     **confinement.profiles(self.home))
        changed = self.changed_settings()
        for path, text in texts.items():
            if path in changed and os.path.exists(self._at(path)):
                continue
            if path not in self.manifest['settings'] and os.path.exists(
                    self._at(path)):
                continue
            self._write(path, text)
            self.manifest['settings'][path] = staging.describe_file(
                self._at(path))
        self._save()
        if not self._root:
            confinement.load(self._profiles())
        return self.qemu_user()

    def qemu_user(self):
        """Return the user that runs QEMU, None if there are no settings."""
        try:
            with open(self._at(_QEMU_SETTINGS)) as file:
                return configuration.user_of(file.read())
        except FileNotFoundError:
            return None

    def _profiles(self):
        """Return the paths of AppArmor's profiles."""
        return [self._at(path) for path in self.manifest['settings']
                if path.startswith(confinement.FOLDER)
                and os.path.exists(self._at(path))]

    def uninstall(self):
        """Remove what the manifest lists; return lines on what stays."""
        stays = []
        if not self._root and self._profiles():
            confinement.unload(self._profiles())
        for path in self.changed_settings():
            if os.path.lexists(self._at(path)):
                stays.append('%s was changed since it was written'
                             % self._at(path))
        for path, written in self.manifest['settings'].items():
            if not any(self._difference(path, written)):
                self._remove(path)
        for about in self.manifest['components'].values():
            for path in about['files']:
                self._remove(path)
        for path in confinement.guests(self.home):
            self._remove(path)
        self._remove(MANIFEST)
        if os.path.isdir(self._at('var')):
            stays.append('%s has state of libvirt and its guests'
                         % self._at('var'))
        guests = self._at('etc/libvirt/qemu')
        if os.path.isdir(guests):
            stays.append('%s has definitions of guests' % guests)
        if not self._root and users.is_usable(users.OWN):
            # the next user with its number would own the guests' old files
            stays.append('the user %s' % users.OWN)
        return stays

    def _save(self):
        files.write_json(self._at(MANIFEST), self.manifest, 0o644)

    def _put(self, source, path):
        target = self._at(path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        temporary = '%s.new-%d' % (target, os.getpid())
        try:
            shutil.copy2(source, temporary, follow_symlinks=False)
            os.replace(temporary, target)
        except BaseException:
            if os.path.lexists(temporary):
                os.unlink(temporary)
            raise

    def _write(self, path, text):
        files.write(self._at(path), text, 0o644)

    def _remove(self, path):
        """Remove a file, and the folders that it leaves empty."""
        target = self._at(path)
        try:
            if not stat.S_ISDIR(os.lstat(target).st_mode):
                os.unlink(target)
        except FileNotFoundError:
            pass
        folder = os.path.dirname(target)
        while folder.startswith((self.home,
                                 self._root + confinement.FOLDER)):
            try:
                os.rmdir(folder)
            except OSError:
                break
            folder = os.path.dirname(folder)


def _deleted(program):
    """Return a link of /proc without the kernel's mark, and if it had it."""
    name = program.removesuffix(' (deleted)')
    return name, name != program
