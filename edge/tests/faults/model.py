# SPDX-License-Identifier: Apache-2.0

"""The checker: what volumes may hold, by what was asked and acknowledged.

A sector is known by the version that was written to it last. After a kill it
has exactly that; after a power cut any version since the last flush. A request
that was asked and not answered is in force or not. A change of names that was
not answered leaves two states that a volume may be in.
"""

import struct

SECTOR = 512


class Wrong(AssertionError):
    """The store does not hold what it must."""


def stamp(version):
    """Return the content of a sector of this version; 0 is zeros."""
    return struct.pack('>Q', version) * (SECTOR // 8)


class Content:
    """Sectors: their content now, and their content after a power cut."""

    def __init__(self, count=0):
        self.now = [0] * count
        self.maybe = {}         # sector: older versions that may be durable
        self.asked = {}         # sector: version that was not answered

    def copy(self):
        """Copy the content without writes that have no answer."""
        copy = Content()
        copy.now = list(self.now)
        copy.maybe = {sector: set(versions)
                      for sector, versions in self.maybe.items()}
        return copy

    def grow(self, count):
        self.now += [0] * (count - len(self.now))

    def ask(self, sectors, version):
        for sector in sectors:
            if sector >= len(self.now):
                continue                    # it has not grown yet
            if sector in self.asked:
                self.maybe.setdefault(sector, set()).add(self.asked[sector])
            self.asked[sector] = version

    def answered(self, sectors, durable=False):
        for sector in sectors:
            if sector not in self.asked:
                continue
            if durable:
                self.maybe.pop(sector, None)
            else:
                self.maybe.setdefault(sector, set()).add(self.now[sector])
            self.now[sector] = self.asked.pop(sector)

    def flushed(self):
        self.maybe.clear()

    def allowed(self, sector, after_cut):
        versions = {self.now[sector]}
        if sector in self.asked:
            versions.add(self.asked[sector])
        if after_cut:
            versions |= self.maybe.get(sector, set())
        return versions

    def difference(self, data, after_cut):
        """Return the first wrong sector in words, or None."""
        if len(data) != len(self.now) * SECTOR:
            return 'it has %d bytes for %d' % (len(data),
                                               len(self.now) * SECTOR)
        for sector in range(len(self.now)):
            found = data[sector * SECTOR:(sector + 1) * SECTOR]
            allowed = self.allowed(sector, after_cut)
            if found not in [stamp(version) for version in allowed]:
                return 'sector %d holds %r, allowed are the versions %s' % (
                    sector, found[:8], sorted(allowed))
        return None

    def adopt(self, data, durable):
        """Take the data read for the content; no write is pending now."""
        for sector in {*self.asked, *self.maybe}:
            version = int.from_bytes(
                data[sector * SECTOR:sector * SECTOR + 8], 'big')
            if sector in self.asked:
                self.maybe.setdefault(sector, set()).update(
                    (self.now[sector], self.asked[sector]))
            self.now[sector] = version
        self.asked.clear()
        if durable:
            self.maybe.clear()


class State:
    """A volume as its record has it."""

    def __init__(self, sectors):
        self.content = Content(sectors)
        self.snapshots = {}     # name: Content, oldest first

    def copy(self):
        copy = State(0)
        copy.content = self.content.copy()
        copy.snapshots = {name: content.copy()
                          for name, content in self.snapshots.items()}
        return copy

    def grow(self, sectors):
        self.content.grow(sectors)

    def snapshot(self, name):
        self.snapshots[name] = self.content.copy()

    def remove_snapshot(self, name):
        del self.snapshots[name]

    def rollback(self, name):
        names = list(self.snapshots)
        for newer in names[names.index(name) + 1:]:
            del self.snapshots[newer]
        size = len(self.content.now)
        self.content = self.snapshots[name].copy()
        self.content.grow(size)

    def flushed(self):
        self.content.flushed()
        for content in self.snapshots.values():
            content.flushed()


class Volume:
    """A volume, in any of the states that it may be in; None: it is not there.

    The last one is what the engine has.
    """

    def __init__(self, name, sectors, parent=None):
        self.name, self.parent = name, parent   # parent: (volume, snapshot)
        self.states = [None, State(sectors)]

    @property
    def now(self):
        return self.states[-1]

    def change(self, method, *arguments):
        """Add the state after a change that has no answer yet."""
        after = self.now.copy()
        getattr(after, method)(*arguments)
        self.states.append(after)

    def remove(self):
        self.states.append(None)

    def settle(self, state):
        """Keep this state only: the engine has answered."""
        self.states = [state]

    def take_back(self, state):
        """Drop the state: the engine has refused the change."""
        self.states.remove(state)

    def contents(self):
        return [state.content for state in self.states if state]

    def flushed(self):
        self.settle(self.now)
        self.now.flushed()

    def may_be_absent(self):
        return None in self.states

    def may_be_present(self):
        return any(self.states)
