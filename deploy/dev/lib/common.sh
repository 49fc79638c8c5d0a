# shellcheck shell=bash
# What every development script needs: messages, deadlines, free ports, and processes that are
# known by pid *and* birth, so that a pid that was given to another program is never signalled.

say() { printf '%s\n' "$*"; }

note() { printf '%s\n' "$*" >&2; }

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# curl to our own servers: never through the user's proxy, never for ever.
local_curl() { curl --noproxy '*' --silent --show-error --max-time 10 "$@"; }

# Prints the folder in which the built programs are kept, outside the work tree.
cache_folder() {
    local home=~
    printf '%s' "${XDG_CACHE_HOME:-$home/.cache}/fhir-bulk-export"
}

random_hex() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# Gives the first port from a random start that nobody answers on. It lies below the range from which the kernel
# takes outgoing ports, so that a server which is stopped for a while finds its port free again.
free_port() {
    local port
    for _ in {1..100}; do
        port=$((15000 + (RANDOM << 15 | RANDOM) % 16000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            printf '%s\n' "$port"
            return 0
        fi
    done
    fail 'no free port between 15000 and 31000 on 127.0.0.1'
}

# Runs a command every 50 ms until it succeeds; fails after so many seconds.
wait_until() {
    local end=$((SECONDS + $1 + 1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}

# Prints when a live process was born, in clock ticks since boot.
process_birth() {
    local stat fields
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    read -ra fields <<<"${stat##*) }"
    [ "${fields[0]}" != Z ] || return 1
    printf '%s' "${fields[19]}"
}

# Starts a command that outlives this script, in a session of its own and with none of our files open,
# and writes its pid and birth into a file: spawn PIDFILE LOG COMMAND... The child writes the file before it becomes
# the command, so that it is known even if we are killed right now.
spawn() {
    local pidfile=$1 log=$2 pid
    shift 2
    (
        trap - INT QUIT
        # Inside $(...) BASHPID would be another process's, born a moment later.
        pid=$BASHPID
        printf '%s %s\n' "$pid" "$(process_birth "$pid")" >"$pidfile.new"
        mv "$pidfile.new" "$pidfile"
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            if [ "$fd" -gt 2 ] && [ "$fd" -ne 255 ]; then eval "exec $fd>&-"; fi
        done
        exec setsid "$@"
    ) </dev/null >>"$log" 2>&1 &
    wait_until 10 test -s "$pidfile" || fail "could not start $1"
}

# Prints the pid that a file holds, if that very process still lives.
our_pid() {
    local pid birth
    [ -s "$1" ] || return 1
    read -r pid birth <"$1"
    [ -n "$birth" ] && [ "$(process_birth "$pid")" = "$birth" ] || return 1
    printf '%s' "$pid"
}

is_gone() { ! our_pid "$1" >/dev/null; }

# Ends the process of a pid file: the signal, so many seconds to obey (a frozen one is thawed), then SIGKILL.
terminate() {
    local pidfile=$1 signal=$2 seconds=$3 pid
    if pid=$(our_pid "$pidfile"); then
        kill -s "$signal" "$pid" || fail "may not signal process $pid (started by another user?)"
        kill -s CONT "$pid" 2>/dev/null || true
        if ! wait_until "$seconds" is_gone "$pidfile"; then
            note "process $pid did not end within $seconds s after SIG$signal: killed"
            kill -s KILL "$pid" 2>/dev/null || true
            wait_until 5 is_gone "$pidfile" || fail "process $pid cannot be killed"
        fi
    fi
    rm -f "$pidfile"
}

# Shows the end of a log, so that a failure explains itself.
show_tail() {
    local log=$1 lines=${2:-15}
    if [ -s "$log" ]; then
        note "--- the last lines of $log"
        tail -n "$lines" "$log" >&2
        note '---'
    else
        note "($log is empty)"
    fi
}

# Takes a lock file for the rest of the script: lock FILE SECONDS WHAT
lock() {
    have flock || fail 'flock is missing (it is in the package util-linux)'
    while true; do
        mkdir -p "${1%/*}"
        exec 9>"$1"
        flock -w "$2" 9 || fail "$3 has held $1 for $2 s"
        # Whoever held it may have removed the file with its folder: then ours is a lock that nobody else sees.
        if [ "$1" -ef /dev/fd/9 ]; then return 0; fi
    done
}
