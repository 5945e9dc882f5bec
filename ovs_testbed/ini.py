# SPDX-License-Identifier: Apache-2.0

"""Configuration files as oslo.config reads them."""

from harness import files


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
