# shellcheck shell=bash
# A private PostgreSQL (14 or newer): loopback only, no Unix socket, a password for everyone, and settings for
# speed rather than for surviving a power cut. It refuses to run as root, so root lends it to another user, with
# its files in a folder of that user (ours may lie below a folder that only root may enter).

# Prints the folder of the newest server programs, if one is new enough.
postgres_programs() {
    local folder best='' best_version=0 version
    for folder in ${POSTGRES_PROGRAMS:-/usr/lib/postgresql/*/bin /usr/pgsql-*/bin} "$(dirname "$(command -v postgres || echo /none/x)")"; do
        if [ ! -x "$folder/postgres" ] || [ ! -x "$folder/initdb" ]; then continue; fi
        version=$("$folder/postgres" --version 2>/dev/null | sed -E 's/[^0-9]*([0-9]+).*/\1/')
        if [ "${version:-0}" -gt "$best_version" ]; then
            best=$folder best_version=$version
        fi
    done
    [ "$best_version" -ge 14 ] || return 1
    printf '%s' "$best"
}

# The user that runs the server: ourselves, or for root `postgres` (made by the package) or `nobody`.
postgres_user() {
    if [ "$(id -u)" -ne 0 ]; then
        id -un
    elif id postgres >/dev/null 2>&1; then
        printf postgres
    else
        printf nobody
    fi
}

# Prints the words that turn a command into one of that user: it becomes the process itself, no parent stays.
postgres_as() {
    local user
    [ "$(id -u)" -eq 0 ] || return 0
    user=$(postgres_user)
    printf '%s\n' setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups --
}

# Makes the folder for the data, where the server's user can reach it, and remembers it in HOME/place.
postgres_place() {
    local user base place
    if [ "$(id -u)" -ne 0 ]; then
        mkdir -p "$1/server"
        printf '%s' "$1/server" >"$1/place"
        return 0
    fi
    user=$(postgres_user)
    for base in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
        place=$(mktemp -d "$base/fhir-bulk-export-postgres.XXXXXXXX" 2>/dev/null) || continue
        printf '%s' "$place" >"$1/place"
        chown "$user:$(id -g "$user")" "$place"
        if (cd / && "${as[@]}" test -w "$place" 2>/dev/null); then return 0; fi
        rmdir "$place"
    done
    rm -f "$1/place"
    fail "no folder for PostgreSQL's data that the user $user may write to (tried ${TMPDIR:-/tmp}, /tmp, /var/tmp)"
}

postgres_prepare() {
    local home=$1 log=$2 programs place as user
    [ ! -e "$home/initialised" ] || return 0
    programs=$(postgres_programs) || fail 'no PostgreSQL server 14 or newer: run deploy/dev/services install'
    have psql || fail 'psql is missing: run deploy/dev/services install'
    mapfile -t as < <(postgres_as)
    postgres_discard "$home"
    postgres_place "$home"
    place=$(<"$home/place")
    user=$(postgres_user)
    [ -s "$home/password" ] || random_hex >"$home/password"
    install -m 0600 -o "$user" "$home/password" "$place/password"
    if ! (cd "$place" && "${as[@]}" "$programs/initdb" --pgdata="$place/data" --username=bulk_export \
        --auth=scram-sha-256 --pwfile="$place/password" --encoding=UTF8 --no-locale --no-sync) >>"$log" 2>&1; then
        show_tail "$log"
        fail 'initdb failed'
    fi
    rm "$place/password"
    postgres_settings >>"$place/data/postgresql.conf"
    touch "$home/initialised"
}

postgres_settings() {
    cat <<-'CONF'
		listen_addresses = '127.0.0.1'
		unix_socket_directories = ''
		fsync = off
		full_page_writes = off
		max_connections = 300
		max_prepared_transactions = 100
		shared_buffers = 256MB
		max_wal_size = 4GB
		timezone = 'UTC'
		log_timezone = 'UTC'
		log_line_prefix = '%m [%p] %a '
	CONF
    # Of the same name, the last line wins.
    printf '%s\n' "${POSTGRES_SETTINGS:-}"
}

postgres_ports() { port_of "$1" postgres >/dev/null; }

postgres_run() {
    local home=$1 place as programs
    programs=$(postgres_programs)
    place=$(<"$home/place")
    mapfile -t as < <(postgres_as)
    # A killed server leaves its lock file, and in a container whose first process buries no dead, its pid still exists
    # as a zombie: PostgreSQL would believe it to be alive.
    wait_until 10 postgres_deserted "$place" || fail "processes still run in $place/data"
    rm -f "$place/data/postmaster.pid"
    (cd "$place" && spawn "$home/pid" "$2" "${as[@]}" "$programs/postgres" -D "$place/data" -p "$(port_of "$home" postgres)")
}

# Has every process of the server ended? All of them work in the data folder, and a zombie works nowhere.
postgres_deserted() {
    local folder
    for folder in /proc/[0-9]*/cwd; do
        if [ "$folder" -ef "$1/data" ]; then return 1; fi
    done
}

# Runs psql as the superuser: postgres_sql HOME DATABASE, the SQL comes on standard input.
postgres_sql() {
    PGPASSWORD=$(<"$1/password") PGCONNECT_TIMEOUT=5 timeout 20 psql -X -q -A -t -v ON_ERROR_STOP=1 \
        -h 127.0.0.1 -p "$(port_of "$1" postgres)" -U bulk_export -d "$2"
}

postgres_answers() {
    local answer
    answer=$(postgres_sql "$1" postgres 2>/dev/null <<-'SQL'
		SHOW data_directory;
		SELECT 'CREATE DATABASE bulk_export' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'bulk_export') \gexec
	SQL
    ) && [ "$answer" = "$(<"$1/place")/data" ]
}

postgres_env() {
    say "DATABASE_URL=postgres://bulk_export:$(<"$1/password")@127.0.0.1:$(port_of "$1" postgres)/bulk_export"
    say "POSTGRES_PID=$(service_pid "$1")"
}

# SIGINT is PostgreSQL's fast shutdown: sessions are ended, the data are written.
postgres_stop() { terminate "$1/pid" INT 20; }

# Removes the data, wherever they were put.
postgres_discard() {
    local place
    [ -s "$1/place" ] || return 0
    place=$(<"$1/place")
    case $place in
    "$1/server" | */fhir-bulk-export-postgres.????????) rm -rf "$place" ;;
    *) fail "$1/place names a folder that is not ours: $place" ;;
    esac
    rm -f "$1/place" "$1/initialised"
}
