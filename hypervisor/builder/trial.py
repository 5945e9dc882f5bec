# SPDX-License-Identifier: Apache-2.0

"""Try a series of patches on sources of another version.

The nearest series is applied to them, file by file, and as far as it goes. The
report has the hunks that fail, and the names that the patches use and the
sources lack: a compiler finds these one at a time, and not before the hunks
are right.
"""

import dataclasses
import os
import re
import shutil

from harness import errors
from harness import run
from hypervisor.builder import series
from hypervisor.builder import sources

_NAME = re.compile(r'\b[A-Za-z_]\w{3,}\b')
_CALL = re.compile(r'\b([A-Za-z_]\w{3,})\(')
_CONSTANT = re.compile(r'\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b')
_DESIGNATOR = re.compile(r'(?:^|[{,\s])\.([a-z]\w+)\s*=', re.MULTILINE)
# "int (*call)(...)" and "type name;"
_MEMBER = r'\(\*(%s)\)\s*\(|^\s+[A-Za-z_][\w *]*[ *](%s)(?:\[\w*\])*;'
_DEFINITION = re.compile(r'^(?:[A-Za-z_][\w *]*[ *])?(\w+)\(|'
                         r'^#\s*define (\w+)|^\s+([A-Z][A-Z0-9_]+),',
                         re.MULTILINE)
_INCLUDE = re.compile(r'^\s*#\s*include "([^"]+)"', re.MULTILINE)
_COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"',
                              re.DOTALL)
_PROJECT = re.compile(r"project\(\s*'(\w+)'")
_VERSION = re.compile(r"\bversion: '([\d.]+)'")
_C = ('.c', '.h')
# headers that a build makes; names of the patches' own and of the library of
# volumes
_NOT_OF_THEM = re.compile(r'^qapi/qapi-|^trace\.h$|ovs_|openv?storage',
                          re.IGNORECASE)


def trees(wanted, projects, store, progress):
    """Yield (project, version, folder) of sources to try a series on.

    :param wanted: a version that the distribution has, or a folder of
                   unpacked sources, which stay as they are
    """
    if os.path.isdir(wanted):
        project, version = _identify(wanted)
        yield project, version, _fresh(
            store, project, version,
            lambda target: shutil.copytree(
                wanted, target, symlinks=True,
                ignore=shutil.ignore_patterns('.git')))
        return
    log = store.log('try')
    apt = sources.Sources(store.make('apt'), log)
    with progress.phase('lists of source packages'):
        apt.update()
        offered = {project: apt.versions(project) for project in projects}
    fits = [(project, version) for project in projects
            for version in offered[project] if series.is_of(version, wanted)]
    if not fits:
        raise errors.Error(
            'there is no source package of version %s' % wanted,
            'the distribution has %s; or name a folder of unpacked sources'
            % ', '.join('%s %s' % (project, version) for project in projects
                        for version in offered[project]))
    for project, version in fits:
        folder = store.path('sources', sources.folder_name(project, version))
        with progress.phase('%s: fetch and unpack' % project):
            if not os.path.isdir(folder):
                apt.download(project, version, folder)
            tree = _fresh(store, project, version,
                          lambda target: sources.unpack(folder, target, log))
        yield project, version.split(':')[-1], tree


def _identify(folder):
    """Return (project, version) of unpacked sources."""
    texts = []
    for name in 'meson.build', 'VERSION':
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            with open(path) as file:
                texts.append(file.read())
    project = _PROJECT.search(texts[0]) if texts else None
    if not project or not series.versions(project.group(1)):
        raise errors.Error(
            '%s has no sources of a project that there are patches for'
            % folder, 'name the folder that has meson.build')
    version = _VERSION.search(texts[0])
    return project.group(1), (version.group(1) if version
                              else texts[-1].strip())


def _fresh(store, project, version, make):
    """Return a folder of sources, made again by a function."""
    target = os.path.join(store.make('try'),
                          sources.folder_name(project, version))
    shutil.rmtree(target, ignore_errors=True)
    make(target)
    return target


