# SPDX-License-Identifier: Apache-2.0

"""What guests are made of: a kernel, busybox and programs out of Debian's
packages. Nothing is installed, and nothing is mounted."""
