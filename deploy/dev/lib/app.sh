# shellcheck shell=bash
# The product's own programs as a development stack: one api and two workers on loopback, with a secret of their own.
# A stack lives in a folder DIR in which the services run: DIR/app holds its settings and pids, DIR/NAME.log its logs.

app_names='api worker-1 worker-2'
programs=${CARGO_TARGET_DIR:-target}/debug

build_programs() { cargo build --locked --workspace --bins; }

# Writes the settings once: app_settings DIR NAME=value... (those of the caller come last and win)
app_settings() {
    local dir=$1 port
    shift
    mkdir -p "$dir/app"
    [ ! -s "$dir/app/settings" ] || return 0
    port=$(free_port)
    cat "$dir/env" - >"$dir/app/settings" <<-SETTINGS
		API_LISTEN=127.0.0.1:$port
		API_PRIVATE_LISTEN=127.0.0.1:$(free_port)
		PUBLIC_BASE_URL=http://127.0.0.1:$port
		OPERATOR_COOKIE_KEY=$(random_hex)
		AUTH_DEV_SECRET=$(random_hex)
		AUTH_ISSUER=https://issuer.example.org
		AUTH_AUDIENCE=fhir-bulk-export
		BULK_EXPORT_URL=http://127.0.0.1:$port/fhir/r4
		FHIR_SOURCE=clinical,*=store
		LOG_FORMAT=pretty
		NO_COLOR=1
		$(printf '%s\n' "$@")
	SETTINGS
}

# Exports the settings of a stack into this shell.
app_environment() {
    local name value
    while IFS='=' read -r name value; do
        [ -z "$name" ] || export "$name=$value"
    done <"$1/app/settings"
}

# Starts one program and waits until it is ready: app_start DIR NAME PROGRAM LISTEN_ADDRESS
app_start() {
    local pidfile=$1/app/$2.pid log=$1/$2.log
    our_pid "$pidfile" >/dev/null && return 0
    rm -f "$pidfile"
    spawn "$pidfile" "$log" "$programs/$3"
    if ! wait_until 30 app_settled "$pidfile" "$4" || is_gone "$pidfile"; then
        fail "$2 did not become ready (http://$4/readyz)"
    fi
}

app_settled() { is_gone "$1" || local_curl --fail --max-time 2 -o /dev/null "http://$2/readyz" 2>/dev/null; }

# Starts the api and two workers of a stack whose settings this shell has.
app_start_all() {
    local name listen
    app_start "$1" api bulk-export-api "$API_LISTEN"
    for name in worker-1 worker-2; do
        [ -s "$1/app/$name.listen" ] || printf '127.0.0.1:%s' "$(free_port)" >"$1/app/$name.listen"
        listen=$(<"$1/app/$name.listen")
        # A receiver of webhooks on this machine: docs/webhooks.md has one.
        WEBHOOK_ALLOW_PRIVATE='yes, this is for development' WORKER_LISTEN=$listen app_start "$1" "$name" bulk-export-worker "$listen"
    done
}

# Stops what runs, workers first: they hand back what they hold. Twenty-five seconds is their own grace.
app_stop_all() {
    local name
    for name in worker-1 worker-2 api; do
        if [ -e "$1/app/$name.pid" ]; then terminate "$1/app/$name.pid" TERM 30; fi
    done
}

app_show_logs() {
    local name
    for name in $app_names; do
        if [ -e "$1/$name.log" ]; then show_tail "$1/$name.log" 12; fi
    done
}

# Prints a token: app_token ROLE [SUBJECT]
app_token() {
    if [ $# -gt 1 ]; then
        "$programs/bulk-export" token --role "$1" --sub "$2" --ttl 8h
    else
        "$programs/bulk-export" token --role "$1" --ttl 8h
    fi
}

sql() { psql -X -q -A -t -P pager=off -v ON_ERROR_STOP=1 -c "$1" "$DATABASE_URL"; }