def report(project, tree, version, say, folder=series.FOLDER):
    """Apply the nearest series to sources; say what cannot be applied.

    :param tree: the sources of that version; they are changed
    :param say: gets each line
    :return: whether all fits
    """
    nearest = series.nearest(project, version, folder)
    say('%s %s, with the series of %s' % (project, version, nearest.version))
    changes = {}
    for path in nearest.paths():
        with open(path) as file:
            changes[os.path.basename(path)] = parts(file.read())
    lost = gone([part for some in changes.values() for part in some], tree)
    failed = sum(_apply(name, some, tree, say)
                 for name, some in changes.items())
    if lost:
        say('  names that these sources lack (some may be a library\'s):')
    for name, path in lost.items():
        say('    %-30s %s' % (name, path))
    say('%d of %d hunks fail, %d names are gone; the sources, with what '
        'failed as *.rej: %s' % (
            failed, sum(part.hunks for some in changes.values()
                        for part in some), len(lost), tree))
    return not failed


def _apply(name, changes, tree, say):
    """Apply a patch as far as it goes; return how many hunks fail."""
    found = [(part, reason) for part in changes
             for reason in failures(part, tree)]
    if found:
        say('  %s' % name)
    for part, reason in found:
        say('    %s: %s' % (part.path, reason))
    return len(found)


@dataclasses.dataclass(frozen=True)
class Part:
    """What a patch does to one file."""

    path: str
    is_new: bool
    text: str

    @property
    def hunks(self):
        return len(re.findall(r'^@@ ', self.text, re.MULTILINE))

    @property
    def added(self):
        return '\n'.join(re.findall(r'^\+(?!\+\+ )(.*)$', self.text,
                                    re.MULTILINE))


def parts(patch):
    """Return what a patch does, file by file.

    :param patch: its text, as git writes it
    """
    found = []
    for text in re.split(r'^(?=diff --git )', patch, flags=re.MULTILINE)[1:]:
        path = re.match(r'diff --git a/\S+ b/(\S+)$', text,
                        re.MULTILINE).group(1)
        found.append(Part(path, '\n--- /dev/null\n' in text, text))
    return found


def failures(part, tree):
    """Apply a part to sources; return what of it cannot be applied."""
    if not part.is_new and not os.path.exists(os.path.join(tree, part.path)):
        return ['hunk %d, there is no such file' % (number + 1)
                for number in range(part.hunks)]
    try:
        run.run(['patch', '--strip=1', '--fuzz=0', '--forward', '--batch',
                 '--no-backup-if-mismatch'], clean=True, cwd=tree,
                stdin=part.text)
    except errors.CommandFailed as error:
        return ['hunk %s, at line %s' % hunk for hunk in re.findall(
            r'^Hunk #(\d+) FAILED at (\d+)', error.said, re.MULTILINE)] or [
            str(error)]
    return []


def gone(changes, tree):
    """Return {name: file that uses it} of what untouched sources lack.

    :param changes: the parts of all patches
    """
    users, defined = {}, set()
    for part in changes:
        if not part.path.endswith(_C):
            continue
        code = _COMMENT_OR_TEXT.sub(' ', part.added)
        for name in (_INCLUDE.findall(part.added) + _CALL.findall(code)
                     + _CONSTANT.findall(code)
                     + ['.' + name for name in _DESIGNATOR.findall(code)]):
            users.setdefault(name, part.path)
        defined.update(name for names in _DEFINITION.findall(code)
                       for name in names)
        defined.update('.' + name for name in _members(code, r'\w+'))
    wanted = {name for name in users
              if name not in defined and not _NOT_OF_THEM.search(name)}
    return {name: users[name] for name in
            sorted(wanted - _there(wanted, tree))}


def _there(wanted, tree):
    """Return which names sources have."""
    found = set()
    for folder, _folders, names in os.walk(tree):
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(_C) and os.path.isfile(path):
                found.update(one for one in wanted
                             if path.endswith('/' + one))
                with open(path, errors='replace') as file:
                    text = file.read()
                words = set(_NAME.findall(text))
                found |= wanted & words
                found.update('.' + one for word in words
                             if '.' + word in wanted
                             for one in _members(text, word))
    return found


def _members(code, name):
    """Return what structures of C code have that name."""
    return {one for pair in re.findall(_MEMBER % (name, name), code,
                                       re.MULTILINE)
            for one in pair if one}
