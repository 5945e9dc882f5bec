# SPDX-License-Identifier: Apache-2.0

"""The operations: install, uninstall, check and diff of one environment."""

import difflib
import os

from ovs_drivers.installer import errors
from ovs_drivers.installer import files
from ovs_drivers.installer import interpreter
from ovs_drivers.installer import registrations
from ovs_drivers.installer import releases
from ovs_drivers.installer import runtime
from ovs_drivers.installer import survey


def check_releases(environment):
    """Refuse packages that do not belong together.

    :raises ReleaseMismatch: names two of them
    """
    problem = releases.mismatch(environment.versions)
    if problem:
        raise errors.ReleaseMismatch(
            '%s: %s' % (environment.label, problem),
            'install packages of one release, or use --allow-mismatch if '
            'you know that these work together')


def plan(environment):
    """Return the trees that an installation would change.

    :raises InstallerError: a reason why nothing may be touched
    """
    trees = survey.survey(environment)
    for tree in trees:
        if not tree.is_done:
            files.check_writable([tree.path(item) for item in tree.todo]
                                 + [tree.state.folder])
    return trees


def install(environment):
    """Install, verify, and put everything back if that fails.

    What is installed already is verified, too.

    :returns: the paths that were written
    """
    with files.locked(environment.roots()):
        trees = plan(environment)
        if all(tree.is_done for tree in trees):
            verify(environment)
            return []
        written = []
        with files.Transaction() as transaction:
            unfinished = [tree for tree in trees if not tree.is_done]
            for tree in unfinished:
                _sweep(tree)
                tree.state.record(transaction, tree.todo, 'installing')
                for item in tree.todo:
                    tree.state.drop_bytecode(transaction, item.path)
                    transaction.put(tree.path(item), item.installed)
                    written.append(tree.path(item))
            verify(environment)
            for tree in unfinished:
                tree.state.record(transaction, [], 'installed')
        return written


def _sweep(tree):
    """Remove what a run that was killed left half-written."""
    for folder in set(os.path.dirname(tree.path(item))
                      for item in tree.items):
        files.sweep(folder)
    tree.state.sweep()


def verify(environment):
    """Import the drivers in the environment's interpreter.

    :raises VerificationFailed: with what the interpreter said
    """
    if environment.purelib is None:
        return
    # Each in a process of its own: Cinder and Nova do not share one.
    for package in sorted(environment.openstack):
        try:
            environment.ask('verify', package)
        except interpreter.NoAnswer as failure:
            raise errors.VerificationFailed(
                '%s: the drivers do not work with %s\n%s'
                % (environment.label, package.replace('_', '-'),
                   failure.details or failure.reason),
                'repair what does not import there, then run the command '
                'again; an installation that fails puts everything back')


def uninstall(environment):
    """Undo everything that an installation did.

    :returns: the paths that were restored or removed
    """
    with files.locked(environment.roots()):
        uninstalls = plan_uninstall(environment)
        with files.Transaction() as transaction:
            for each in uninstalls:
                each.carry_out(transaction)
        for each in uninstalls:
            each.state.sweep()
            each.state.remove()
        return [path for each in uninstalls for path in each.paths()]


def plan_uninstall(environment):
    """Return an Uninstall for each tree with something of ours in it.

    :raises InstallerError: a reason why nothing may be touched
    """
    uninstalls = []
    for root in environment.roots():
        packages = [name for name, package in environment.openstack.items()
                    if package.root == root]
        planned = Uninstall(survey.Tree(root, packages, False))
        if planned.changes or planned.state.exists:
            files.check_writable(planned.paths() + [planned.state.folder])
            uninstalls.append(planned)
    return uninstalls


