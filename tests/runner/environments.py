# SPDX-License-Identifier: Apache-2.0

"""Makes the things that legs need, once in a run; the next run uses them."""

import asyncio

from tests.runner import paths
from tests.runner import processes

#: Debian's programs first: meson and pytest are packages of Debian
DEBIAN = {'PATH': '/usr/bin:/bin:{path}'}
_FLAVOURS = {
    'plain': ('-Db_sanitize=none',),
    'asan': ('-Db_sanitize=address,undefined', '-Db_lundef=false'),
    'tsan': ('-Db_sanitize=thread', '-Db_lundef=false')}
#: root may not do that in every container
_MAY_MOUNT = ('unshare --mount true || (echo "root may not mount here; hint: '
              'take a machine, or a container with the right to"; exit 1)')


class NotMade(Exception):
    """A thing that a leg needs could not be made; the text says why."""


class Maker:
    """Makes what legs need."""

    def __init__(self):
        self._made = {}

    async def make(self, need, log):
        """Make a thing, unless this run has made it; tell it in an open log.

        A need is a name of ``RECIPES``, often with a word behind a colon.
        """
        if need not in self._made:
            name, _, word = need.partition(':')
            self._made[need] = asyncio.ensure_future(self._follow(
                need, RECIPES[name](word) if word else RECIPES[name](), log))
        await asyncio.shield(self._made[need])

    async def _follow(self, need, commands, log):
        values = paths.values()
        for command in commands:
            if await processes.run(
                    [word.format_map(values) for word in command], log):
                raise NotMade('%s could not be made, see %s'
                              % (need, log.name))

    async def stop(self):
        """End what is still being made."""
        for task in self._made.values():
            task.cancel()
        await asyncio.gather(*self._made.values(), return_exceptions=True)


def tox(environment, *arguments):
    """Return the command that runs tox, in no other run at the same time."""
    python27 = ('/usr/bin/python3', '-m', 'ovs_testbed.python27')
    return (*(python27 if 'py27' in environment else ()),
            'flock', '{cache}/tox-%s.lock' % environment, '{tools}/bin/tox',
            '-q', '--workdir', '{cache}/tox', '-e', environment, *arguments)


def _edge(flavour):
    """Build edge/, plain or with a sanitizer."""
    folder = '{top}/build/edge-' + flavour
    debian = ('env', 'PATH=' + DEBIAN['PATH'])
    # meson does nothing where the folder is set up
    return [('mkdir', '-p', '{top}/build'),
            (*debian, 'flock', folder + '.lock', 'meson', 'setup',
             *_FLAVOURS[flavour], folder, 'edge'),
            (*debian, 'flock', folder + '.lock', 'ninja', '-C', folder)]


def _hypervisor():
    """Build QEMU and libvirt where the machine does not see them."""
    return [
        (*processes.AS_ROOT, 'sh', '-c', _MAY_MOUNT),
        ('hypervisor/build', '--root', '{cache}/hypervisor/root')]


#: Name of a need and its recipe: the commands that make it, or find it made
RECIPES = {'edge': _edge, 'hypervisor': _hypervisor,
           'tox': lambda name: [tox(name, '--notest')]}
