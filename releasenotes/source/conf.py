# SPDX-License-Identifier: Apache-2.0

project = 'devstack-plugin-openvstorage release notes'
extensions = ['openstackdocstheme', 'reno.sphinxext']
openstackdocs_auto_name = False
openstackdocs_auto_version = False
html_theme = 'openstackdocs'
