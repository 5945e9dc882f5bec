# SPDX-License-Identifier: Apache-2.0

"""The parts of guests: a kernel, busybox and programs out of Debian's
packages. Nothing is installed, and nothing is mounted."""
