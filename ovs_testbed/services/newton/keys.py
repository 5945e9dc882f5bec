# SPDX-License-Identifier: Apache-2.0

"""The key manager, whose option has another name."""


class Mixin:

    def key_manager(self):
        sections = super().key_manager()
        options = sections['key_manager']
        options['api_class'] = options.pop('backend')
        return sections
