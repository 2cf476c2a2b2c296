//! Owns the answer to "from which address does a request come?", where proxies stand before the server.
//!
//! Everybody can send `X-Forwarded-For`, and each proxy adds the address that it was called from at its end. So the header is read from its end,
//! and only as far as proxies that the operator trusts have written it: the address that the last of them saw is the caller's.
//! Without such proxies it is that of the connection, whatever the headers say.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, X_FORWARDED_FOR};
use ipnet::IpNet;

/// The proxies whose word is believed. None by default.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Box<[IpNet]>);

impl TrustedProxies {
    /// Those in these networks.
    pub fn new(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    /// Whether one of them has this address.
    pub fn contain(&self, address: IpAddr) -> bool {
        // A socket for both versions of IP shows an IPv4 address inside an IPv6 one.
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// From where a request comes; not known once its connection is gone.
    pub fn caller(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip();
        if self.0.is_empty() { Some(peer) } else { Some(self.behind(peer, request.headers())) }
    }

    /// Who asked the proxy with the address `peer`, or `peer` itself when it is none. What is no address ends the way back: the proxy
    /// that passed it on is the last that is known.
    fn behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        // Several headers are one list. Their order is that in which they came.
        let lines: Vec<_> = headers.get_all(X_FORWARDED_FOR).collect();
        let mut hops = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        let mut caller = peer;
        while self.contain(caller) {
            let Some(before) = hops.next().and_then(address) else { break };
            caller = before;
        }
        caller
    }
}

/// An address as proxies write it: bare, or with a port, as some do; an IPv6 address perhaps in brackets.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    let address = text.parse().ok().or_else(with_port).or_else(in_brackets)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::TrustedProxies;

    const LOCAL: &str = "127.0.0.1";

    fn caller(trusted: &[&str], peer: &str, lines: &[&str]) -> String {
        let networks: Vec<_> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let mut request = TestRequest::default().peer_addr((peer.parse::<std::net::IpAddr>().unwrap(), 4711).into());
        for line in lines {
            request = request.append_header(("X-Forwarded-For", *line));
        }
        TrustedProxies::new(&networks).caller(&request.to_http_request()).unwrap().to_string()
    }

    #[test]
    fn nobody_is_believed_who_is_not_trusted() {
        assert_eq!(caller(&[], LOCAL, &["192.0.2.1"]), LOCAL);
        assert_eq!(caller(&["10.0.0.0/8"], LOCAL, &["192.0.2.1"]), LOCAL);
        assert_eq!(caller(&["127.0.0.2/32"], LOCAL, &["192.0.2.1"]), LOCAL);
    }

    #[test]
    fn the_caller_is_whom_the_first_of_the_trusted_saw() {
        let trusted = ["127.0.0.0/8", "10.1.0.0/16"];
        assert_eq!(caller(&trusted, LOCAL, &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(caller(&trusted, LOCAL, &["192.0.2.1, 10.1.2.3"]), "192.0.2.1");
        assert_eq!(caller(&trusted, LOCAL, &["192.0.2.1,10.1.2.3", "127.0.0.9"]), "192.0.2.1", "lines are one list");
        assert_eq!(caller(&trusted, LOCAL, &["203.0.113.9, 192.0.2.1"]), "192.0.2.1", "what callers say themselves");
        assert_eq!(caller(&trusted, LOCAL, &["203.0.113.9", "192.0.2.1"]), "192.0.2.1", "in a line of their own");
        assert_eq!(caller(&trusted, LOCAL, &["10.1.2.3"]), "10.1.2.3", "somebody on the proxies' own network");
        assert_eq!(caller(&trusted, LOCAL, &[]), LOCAL, "the proxy itself, such as its health check");
    }

    #[test]
    fn what_is_no_address_ends_the_way_back() {
        let trusted = ["127.0.0.0/8", "10.1.0.0/16"];
        for nothing in ["unknown", "", "_hidden", "192.0.2.1:port", "[192.0.2.1", "192.0.2.256", "192.0.2.1 10.1.2.3"] {
            assert_eq!(caller(&trusted, LOCAL, &[nothing]), LOCAL, "{nothing:?}");
            let behind = format!("203.0.113.9, {nothing}, 10.1.2.3");
            assert_eq!(caller(&trusted, LOCAL, &[&behind]), "10.1.2.3", "{nothing:?}");
        }
    }

    #[test]
    fn addresses_are_taken_as_proxies_write_them() {
        let trusted = ["127.0.0.0/8", "fd00::/8"];
        for (written, meant) in [
            ("192.0.2.1:5123", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:5123", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("192.0.2.1, fd00::2", "192.0.2.1"),
            ("192.0.2.1, ::ffff:127.0.0.7", "192.0.2.1"),
            ("\t192.0.2.1  ", "192.0.2.1"),
        ] {
            assert_eq!(caller(&trusted, LOCAL, &[written]), meant, "{written:?}");
        }
        assert_eq!(caller(&trusted, "::ffff:127.0.0.1", &["192.0.2.1"]), "192.0.2.1", "a socket for both versions");
    }
}
