# SPDX-License-Identifier: Apache-2.0

"""The base of the components."""

import dataclasses
import json
import os
import re
import shutil

from harness import run

# Packages for unpacking, patching and compiling.
TOOLCHAIN = ('dpkg-dev', 'gcc', 'libc6-dev', 'meson', 'ninja-build', 'patch',
             'pkg-config', 'python3')
_NINJA_STEP = re.compile(r'^(\[\d+/\d+\])')


@dataclasses.dataclass
class Work:
    """One build: where it happens, and what it may use."""

    source: str         # folder of the sources, patched
    build: str          # folder for what the compiler makes
    log: str
    jobs: int
    prefix: str
    series: str = None  # version of the series of patches, if it has one
    python: str = None  # that has a newer meson than the distribution's
    edge: str = None    # the tree of the component edge, once there is one

    def run(self, command, cwd=None, on_line=None, **environment):
        run.run(command, self.log, clean=True, env=environment,
                cwd=cwd or self.source, on_line=on_line, why=run.first_error)

    def ninja(self, targets, phase):
        """Compile the targets; the phase shows how far it is."""
        def show(line):
            step = _NINJA_STEP.match(line)
            if step:
                phase.detail = step.group(1)
        try:
            self.run(['ninja', '-j', str(self.jobs)] + list(targets),
                     cwd=self.build, on_line=show)
        finally:
            phase.detail = ''

    def outputs(self, kinds=None):
        """Return what is compiled and installed, relative to the build.

        :param kinds: of targets, as meson names them; None: all
        """
        targets = json.loads(run.output(
            ['meson', 'introspect', '--targets', self.build]))
        return [os.path.relpath(path, self.build) for target in targets
                if target['installed'] and (not kinds or
                                            target['type'] in kinds)
                for path in target['filename']]

    def install(self, tree, kept):
        """Let meson install, and keep some of it as the tree.

        :param kept: paths of files and folders below the prefix
        """
        # It installs all or nothing: let it see what was not compiled.
        for path in self.outputs():
            path = os.path.join(self.build, path)
            if not os.path.exists(path):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                open(path, 'w').close()
        root = tree + '.root'
        self.run(['meson', 'install', '--no-rebuild', '-C', self.build,
                  '--destdir', root], cwd=self.build)
        for path in kept:
            target = os.path.join(tree, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.rename(os.path.join(root + self.prefix, path), target)
        shutil.rmtree(root)
        # what stood in for something that was not compiled
        for path in list(files_below(tree)):
            path = os.path.join(tree, path)
            if not os.path.islink(path) and not os.path.getsize(path):
                os.unlink(path)


class Component:
    """Something to build and install.

    ``name``; ``source``, the distribution's source package or None;
    ``description``, a line for the package; ``build_packages`` and
    ``runtime_packages``, Debian packages; ``build_packages_of``, those that
    only some series need; ``meson_of``, the oldest meson that they accept;
    ``stands_for``, those whose libraries it has itself; ``depends_on``,
    components that must be there too.
    """

    name = None
    source = None
    description = None
    build_packages = TOOLCHAIN
    build_packages_of = {}      # {version of a series: packages}
    meson_of = {}               # {version of a series: version of meson}
    runtime_packages = ()
    stands_for = ()
    depends_on = ()

    def identity(self, prefix, version):
        """Return what the result depends on, beside source and patches.

        :param version: that of the series of patches, None without one
        """
        raise NotImplementedError

    def configure(self, work):
        raise NotImplementedError

    def compile(self, work, phase):
        raise NotImplementedError

    def stage(self, work, tree):
        """Put what is to be installed into a tree."""
        raise NotImplementedError


def with_values(options):
    """Return {'a': 'b'} as Meson's arguments: ['-Da=b']."""
    return ['-D%s=%s' % option for option in options.items()]


def files_below(folder):
    """Yield paths of all files and links, relative to the folder."""
    for parent, folders, files in os.walk(folder):
        links = [name for name in folders
                 if os.path.islink(os.path.join(parent, name))]
        for name in sorted(files + links):
            yield os.path.relpath(os.path.join(parent, name), folder)
