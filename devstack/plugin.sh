#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# plugin.sh - what the plugin does in each phase of DevStack

case "$1${2:+ $2}" in
    "stack pre-install")
        echo_summary "Open vStorage: checking the settings"
        check_openvstorage
        prepare_openvstorage
        ;;
    "stack install")
        echo_summary "Open vStorage: installing" \
            "(hypervisor: $OPENVSTORAGE_HYPERVISOR," \
            "storagedriver: $OPENVSTORAGE_STORAGEDRIVER)"
        install_openvstorage
        ;;
    "stack post-config")
        echo_summary "Open vStorage: configuring Cinder and Nova"
        configure_openvstorage
        ;;
    "stack extra")
        echo_summary "Open vStorage: making volume types"
        init_openvstorage
        ;;
    "stack test-config")
        echo_summary "Open vStorage: configuring Tempest"
        configure_tempest_for_openvstorage
        ;;
    unstack)
        echo_summary "Open vStorage: stopping, and taking the drivers out"
        unstack_openvstorage
        ;;
    clean)
        echo_summary "Open vStorage: removing what was installed"
        clean_openvstorage
        ;;
esac
