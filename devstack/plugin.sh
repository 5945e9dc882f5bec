#!/usr/bin/env bash
# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.
#
# plugin.sh - what the plugin does in each phase of DevStack

case "$1 $2" in
    "stack pre-install")
        echo_summary "Open vStorage: checking the settings"
        check_openvstorage
        ;;
    "stack install")
        echo_summary "Open vStorage: installing (hypervisor: $OVS_HYPERVISOR, storagedriver: $OVS_STORAGEDRIVER)"
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
    "unstack ")
        echo_summary "Open vStorage: stopping, and taking the drivers out"
        unstack_openvstorage
        ;;
    "clean ")
        echo_summary "Open vStorage: removing what was installed"
        clean_openvstorage
        ;;
esac
