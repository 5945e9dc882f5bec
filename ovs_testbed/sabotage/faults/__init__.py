# SPDX-License-Identifier: Apache-2.0

"""The faults, a module each; its docstring says who has suffered from it, if
that is known."""
