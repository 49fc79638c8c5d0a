# shellcheck shell=bash
# Starting and stopping one private server. A service NAME (postgres, redis, kubo) gives these functions:
#   NAME_prepare HOME   makes its data unless they are there already      NAME_answers HOME  is it ready, and ours?
#   NAME_ports HOME     chooses its ports and writes its configuration    NAME_env HOME      prints its lines of env
#   NAME_run HOME LOG   spawns it                                         NAME_stop HOME     ends the process
# HOME is DIR/NAME. A file `ours` in it says that we made it: nothing else is ever removed.

service_pid() { our_pid "$1/pid"; }

# Starts one service, and waits until it answers: launch DIR NAME
launch() {
    local home=$1/$2 log=$1/$2.log name=$2 offset
    if service_pid "$home" >/dev/null && "${name}_answers" "$home"; then
        note "$name is running already"
        return 0
    fi
    if [ -e "$home" ] && [ ! -e "$home/ours" ]; then
        fail "$home is there and was not made by this script: left alone"
    fi
    mkdir -p "$home" && touch "$home/ours"
    "${name}_stop" "$home"
    "${name}_prepare" "$home" "$log"
    for _ in {1..8}; do
        "${name}_ports" "$home"
        touch "$log"
        offset=$(wc -c <"$log")
        "${name}_run" "$home" "$log"
        if wait_until 20 "settled" "$name" "$home" && service_pid "$home" >/dev/null; then
            "${name}_env" "$home" >"$home/env"
            return 0
        fi
        "${name}_stop" "$home"
        tail -c "+$((offset + 1))" "$log" | grep -qi 'address already in use' || break
        # Somebody else was quicker: another port.
        rm -f "$home"/*.port
    done
    show_tail "$log"
    fail "$name did not start"
}

# A start is over when the server answers, or when its process has ended.
settled() { is_gone "$2/pid" || "$1_answers" "$2"; }

# Prints the port of that name, chosen at the first call; it stays the same when the service is started again.
port_of() {
    local file=$1/$2.port
    [ -s "$file" ] || free_port >"$file"
    cat "$file"
}

# Stops one service and, unless told to keep them, removes its data: halt DIR NAME KEEP
halt() {
    local home=$1/$2
    [ -e "$home/ours" ] || return 0
    "$2_stop" "$home"
    rm -f "$home/env"
    if [ "$3" = no ]; then
        if declare -F "$2_discard" >/dev/null; then "$2_discard" "$home"; fi
        rm -rf "$home" "$1/$2.log"
    fi
}
