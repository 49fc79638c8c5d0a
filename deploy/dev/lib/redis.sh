# shellcheck shell=bash
# A private Redis: loopback, a password, bounded memory and no eviction, as in production.

redis_prepare() {
    if ! have redis-server || ! have redis-cli; then fail 'redis-server is missing: run deploy/dev/services install'; fi
    [ -s "$1/password" ] || random_hex >"$1/password"
}

redis_ports() {
    local port
    port=$(port_of "$1" redis)
    cat >"$1/redis.conf" <<-CONF
		bind 127.0.0.1
		protected-mode yes
		port $port
		requirepass $(<"$1/password")
		dir "$1"
		daemonize no
		databases 1024
		logfile ""
		maxmemory 256mb
		maxmemory-policy noeviction
		appendonly yes
		save ""
	CONF
}

redis_run() { spawn "$1/pid" "$2" redis-server "$1/redis.conf"; }

redis_answers() {
    local info
    info=$(REDISCLI_AUTH=$(<"$1/password") timeout 5 redis-cli -h 127.0.0.1 -p "$(port_of "$1" redis)" INFO 2>/dev/null) || return 1
    [[ $info == *"process_id:$(service_pid "$1")"* && $info == *loading:0* ]]
}

redis_env() {
    say REDIS_HOST=127.0.0.1
    say "REDIS_PORT=$(port_of "$1" redis)"
    say "REDIS_PASSWORD=$(<"$1/password")"
    say "REDIS_PID=$(service_pid "$1")"
}

redis_stop() { terminate "$1/pid" TERM 10; }
