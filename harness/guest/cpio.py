# SPDX-License-Identifier: Apache-2.0

"""Archives that a kernel unpacks as its first root file system."""

_MAGIC = b'070701'
_FILE, _FOLDER, _DEVICE = 0o100000, 0o040000, 0o020000


class Archive:
    """A cpio archive of the kind "newc"; needs no rights to make."""

    def __init__(self):
        self._parts = []
        self._count = 0

    def add_folder(self, name):
        self._add(name, _FOLDER | 0o755)

    def add_file(self, name, content, mode=0o644):
        self._add(name, _FILE | mode, content)

    def add_character_device(self, name, major, minor):
        self._add(name, _DEVICE | 0o600, device=(major, minor))

    def content(self):
        self._add('TRAILER!!!', 0)
        return b''.join(self._parts)

    def _add(self, name, mode, content=b'', device=(0, 0)):
        self._count += 1
        name = name.encode() + b'\0'
        # inode, mode, owner, group, links, time, size, device of the file
        # (two), device of the special file (two), length of name, checksum
        numbers = (self._count, mode, 0, 0, 1, 0, len(content), 0, 0,
                   *device, len(name), 0)
        header = _MAGIC + b''.join(b'%08x' % number for number in numbers)
        for part in (header + name, content):
            self._parts.append(part + b'\0' * (-len(part) % 4))
