#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
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
    assert_equal "$before" "$PATH" "the PATH of others stays"
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

# await_program PROCESS PROGRAM - wait until a process has begun a program
function await_program {
    local program
    program=$(realpath "$(type -P "$2")")
    until [[ $(readlink "/proc/$1/exe") == "$program" ]]; do
        sleep 0.05
    done
}

# start_writer FILE COMMAND... - run a command that ends with a sleep, which
# keeps FILE open as a service of ours does; write its process id there
function start_writer {
    local file=$1
    : >"$file"
    "${@:2}" 600 9<"$file" &
    disown
    echo $! >"$file"
    await_program $! "${@: -1}"
}

# has_ended FILE - succeed if the process that a file names is gone
function has_ended {
    ! kill -0 "$(<"$1")" 2>/dev/null
}

function test_ending_a_recorded_process {
    local file=$SANDBOX/process.pid
    assert_true "no file, no process" stop_recorded_process "$file" 1
    echo >"$file"
    assert_true "an empty file" stop_recorded_process "$file" 1
    start_writer "$file" sleep
    stop_recorded_process "$file" 10
    assert_true "it has ended on return" has_ended "$file"
    assert_true "one that has ended" stop_recorded_process "$file" 1
    start_writer "$file" env --ignore-signal=TERM sleep
    assert_says "process $(<"$file") .* does not end" \
        "$(stop_recorded_process "$file" 1)" \
        "one that does not listen is killed, and named"
    assert_true "it has ended, too" has_ended "$file"
}

function test_strangers_with_a_recorded_number {
    local file=$SANDBOX/stranger.pid stranger
    sleep 600 &
    stranger=$!
    disown
    echo $stranger >"$file"
    stop_recorded_process "$file" 1
    assert_true "who has not written the file is left alone" \
        kill -0 $stranger
    kill -KILL $stranger
    start_writer "$file" sleep
    stop_recorded_process "$file" 1 "$(type -P bash)"
    assert_false "so is another program than the one meant" has_ended "$file"
    stop_recorded_process "$file" 10 "$(type -P sleep)"
    assert_true "the one that is meant ends" has_ended "$file"
}

function test_a_program_that_was_replaced {
    local file=$SANDBOX/replaced.pid program=$SANDBOX/program
    cp "$(type -P sleep)" "$program"
    start_writer "$file" "$program"
    cp "$(type -P sleep)" "$program.new"
    mv "$program.new" "$program"
    stop_recorded_process "$file" 10 "$program"
    assert_true "it is known as the one before" has_ended "$file"
}

function test_a_kernel_without_handles {
    local file=$SANDBOX/old.pid stop
    stop='import os, runpy, sys
vars(os).pop("pidfd_open", None)
sys.argv[:1] = []
runpy.run_path(sys.argv[0], run_name="__main__")'
    start_writer "$file" sleep
    python3 -c "$stop" "$OPENVSTORAGE_TOOLS/stop_process.py" "$file" 10
    assert_true "an old one ends it as well" has_ended "$file"
    start_writer "$file" env --ignore-signal=TERM sleep
    assert_says 'does not end' "$(python3 -c "$stop" \
        "$OPENVSTORAGE_TOOLS/stop_process.py" "$file" 1)" "and kills it"
    assert_true "on return it is gone" has_ended "$file"
}

function test_the_processes_of_a_testbed {
    local process stranger
    run_process c-vol 'sleep 600'
    process=$(<"$SERVICE_DIR/c-vol.pid")
    await_program "$process" sleep
    stop_process c-vol
    assert_false "a service ends" kill -0 "$process" 2>/dev/null
    assert_false "stop_process forgets" test -e "$SERVICE_DIR/c-vol.pid"
    setsid sleep 600 &
    stranger=$!
    disown
    echo $stranger >"$SERVICE_DIR/c-vol.pid"
    stop_process c-vol
    assert_true "and leaves a stranger's group alone" kill -0 $stranger
    kill -KILL $stranger
}

test_paths_of_units
test_paths_without_units
test_processes_of_root
test_ending_a_recorded_process
test_strangers_with_a_recorded_number
test_a_program_that_was_replaced
test_a_kernel_without_handles
test_the_processes_of_a_testbed
report_results
