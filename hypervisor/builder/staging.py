# SPDX-License-Identifier: Apache-2.0

"""Results of builds, kept in the cache until they are installed or packed."""

import dataclasses
import os
import re
import shutil
import stat
import tempfile
import time

from harness import files
from harness import run
from hypervisor.builder import series
from hypervisor.builder.components import component

_ABOUT = 'about.json'
_TREE = 'tree'
_ELF = b'\x7fELF'


@dataclasses.dataclass(frozen=True)
class Staged:
    """A component that is ready to be installed.

    ``about`` holds name, key, source and version of the source package, the
    series and its patches, Debian's ``depends``, and for each file of ``tree``
    its SHA-256 and mode, or where it links to.
    """

    folder: str
    about: dict

    @property
    def tree(self):
        return os.path.join(self.folder, _TREE)

    @property
    def size(self):
        return sum(os.lstat(os.path.join(self.tree, path)).st_size
                   for path in self.about['files'])


def find(folder, key):
    """Return what was staged under a key, None if nothing was."""
    about = files.read_json(os.path.join(folder, _ABOUT))
    if about is None or about['key'] != key:
        return None
    return Staged(folder, about)


def stage(part, work, folder, about):
    """Make the tree of a component, whole or not at all."""
    with files.draft_folder(folder) as draft:
        tree = os.path.join(draft, _TREE)
        part.stage(work, tree)
        binaries = _strip(tree)
        about = dict(about, built=int(time.time()), files=describe(tree),
                     depends=_depends(part, binaries, [tree, work.edge]))
        files.write_json(os.path.join(draft, _ABOUT), about, 0o644)
        shutil.rmtree(folder, ignore_errors=True)
    return Staged(folder, about)


def describe(tree):
    """Return {path: what it is} of all files of a tree."""
    return {path: describe_file(os.path.join(tree, path))
            for path in sorted(component.files_below(tree))}


def describe_file(path):
    """Return what a manifest says of a file, None if it is not there."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(mode):
        return {'link': os.readlink(path)}
    return {'sha256': series.file_hash(path),
            'mode': '%o' % stat.S_IMODE(mode)}


def _strip(tree):
    """Strip all programs and libraries; return their paths."""
    binaries = []
    for path in component.files_below(tree):
        path = os.path.join(tree, path)
        if os.path.islink(path):
            continue
        with open(path, 'rb') as file:
            if file.read(len(_ELF)) != _ELF:
                continue
        run.output(['strip', '--strip-unneeded', path])
        binaries.append(path)
    return binaries


def _depends(part, binaries, trees):
    """Return Debian's dependencies of binaries, as dpkg computes them.

    :param trees: where libraries of ours are, which no package has
    """
    if not binaries:
        return []
    with tempfile.TemporaryDirectory(prefix='ovs-shlibdeps-') as folder:
        # it insists on being called in a source package
        os.mkdir(os.path.join(folder, 'debian'))
        with open(os.path.join(folder, 'debian', 'control'), 'w') as file:
            file.write('Source: staged\n\nPackage: staged\n'
                       'Architecture: any\n')
        text = run.output(
            ['dpkg-shlibdeps', '-O', '--ignore-missing-info']
            + ['-l' + os.path.join(tree, 'lib') for tree in trees if tree]
            + ['-x' + package for package in part.stands_for]
            + ['-e' + path for path in binaries], cwd=folder)
    found = re.search(r'^shlibs:Depends=(.*)$', text, re.MULTILINE)
    return found.group(1).split(', ') if found else []
