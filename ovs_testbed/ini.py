# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.
"""Configuration files as oslo.config reads them."""

from ovs_testbed import files


def render(sections):
    """Make the text of a file.

    :param sections: {section: {option: value}}; a list of values becomes an
                     option that is given several times, None leaves it out
    """
    blocks = []
    for section, options in sections.items():
        lines = ['[%s]' % section]
        for option, value in options.items():
            values = value if isinstance(value, (list, tuple)) else [value]
            lines += ['%s = %s' % (option, _text(item)) for item in values
                      if item is not None]
        blocks.append('\n'.join(lines) + '\n')
    return '\n'.join(blocks)


def _text(value):
    text = ('true' if value else 'false') if isinstance(value, bool) \
        else str(value)
    if '\n' in text:
        raise ValueError('a value of one line is wanted: %r' % text)
    return text


def write(path, sections):
    """Write a file that only its owner reads: it may hold passwords."""
    files.write(path, render(sections))
