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
# test_services.sh - how processes run in the eras of DevStack

# DevStack and the plugin read what is set here
# shellcheck disable=SC1091,SC2034

source "$(dirname "${BASH_SOURCE[0]}")/unittest.sh"
load_plugin
set +o errexit

# in_systemd_era COMMAND... - run it as on a DevStack that has units, where
# sudo changes a copy of /etc/systemd
function in_systemd_era {
    (
        # DevStack's own, looked for by its name
        # shellcheck disable=SC2317,SC2329
        function write_user_unit_file { :; }
        # shellcheck disable=SC2317,SC2329
        function sudo {
            if [[ $1 != systemctl ]]; then
                "${@//\/etc\/systemd/$SANDBOX/systemd}"
            fi
        }
        # shellcheck disable=SC2317,SC2329
        function run_process { printf '<%s>' "$@"; }
        "$@"
    )
}

# override_of SERVICE - print what the plugin adds to a unit
function override_of {
    cat "$SANDBOX/systemd/system/devstack@$1.service.d/openvstorage.conf"
}

function test_paths_of_units {
    local before=$PATH
    ENABLED_SERVICES=c-vol,ovs-sd
    in_systemd_era put_prefix_on_service_paths
    in_systemd_era put_prefix_on_service_paths
    assert_equal "[Service]
Environment=\"PATH=$SANDBOX/prefix/bin:$SANDBOX/prefix/sbin:$PATH\"" \
        "$(override_of c-vol)" "cinder-volume finds our qemu-img"
    assert_says 'LimitNOFILE=65536' "$(override_of ovs-sd)" \
        "the storagedriver may open files"
    assert_false "a service that is not enabled is left alone" \
        test -e "$SANDBOX/systemd/system/devstack@n-cpu.service.d"
    assert_equal "$before" "$PATH" "everybody else's PATH stays"
    touch "$SANDBOX/systemd/system/devstack@ovs-sd.service"
    in_systemd_era remove_service_overrides
    assert_equal "" "$(find "$SANDBOX/systemd/system" -mindepth 1)" \
        "nothing is left of it"
}

function test_paths_without_units {
    local before=$PATH
    put_prefix_on_service_paths
    put_prefix_on_service_paths
    assert_equal "$SANDBOX/prefix/bin:$SANDBOX/prefix/sbin:$before" "$PATH" \
        "what stack.sh starts inherits the PATH, once"
    assert_equal "$SANDBOX/prefix/bin:$SANDBOX/prefix/sbin:$before" \
        "$(bash -c 'echo $PATH')" "it is exported"
    PATH=$before
}

function test_processes_of_root {
    assert_equal '<x><cmd a><><root>' "$(in_systemd_era \
        run_root_process x 'cmd a')" "a unit has a user"
    USE_SYSTEMD=False
    assert_equal "<x><sudo env PATH=$PATH cmd a>" "$(in_systemd_era \
        run_root_process x 'cmd a')" "Pike in a screen has not"
    unset USE_SYSTEMD
}

function test_ending_a_recorded_process {
    local file=$SANDBOX/process.pid process
    assert_true "no file, no process" stop_recorded_process "$file" 1
    echo >"$file"
    assert_true "an empty file" stop_recorded_process "$file" 1
    sleep 600 &
    process=$!
    disown
    echo $process >"$file"
    stop_recorded_process "$file" 10
    assert_false "it has ended on return" kill -0 $process 2>/dev/null
    bash -c 'trap "" TERM; while :; do sleep 1; done' &
    process=$!
    disown
    echo $process >"$file"
    assert_says 'does not end' "$(stop_recorded_process "$file" 1)" \
        "one that does not listen is killed, and named"
}

test_paths_of_units
test_paths_without_units
test_processes_of_root
test_ending_a_recorded_process
report_results
