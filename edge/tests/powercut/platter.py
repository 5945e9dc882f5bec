# SPDX-License-Identifier: Apache-2.0

"""Make contents of a disk after a power failure from the recorder's file.

Synced data is there. Of the rest any sectors are there, in any combination; of
the names a prefix is there, as a journal keeps it. Data that a failed sync
should have written is lost for good. After a failed sync of names no later
sync makes names durable.
"""

import os
import struct

HEAD = struct.Struct('<cQQQI')
SECTOR = 512
PAGE = 4096


def entries(path, position=0):
    """Yields (position after it, kind, a, b, c, data)."""
    with open(path, 'rb') as record:
        record.seek(position)
        while True:
            head = record.read(HEAD.size)
            if len(head) < HEAD.size:
                return
            kind, a, b, c, length = HEAD.unpack(head)
            data = record.read(length)
            if len(data) < length:
                return
            position += HEAD.size + length
            yield position, kind.decode(), a, b, c, data


class File:
    """Durable sectors, and the changes that no sync has covered."""

    def __init__(self):
        self.sectors, self.size, self.pending = {}, 0, []
        self.settled = 0        # how many changes are durable

    def load(self, path):
        with open(path, 'rb') as content:
            for number, sector in enumerate(iter(
                    lambda: content.read(SECTOR), b'')):
                if sector.count(0) < len(sector):
                    self.sectors[number] = sector.ljust(SECTOR, b'\0')
        self.size = os.path.getsize(path)

    def written(self):
        return self.settled + len(self.pending)

    def settle(self, until):
        """The first `until` changes of the file's life are durable."""
        count = until - self.settled
        if count <= 0:
            return
        for change in self.pending[:count]:
            apply(change, self.sectors, None)
        self.size = max([self.size] + [
            change[1] + len(change[2]) for change in self.pending[:count]
            if change[0] in 'wx'])
        del self.pending[:count]
        self.settled = until

    def after_power_cut(self, rng):
        """Each sector that was not synced is there or not."""
        sectors, size = dict(self.sectors), self.size
        chance = rng.choice((0, 0.1, 0.5, 0.9, 1))
        for change in self.pending:
            if change[0] == 'w':
                kept = apply(change, sectors,
                             lambda: rng.random() < chance)
                size = max(size, kept)
            elif rng.random() < chance:
                size = max(size, apply(change, sectors, None))
        return sectors, size


def apply(change, sectors, keep):
    """Returns the end of the last byte that was kept."""
    kind, offset, data = change
    end = 0
    if kind == 'x':
        return offset
    if kind == 'p':
        first, last = offset, offset + data
        for number in list(sectors):
            start = number * SECTOR
            if first < start + SECTOR and start < last:
                content = bytearray(sectors[number])
                low, high = max(first, start), min(last, start + SECTOR)
                content[low - start:high - start] = bytes(high - low)
                sectors[number] = bytes(content)
        return end
    at = 0
    while at < len(data):
        number, inside = divmod(offset + at, SECTOR)
        part = data[at:at + SECTOR - inside]
        if keep is None or keep():
            content = bytearray(sectors.get(number, bytes(SECTOR)))
            content[inside:inside + len(part)] = part
            sectors[number] = bytes(content)
            end = offset + at + len(part)
        at += len(part)
    return end


