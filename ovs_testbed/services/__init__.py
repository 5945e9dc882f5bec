# SPDX-License-Identifier: Apache-2.0

"""The services of a stack, one module each; a release names those it has."""

import importlib


def load(testbed):
    """Make the services of a testbed: those of its release, in the order of
    its file, and those that were asked for."""
    paths = testbed.release.services + [
        path for path in testbed.release.optional_services
        if path in testbed.extras]
    found = (importlib.import_module('ovs_testbed.services.' + path)
             .Service(testbed) for path in paths)
    return {service.name: service for service in found}
