# SPDX-License-Identifier: Apache-2.0

"""The configuration that a program reads, found as the program finds it."""

import configparser
import glob
import os
import re

#: an argument that names a file or a folder, to the program itself or through
#: uwsgi
_ARGUMENT = re.compile(r'(?:--pyargv=)?--config-(file|dir)(?:=(.*))?\Z')
#: variables that name a folder, and files in it or by their whole path;
#: without files, all in the folder
_FOLDER = re.compile(r'OS_([A-Z]+)_CONFIG_DIR\Z')
_FILES = re.compile(r'OS_([A-Z]+)_CONFIG_FILES\Z')
#: where the files are that a program reads without being told
ETC = '/etc'


def files_of(command, variables):
    """The files of options that a program is told to read, by its arguments
    or by its variables."""
    return _of_arguments(list(command)) or _of_variables(variables)


def _of_arguments(words):
    found = []
    for word, following in zip(words, words[1:] + ['']):
        match = _ARGUMENT.match(word)
        if match:
            path = match[2] or following
            found += [path] if match[1] == 'file' else _in_folder(path)
    return found


def _in_folder(folder):
    return sorted(glob.glob(os.path.join(folder, '*.conf')))


def usual_files(project, program):
    """The files that a program reads without being told, as oslo.config looks
    for them."""
    found = []
    for name in dict.fromkeys((project, program)):
        found += [path for path in (
            os.path.join(ETC, project, name + '.conf'),
            os.path.join(ETC, name + '.conf')) if os.path.exists(path)][:1]
    for name in dict.fromkeys((project, program)):
        found += _in_folder(os.path.join(ETC, project, name + '.conf.d'))
    return found


def value_of(words, option):
    """The value of an option in a command line, None without it."""
    for word, following in zip(words, words[1:] + ['']):
        name, _, value = word.partition('=')
        if name == '--' + option:
            return value or following
    return None


def _of_variables(variables):
    folders, files = {}, {}
    for name, value in variables.items():
        if match := _FOLDER.match(name):
            folders[match[1]] = value
        elif match := _FILES.match(name):
            files[match[1]] = value.split(';')
    for owner in folders.keys() - files.keys():
        files[owner] = sorted(glob.glob('*.conf', root_dir=folders[owner]))
    return [os.path.join(folders.get(owner, '%s/%s' % (ETC, owner.lower())),
                         name)
            for owner, names in sorted(files.items()) for name in names]


class Configuration:
    """The sections of some files; a later file wins.

    ``wrong`` has the errors of files that cannot be read to their ends.
    """

    def __init__(self, paths):
        self._files = {}
        self.wrong = []
        for path in paths:
            # no section lends its options to the others
            parser = configparser.ConfigParser(
                interpolation=None, strict=False, default_section='\0')
            try:
                parser.read(path)
            except (configparser.Error, UnicodeDecodeError) as error:
                self.wrong.append('%s: %s' % (
                    path, ' '.join(str(error).split())))
            self._files[path] = parser

    def sections(self):
        """Their names, each once."""
        return list(dict.fromkeys(
            section for parser in self._files.values()
            for section in parser.sections()))

    def section(self, name):
        """The options of a section."""
        options = {}
        for parser in self._files.values():
            if parser.has_section(name):
                options.update(parser[name])
        return options

    def get(self, section, option, default=None):
        return self.section(section).get(option, default)

    def place(self, section, option):
        """Say where an option is, for people."""
        paths = [path for path, parser in self._files.items()
                 if parser.has_option(section, option)] or list(self._files)
        return '%s in [%s] of %s' % (
            option, section, paths[-1] if paths else 'no file that is found')
