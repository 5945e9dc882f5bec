# SPDX-License-Identifier: Apache-2.0

"""The toolkit of the builder, the testbed, the self-test and the tools.

============  ==============================================================
module        does
============  ==============================================================
``errors``    errors with a hint and a log, and the exit codes of commands
``run``       runs a command: log, time limit, Ctrl-C, the line that says why
``wait``      waits for a condition, for so long and no longer
``progress``  a line for each phase with its time; tables of times
``files``     files and folders that are there whole or not at all; locks
``cache``     the project's cache folder
``apt``       Debian packages: which are missing, install, fetch, unpack
``guest``     parts of guests, out of Debian's packages
============  ==============================================================

It needs the standard library only, and imports nothing of the project.
"""