class Disk:
    """The store's folder, as the sequence of recorded changes makes it."""

    def __init__(self, root):
        self.root = root.rstrip('/')
        self.live = {}          # path: File or 'folder', as the engine sees
        self.files = {}         # inode: File
        self.names = []         # name changes, in order
        self.durable = 0        # how many of them are durable
        self.begun = {}         # sync: (changes of each file, name count)
        self.aborted = False    # a sync of names has failed
        self.injected = 0       # how many faults the recorder has made

    def inside(self, path):
        return path == self.root or path.startswith(self.root + '/')

    def change(self, *names):
        self.names.append(names)

    def feed(self, kind, a, b, c, data):
        getattr(self, 'on_' + kind)(a, b, c, data)

    def on_o(self, inode, _b, _c, data):
        path = data.decode()
        if not self.inside(path):
            self.files.pop(inode, None)
        elif path not in self.live:
            self.live[path] = self.files[inode] = File()
            self.change('create', path, self.live[path])

    def on_t(self, inode, _b, _c, _data):
        file = self.files.get(inode)
        if file:
            file.settle(file.written())
            file.sectors, file.size = {}, 0

    def on_w(self, inode, offset, _c, data):
        if inode in self.files:
            self.files[inode].pending.append(('w', offset, data))

    def on_p(self, inode, offset, length, _data):
        if inode in self.files:
            self.files[inode].pending.append(('p', offset, length))

    def on_x(self, inode, length, _c, _data):
        if inode in self.files:
            self.files[inode].pending.append(('x', length, b''))

    def on_b(self, number, _b, _c, _data):
        self.begun[number] = (
            {inode: (file, file.written())
             for inode, file in self.files.items()},
            0 if self.aborted else len(self.names))

    def on_s(self, number, inode, _c, _data):
        file, until = self.begun.pop(number)[0].get(inode, (None, 0))
        if file:
            file.settle(until)

    def on_d(self, number, _b, _c, data):
        """A journal commits in order: all names up to the folder's last."""
        _, count = self.begun.pop(number)
        folder = data.decode()
        for index in range(count - 1, -1, -1):
            if folder in (os.path.dirname(path)
                          for path in self.names[index][1:]
                          if isinstance(path, str)):
                self.durable = max(self.durable, index + 1)
                return

    def on_f(self, _a, inode, _c, _data):
        """The kernel says so once: what was not written never is."""
        file = self.files.get(inode)
        if file:
            file.settled += len(file.pending)
            del file.pending[:]

    def on_g(self, *_):
        self.aborted = True

    def on_i(self, *_):
        self.injected += 1

    def on_r(self, _a, _b, first, data):
        old, new = data[:first].decode(), data[first:].decode()
        self.live[new] = self.live.pop(old)
        self.change('rename', old, new)

    def on_u(self, _a, _b, _c, data):
        path = data.decode()
        if self.live.pop(path, None) is not None:
            self.change('remove', path)

    def on_m(self, _a, _b, _c, data):
        path = data.decode()
        if self.inside(path):
            self.live[path] = 'folder'
            self.change('folder', path, 'folder')

    def tree_after_power_cut(self, rng):
        count = rng.choice((self.durable, len(self.names),
                            rng.randint(self.durable, len(self.names))))
        tree = {}
        for kind, path, *rest in self.names[:count]:
            if kind == 'rename':
                tree[rest[0]] = tree.pop(path)
            elif kind == 'remove':
                tree.pop(path, None)
            else:
                tree[path] = rest[0]
        return tree

    def write_after_power_cut(self, rng, target):
        """Makes a folder that may be what is left."""
        tree = self.tree_after_power_cut(rng)
        os.mkdir(target)
        for path in sorted(tree):
            name = target + path[len(self.root):]
            if tree[path] == 'folder':
                os.makedirs(name, exist_ok=True)
            else:
                write_file(name, *tree[path].after_power_cut(rng))
        return Disk.of_folder(target)

    @classmethod
    def of_folder(cls, root):
        """All that is there is durable."""
        disk = cls(root)
        for folder, _folders, names in os.walk(root):
            disk.on_m(0, 0, 0, folder.encode())
            for name in names:
                path = os.path.join(folder, name)
                disk.on_o(os.stat(path).st_ino, 0, 0, path.encode())
                disk.live[path].load(path)
        disk.durable = len(disk.names)
        return disk


def write_file(name, sectors, size):
    with open(name, 'wb') as file:
        for number, content in sorted(sectors.items()):
            if content.count(0) < SECTOR:
                file.seek(number * SECTOR)
                file.write(content[:max(0, size - number * SECTOR)])
        file.truncate(size)
