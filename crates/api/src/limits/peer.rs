//! By which address a client without a token is counted.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::HttpRequest;

/// Gives the client's address: the peer's, or behind so many proxies of ours what the farthest of them wrote. What stands
/// left of that in `X-Forwarded-For` anybody may have written, so it counts for nothing. One who has an IPv6 address
/// has 2^64 of them, so the first half counts.
pub(super) fn address(request: &HttpRequest, proxies: usize) -> Option<IpAddr> {
    let peer = request.peer_addr().map(|peer| peer.ip());
    let address = if proxies == 0 {
        peer
    } else {
        forwarded(request, proxies).or(peer)
    };
    address.map(|address| match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    })
}

fn forwarded(request: &HttpRequest, proxies: usize) -> Option<IpAddr> {
    let values = request.headers().get_all("x-forwarded-for");
    let hops: Vec<&str> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let from = hops.len().checked_sub(proxies)?;
    hops[from].trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_what_our_own_proxies_wrote_is_believed() {
        let request = TestRequest::default()
            .peer_addr("10.0.0.9:4000".parse().unwrap())
            .insert_header(("X-Forwarded-For", "1.1.1.1, 2.2.2.2"))
            .append_header(("X-Forwarded-For", "3.3.3.3"))
            .to_http_request();
        let by = |proxies| address(&request, proxies).unwrap().to_string();
        assert_eq!(by(0), "10.0.0.9");
        assert_eq!(by(1), "3.3.3.3");
        assert_eq!(by(2), "2.2.2.2");
        assert_eq!(by(4), "10.0.0.9");
    }

    #[test]
    fn half_of_an_ipv6_address_counts() {
        let by = |peer: &str| {
            let request = TestRequest::default()
                .peer_addr(peer.parse().unwrap())
                .to_http_request();
            address(&request, 0).unwrap().to_string()
        };
        assert_eq!(by("[2001:db8:1:2:3:4:5:6]:1"), "2001:db8:1:2::");
        assert_eq!(by("[::ffff:10.0.0.1]:1"), "10.0.0.1");
    }
}
