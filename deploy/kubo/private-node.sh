#!/bin/sh
# Makes the Kubo node of this container private, before every start of its daemon.
#
# The image's entry point runs what lies in /container-init.d after `ipfs init`. The settings are written each time, not only on
# the first start, so that a repository that was changed by hand, or made by an older version of this file, is private again.
# The worker checks the same settings over the RPC and refuses a node that has others.
set -eu

: "${IPFS_PATH:?must name the repository}"

# Multiaddresses, separated by commas. The RPC port has no password of its own: a network rule must keep all but workers off it.
rpc=${KUBO_RPC_LISTEN:-/ip4/0.0.0.0/tcp/5001}
gateway=${KUBO_GATEWAY_LISTEN:-/ip4/0.0.0.0/tcp/8080}

json_list() { printf '["%s"]' "$(printf '%s' "$1" | sed 's/,/","/g')"; }
set_to() { ipfs config --json "$1" "$2" >/dev/null; }

# No third party's list of peers and resolvers; no announcements; the one form of file whose CID the worker can compute.
for profile in autoconf-off announce-off unixfs-v1-2025; do
  ipfs config profile apply "$profile" >/dev/null
done
# Each `profile apply` leaves a copy of the configuration behind, with the node's private key in it.
rm -f "$IPFS_PATH"/config-pre-*

set_to Addresses.API "$(json_list "$rpc")"
set_to Addresses.Gateway "$(json_list "$gateway")"

# It listens to no swarm, knows no peer and looks for none.
set_to Addresses.Swarm '[]'
set_to Addresses.Announce '[]'
set_to Addresses.AppendAnnounce '[]'
set_to Bootstrap '[]'
set_to Peering.Peers '[]'
set_to Routing.Type '"none"'
set_to Discovery.MDNS.Enabled false
set_to Provide.Enabled false
set_to Import.FastProvideRoot false
set_to Import.FastProvideDAG false
set_to HTTPRetrieval.Enabled false
set_to AutoTLS.Enabled false
set_to Swarm.DisableNatPortMap true
set_to Swarm.RelayClient.Enabled false
set_to Swarm.RelayService.Enabled false
set_to Swarm.EnableHolePunching false
set_to Pubsub.Enabled false
set_to Version.SwarmCheckEnabled false

# The gateway serves what is here and asks nobody. A reader may pause: the API, not the node, decides when one is too slow.
set_to Gateway.NoFetch true
set_to Gateway.NoDNSLink true
set_to Gateway.ExposeRoutingAPI false
set_to Gateway.RetrievalTimeout '"10m"'
set_to Gateway.MaxRequestDuration '"24h"'

# Files linked to from outside the repository would be stored without a copy: off. The daemon must end before it is killed.
set_to Experimental.FilestoreEnabled false
set_to Experimental.UrlstoreEnabled false
set_to Internal.ShutdownTimeout '"30s"'

echo "The node's configuration is private (unixfs-v1-2025; RPC $rpc, gateway $gateway)."