class Uninstall(object):
    """The changes that undo an installation in one tree."""

    def __init__(self, tree):
        self.tree = tree
        self.state = tree.state
        edited = set(survey.edited_paths(tree.packages))
        ours = dict((path, content) for package in tree.packages
                    for path, content
                    in registrations.MODULES[package].items())
        for path, entry in self.state.entries.items():
            if entry['before'] is not None:
                edited.add(path)
            elif not self._belongs_to_pip(path):
                ours.setdefault(path, None)
        # Registrations go first: they must never name what is not there.
        self.changes = [change for change in
                        [self._restoring(path) for path in sorted(edited)]
                        + [self._removal(path, content) for path, content
                           in sorted(ours.items())] if change]

    def paths(self):
        """Return the files that change."""
        return [os.path.join(self.tree.root, path)
                for path, _content in self.changes]

    def removed(self):
        """Return those of them that go; the others are restored."""
        return [os.path.join(self.tree.root, path)
                for path, content in self.changes if content is None]

    def _belongs_to_pip(self, path):
        return (path.split('/')[0] == runtime.PACKAGE
                and runtime.owned_by_pip(self.tree.root))

    def _restoring(self, path):
        """Return the path and its content without our lines, or None."""
        current = files.read(os.path.join(self.tree.root, path))
        if current is None:
            return None
        clean = survey.without_blocks(self.tree, path, current)
        if self.state.is_ours(path, current):
            clean = self.state.original(path) or clean
        return (path, clean) if clean != current else None

    def _removal(self, path, content):
        """Return the path and None, or None if there is nothing of ours."""
        full_path = os.path.join(self.tree.root, path)
        current = files.read(full_path)
        if current is None:
            return None
        if current == content or self.state.is_ours(path, current):
            return path, None
        if path not in self.state.entries:
            return None  # never ours
        raise errors.ForeignChange(
            '%s was changed after ovs-drivers put it there' % full_path,
            'save it elsewhere if you need it, remove it, then run the '
            'command again')

    def carry_out(self, transaction):
        """Restore and remove."""
        if self.state.exists:
            self.state.record(transaction, [], 'uninstalling')
        for path, content in self.changes:
            full_path = os.path.join(self.tree.root, path)
            self.state.drop_bytecode(transaction, path)
            if content is None:
                transaction.drop(full_path)
            else:
                transaction.put(full_path, content)
        for path in self.state.entries:
            files.sweep(os.path.dirname(os.path.join(self.tree.root, path)))
            self._drop_empty_folders(transaction, path)

    def _drop_empty_folders(self, transaction, path):
        """Remove the folders of our copy; others' folders stay."""
        folder = os.path.dirname(path)
        while folder.split('/')[0] == runtime.PACKAGE:
            transaction.drop_folder_if_empty(
                os.path.join(self.tree.root, folder))
            folder = os.path.dirname(folder)


STATES = {
    errors.ForeignChange: 'changed by another tool',
    errors.ReleaseMismatch: 'releases do not match',
    errors.UnknownLayout: 'unknown layout',
    errors.VerificationFailed: 'does not work',
}


def check(environment, allow_mismatch=False):
    """Return the state of an environment and the problem, if any."""
    try:
        if not allow_mismatch:
            check_releases(environment)
        trees = survey.survey(environment)
        if all(tree.is_done for tree in trees):
            verify(environment)
            return 'installed', None
        if all(item.is_untouched for tree in trees for item in tree.items
               if item.path.split('/')[0] != runtime.PACKAGE):
            word = 'not installed'
        else:
            word = 'partly installed'
        return word, errors.NotInstalled(
            '%s: %s' % (environment.label, word),
            'run ovs-drivers install')
    except errors.InstallerError as problem:
        return STATES.get(type(problem), 'no answer'), problem


def diff(environment):
    """Return what an installation changes or has changed, as a diff."""
    parts = []
    for tree in survey.survey(environment):
        for item in tree.items:
            if item.path.split('/')[0] != runtime.PACKAGE:
                parts += _diff_item(tree, item)
        if tree.has_copy:
            parts.append('Only with the drivers: %s\n'
                         % os.path.join(tree.root, runtime.PACKAGE))
    return ''.join(parts)


def _diff_item(tree, item):
    path = tree.path(item)
    before, after = [
        (content or b'').decode('utf-8', 'replace').splitlines(True)
        for content in (item.clean, item.installed)]
    return difflib.unified_diff(
        before, after, os.devnull if item.clean is None else path, path)
