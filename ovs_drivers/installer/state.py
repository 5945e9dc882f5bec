# SPDX-License-Identifier: Apache-2.0

"""The record of a tree: the folder .ovs-drivers beside its packages.

It holds ``manifest.json`` (each file with its checksums before and after) and
``original/`` (the files as they were). It is beside the packages and not in
them, so that it survives an upgrade of a package, and a .gitignore of its own
hides it in a source checkout.
"""

import glob
import json
import os
import shutil
import tempfile

from ovs_drivers.installer import errors
from ovs_drivers.installer import files
from ovs_drivers.installer import owner

FOLDER = '.ovs-drivers'
FORMAT = 1


class State(object):
    """The record of one tree."""

    def __init__(self, root):
        self.root = root
        self.folder = os.path.join(root, FOLDER)
        self._manifest_path = os.path.join(self.folder, 'manifest.json')
        content = files.read(self._manifest_path)
        # Also what a run that was killed left: a folder without a manifest.
        self.exists = os.path.isdir(self.folder) or bool(self._trash())
        manifest = self._parse(content) if content is not None else {}
        self.status = manifest.get('status')
        self.entries = manifest.get('files', {})

    def _parse(self, content):
        try:
            manifest = json.loads(content.decode('utf-8'))
            if manifest['format'] == FORMAT:
                return manifest
            problem = 'has format %s' % manifest['format']
        except (ValueError, KeyError, TypeError) as error:
            problem = 'cannot be read: %s' % error
        raise errors.ForeignChange(
            '%s %s' % (self._manifest_path, problem),
            'use the version of ovs-drivers that wrote it; or remove the '
            'folder %s: the marks in the files are enough to uninstall'
            % self.folder)

    def is_ours(self, path, content):
        """Say whether a file is exactly as it was left here."""
        entry = self.entries.get(path, {})
        return files.checksum(content) in (entry.get('after'),
                                           entry.get('replaced'))

    def original(self, path):
        """Return a file as it was before, or None."""
        content = files.read(self._original_path(path))
        entry = self.entries.get(path)
        if (content is None or entry is None
                or files.checksum(content) != entry['before']):
            return None
        return content

    def record(self, transaction, items, status):
        """Write the manifest and keep the originals of some files."""
        for item in items:
            self.entries[item.path] = self._entry(item)
        manifest = {'format': FORMAT, 'status': status,
                    'files': self.entries}
        text = json.dumps(manifest, indent=1, sort_keys=True) + '\n'
        transaction.put(os.path.join(self.folder, '.gitignore'), b'*\n')
        transaction.put(self._manifest_path, text.encode('utf-8'))
        for item in items:
            if item.clean is not None:
                transaction.put(self._original_path(item.path), item.clean)

    def _entry(self, item):
        entry = {'before': item.clean and files.checksum(item.clean),
                 'after': files.checksum(item.installed)}
        if item.current not in (None, item.clean, item.installed):
            # An older version of ours: an update may be interrupted.
            entry['replaced'] = files.checksum(item.current)
        if item.clean is not None:
            entry['blocks'] = item.blocks
        return entry

    def drop_bytecode(self, transaction, path):
        """Drop what Python compiled from a file: it compiles it again."""
        for compiled in files.bytecode_of(os.path.join(self.root, path)):
            transaction.drop(compiled)
            if os.path.basename(os.path.dirname(compiled)) == '__pycache__':
                transaction.drop_folder_if_empty(os.path.dirname(compiled))

    def sweep(self):
        """Remove what a run that was killed left half-done."""
        for place, _folders, _names in os.walk(self.folder):
            files.sweep(place)
        with owner.acting_for(self.folder):
            for trash in self._trash():
                shutil.rmtree(trash)

    def remove(self):
        """Forget everything, in one step."""
        with owner.acting_for(self.folder):
            self._remove()

    def _remove(self):
        if os.path.isdir(self.folder):
            trash = tempfile.mkdtemp(prefix=FOLDER + '-', suffix='.old',
                                     dir=self.root)
            os.rename(self.folder, os.path.join(trash, FOLDER))
            shutil.rmtree(trash)

    def _trash(self):
        return glob.glob(os.path.join(self.root, FOLDER + '-*.old'))

    def _original_path(self, path):
        return os.path.join(self.folder, 'original', path)
