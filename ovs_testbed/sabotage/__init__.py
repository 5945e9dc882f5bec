# SPDX-License-Identifier: Apache-2.0

"""Faults that are put into a running testbed, to see whether the doctor names
them: ``bin/check sabotage``.

A fault is a module in ``faults`` with a class ``Fault``; its docstring is its
title. Each is put in; the doctor has to name it as the cause, with the right
hint; the hint is carried out as it is written; the doctor finds no fault any
more; a volume is made, attached, written, read and detached.
"""
