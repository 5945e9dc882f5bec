# SPDX-License-Identifier: Apache-2.0

"""Find the owners of files, and let root work in the place of an owner.

Root reads and writes each file, and runs each interpreter, as the first user
on the way to it who is not root. That user can put any file there, also a link
to another place. If root worked there as root, that user could use root to
change any file of the machine.
"""

import contextlib
import glob
import grp
import os
import pwd
import re
import stat

from ovs_drivers.installer import errors

_MOST_LINKS = 40


class Owner(object):
    """A user to be for a while."""

    def __init__(self, uid, gid):
        """Describe a user.

        :param gid: the group of one that no data base of users knows
        """
        self.uid = uid
        self._gid = gid

    @property
    def name(self):
        """Return the user's name for messages."""
        return self._entry().pw_name

    @property
    def home(self):
        """Return the home folder."""
        return self._entry().pw_dir

    def _entry(self):
        try:
            return pwd.getpwuid(self.uid)
        except KeyError:
            return pwd.struct_passwd(('uid %d' % self.uid, '*', self.uid,
                                      self._gid, '', '/', '/bin/false'))

    def _groups(self):
        """Return the groups, the main one first."""
        entry = self._entry()
        return [entry.pw_gid] + [group.gr_gid for group in grp.getgrall()
                                 if entry.pw_name in group.gr_mem]

    @property
    def is_us(self):
        """Say whether we are this user already."""
        return self.uid == os.geteuid()

    @contextlib.contextmanager
    def acting(self):
        """Be this user, and root again afterwards."""
        if self.is_us:
            yield
            return
        before = os.getegid(), os.getgroups()
        groups = self._groups()
        os.setgroups(groups)
        os.setegid(groups[0])
        os.seteuid(self.uid)
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(before[0])
            os.setgroups(before[1])

    def become(self):
        """Be this user for good: for a process that runs his programs."""
        os.setsid()  # no terminal of ours
        groups = self._groups()
        os.setgroups(groups)
        os.setresgid(groups[0], groups[0], groups[0])
        os.setresuid(self.uid, self.uid, self.uid)


def _ourselves():
    return Owner(os.geteuid(), os.getegid())


def of_path(path):
    """Return the owner in whose place a path is used.

    That is the first on the way to it who may put something else there: a
    plain file's own owner may not.

    :raises NotTrusted: others may do so, too
    """
    if os.geteuid() != 0:
        return _ourselves()
    owner = None
    for place, status in _way_to(os.path.abspath(path)):
        if owner is None and status.st_uid != 0 and not stat.S_ISREG(
                status.st_mode):
            owner = Owner(status.st_uid, status.st_gid)
        if _others_may_write(status, owner.uid if owner else 0):
            raise _not_trusted(place, status, owner or _ourselves())
    return owner or _ourselves()


def acting_for(path):
    """Be the owner in whose place a path is used, for a while."""
    return of_path(path).acting()


def of_interpreter(python, folders=()):
    """Return the user who may run an interpreter.

    :param folders: the packages that it will import
    :raises NotTrusted: others than a user and root may write its programs
    """
    if os.geteuid() != 0:
        return _ourselves()
    found = {}
    steps = [step for path in [python] + _loaded_by(python) + list(folders)
             for step in _way_to(os.path.abspath(path))]
    steps += [step for folder in folders for step in _below(folder)]
    for place, status in steps:
        if _others_may_write(status, status.st_uid):
            raise _not_trusted(place, status,
                               Owner(status.st_uid, status.st_gid))
        if status.st_uid != 0:
            found.setdefault(status.st_uid, (place, status.st_gid))
    if len(found) > 1:
        raise errors.NotTrusted(
            '%s runs what several users may write: %s' % (python, ', '.join(
                '%s (%s)' % (place, Owner(uid, gid).name)
                for uid, (place, gid) in sorted(found.items()))),
            'let all of it belong to one user, or to root')
    return [Owner(uid, gid) for uid, (_place, gid) in found.items()][0] \
        if found else _ourselves()


def _not_trusted(place, status, owner):
    return errors.NotTrusted(
        '%s may be written by others than %s (mode %o)'
        % (place, owner.name, stat.S_IMODE(status.st_mode)),
        'take the right from them (chmod go-w), or run ovs-drivers as a user '
        'who trusts them')


def _loaded_by(python):
    """Return the files and folders that make an interpreter's programs."""
    found = []
    real = os.path.realpath(python)
    number = re.match(r'python(\d)(\.\d+)?$', os.path.basename(real))
    names = ['python' + number.group(1), number.group(0)] if number else [
        'python*']
    for program in (python, real):
        prefix = os.path.dirname(os.path.dirname(program))
        found.append(os.path.join(prefix, 'pyvenv.cfg'))
        for library in ('lib', 'lib64', 'local/lib'):
            for name in names:
                for packages in glob.glob(os.path.join(
                        prefix, library, name, '*-packages')):
                    found += [packages] + _named_by_pth(packages)
    return found


def _named_by_pth(packages):
    """Return the folders that the .pth files of a folder add."""
    found = []
    for name in filter(os.path.isfile,
                       glob.glob(os.path.join(packages, '*.pth'))):
        with open(name, 'rb') as lines:
            for line in lines.read().decode('utf-8', 'replace').split('\n'):
                place = os.path.join(packages, line.strip())
                if line.strip() and os.path.isdir(place):
                    found.append(place)
    return found


def _way_to(path):
    """Yield each step of the way to a path and its status, links followed.

    It ends where there is nothing.
    """
    place, left, links = '/', path.split(os.sep), 0
    yield place, os.lstat(place)
    while left:
        name = left.pop(0)
        if name == '..':
            place = os.path.dirname(place)
        if name in ('', '.', '..'):
            continue
        step = os.path.join(place, name)
        try:
            status = os.lstat(step)
        except EnvironmentError:
            return
        yield step, status
        if not stat.S_ISLNK(status.st_mode):
            place = step
            continue
        links += 1
        if links > _MOST_LINKS:
            raise errors.NotTrusted(
                '%s leads through more than %d links' % (path, _MOST_LINKS),
                'give the real path')
        target = os.readlink(step)
        left = target.split(os.sep) + left
        if os.path.isabs(target):
            place = '/'


def _below(folder):
    """Yield each entry of a folder and its status."""
    for place, folders, names in os.walk(folder):
        for name in folders + names:
            path = os.path.join(place, name)
            yield path, os.lstat(path)


def _others_may_write(status, uid):
    """Say whether others than a user and root may change a file."""
    mode = status.st_mode
    if stat.S_ISLNK(mode) or mode & stat.S_ISVTX:
        return False  # a link has no mode; in a sticky folder each has his own
    return bool(mode & stat.S_IWOTH or (
        mode & stat.S_IWGRP and _has_others(status.st_gid, uid)))


def _has_others(gid, uid):
    """Say whether a group has other members than a user and root."""
    try:
        names = grp.getgrgid(gid).gr_mem
    except KeyError:
        return gid not in (0, uid)
    members = set(user.pw_uid for user in pwd.getpwall()
                  if user.pw_gid == gid or user.pw_name in names)
    return bool(members - set([0, uid]))
