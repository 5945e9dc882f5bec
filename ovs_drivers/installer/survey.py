# SPDX-License-Identifier: Apache-2.0

"""Compare each file of an environment with what it has to be."""

import os

from ovs_drivers.installer import blocks
from ovs_drivers.installer import errors
from ovs_drivers.installer import files
from ovs_drivers.installer import registrations
from ovs_drivers.installer import runtime
from ovs_drivers.installer.state import State


class Item(object):
    """One file: as it is, without our part, and with it."""

    def __init__(self, path, current, clean, installed):
        """Describe a file.

        :param path: relative to the root of its tree
        :param current: the content now, None if there is no such file
        :param clean: the content when we are not installed, None as above
        :param installed: the content when we are installed
        """
        self.path = path
        self.current = current
        self.clean = clean
        self.installed = installed

    @property
    def blocks(self):
        """Return the lines of ours that are in the file, or will be.

        Both: an update may be interrupted before the file is written.
        """
        found = set(block for content in (self.current, self.installed)
                    for block in blocks.split(content, self.path)[1])
        return sorted(block.decode('ascii') for block in found)

    @property
    def is_done(self):
        """Say whether the file is as it has to be."""
        return self.current == self.installed

    @property
    def is_untouched(self):
        """Say whether nothing of ours is there."""
        return self.current == self.clean


class Tree(object):
    """A folder with packages in it, its record, and what goes there."""

    def __init__(self, root, packages, has_copy):
        self.root = root
        self.packages = packages
        self.state = State(root)
        self.has_copy = has_copy
        self.items = []

    def path(self, item):
        """Return where a file is."""
        return os.path.join(self.root, item.path)

    @property
    def todo(self):
        """Return the files that are not as they have to be."""
        return [item for item in self.items if not item.is_done]

    @property
    def is_done(self):
        """Say whether a run would change nothing."""
        return not self.todo and self.state.status in (None, 'installed')


def survey(environment):
    """Return the trees of an environment with an item for each file.

    Items come in the order in which they are written: what is imported
    first, the lines that make OpenStack import it last.

    :raises InstallerError: a reason why nothing may be touched
    """
    trees = _trees(environment)
    for tree in trees:
        if tree.has_copy:
            tree.items += _copy_items(tree)
        tree.items += _module_items(tree)
    for tree, items in zip(trees, _edited_items(environment, trees)):
        tree.items += items
    return trees


def _trees(environment):
    trees = []
    for root in environment.roots():
        packages = sorted(name for name, package
                          in environment.openstack.items()
                          if package.root == root)
        tree = Tree(root, packages, False)
        if root == environment.purelib:
            tree.has_copy = runtime.copy_needed(environment, tree.state)
        trees.append(tree)
    # The copy of ovs_drivers is written before the modules that import it.
    return sorted(trees, key=lambda tree: not tree.has_copy)


def _copy_items(tree):
    return [_item_of_ours(tree, path, content)
            for path, content in sorted(runtime.own_content().items())]


def _module_items(tree):
    items = []
    for package in tree.packages:
        for path, content in sorted(registrations.MODULES[package].items()):
            folder = os.path.dirname(os.path.join(tree.root, path))
            if not os.path.isfile(os.path.join(folder, '__init__.py')):
                raise errors.UnknownLayout(
                    '%s is no package folder' % folder,
                    'Newton to 2026.2 are known; restore the tree, or '
                    'report the release')
            items.append(_item_of_ours(tree, path, content))
    return items


def _item_of_ours(tree, path, content):
    """Return the item of a file that is ours alone."""
    full_path = os.path.join(tree.root, path)
    current = files.read(full_path)
    if os.path.lexists(full_path) and current is None:
        raise errors.ForeignChange(
            '%s is no plain file' % full_path, 'remove it')
    if (current not in (None, content)
            and not tree.state.is_ours(path, current)):
        raise errors.ForeignChange(
            '%s is there already and was not put there by ovs-drivers, or '
            'was changed since' % full_path,
            'save it elsewhere if you need it, remove it, then run the '
            'command again')
    return Item(path, current, None, content)


def _edited_items(environment, trees):
    """Return a list of items for each tree, asking the interpreter once."""
    places = [(tree, path) for tree in trees
              for path in edited_paths(tree.packages)]
    current = [_existing(tree, path) for tree, path in places]
    clean = [without_blocks(tree, path, content)
             for (tree, path), content in zip(places, current)]
    parsed = _parse(environment, clean)
    installed = [
        registrations.insert(path, os.path.join(tree.root, path), *rest)
        for (tree, path), rest in zip(places, zip(clean, parsed))]
    for (tree, path), answer in zip(places, _parse(environment, installed)):
        if 'error' in answer:
            raise errors.UnknownLayout(
                '%s would not parse with our lines: %s'
                % (os.path.join(tree.root, path), answer['error']),
                'report the release')
    items = dict((tree, []) for tree in trees)
    for (tree, path), contents in zip(places,
                                      zip(current, clean, installed)):
        items[tree].append(Item(path, *contents))
    return [items[tree] for tree in trees]


def _existing(tree, path):
    content = files.read(os.path.join(tree.root, path))
    if content is None:
        raise errors.UnknownLayout(
            '%s is missing' % os.path.join(tree.root, path),
            'repair or reinstall the package')
    return content


def _parse(environment, contents):
    return environment.ask('parse', [
        content.decode('latin-1') for content in contents])


def edited_paths(packages):
    """Return the files of packages that lines are inserted into."""
    return [path for package in packages
            for path in sorted(registrations.INSERTIONS[package])]


def without_blocks(tree, path, content):
    """Return a file's content without our lines.

    :raises ForeignChange: our lines were changed by another tool
    """
    full_path = os.path.join(tree.root, path)
    clean, found = blocks.split(content, full_path)
    known = registrations.known_blocks(path) + [
        block.encode('ascii') for block in
        tree.state.entries.get(path, {}).get('blocks', [])]
    for block in found:
        if block not in known:
            raise errors.ForeignChange(
                '%s: the lines between the marks of ovs-drivers were '
                'changed by another tool' % full_path,
                'remove the lines from BEGIN to END by hand, then run the '
                'command again')
    return clean
