//! Where the broker is.

/// Host and port, and whether TLS is spoken there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) secured: bool,
}

const PORT: u16 = 1_883;
const SECURED_PORT: u16 = 8_883;

/// Reads `mqtt://host:port` or `mqtts://host:port`.
pub(super) fn parse(url: &str) -> anyhow::Result<Address> {
    let wrong = || anyhow::anyhow!("{url:?} is not mqtt://host:port or mqtts://host:port");
    let (rest, secured) = match url.strip_prefix("mqtts://") {
        Some(rest) => (rest, true),
        None => (url.strip_prefix("mqtt://").ok_or_else(wrong)?, false),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    // The colons of a bare IPv6 address in brackets are not those of a port.
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| wrong())?),
        _ => (rest, if secured { SECURED_PORT } else { PORT }),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || host.contains(['/', '@', '?', '#']) {
        return Err(wrong());
    }
    Ok(Address { host: host.to_owned(), port, secured })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_perhaps_a_port() {
        let plain = |host: &str, port| Address { host: host.to_owned(), port, secured: false };
        let secured = |host: &str, port| Address { secured: true, ..plain(host, port) };
        for (url, expected) in [
            ("mqtt://127.0.0.1:11883", Some(plain("127.0.0.1", 11_883))),
            ("mqtt://broker/", Some(plain("broker", 1_883))),
            ("mqtt://[::1]:1884", Some(plain("::1", 1_884))),
            ("mqtt://[::1]", Some(plain("::1", 1_883))),
            ("mqtts://broker", Some(secured("broker", 8_883))),
            ("mqtts://broker:443", Some(secured("broker", 443))),
            ("tcp://broker", None),
            ("mqtt://", None),
            ("mqtt://user@broker", None),
            ("mqtt://broker:port", None),
        ] {
            assert_eq!(parse(url).ok(), expected, "{url}");
        }
    }
}
