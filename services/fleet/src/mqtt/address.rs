//! Where the broker is.

/// Host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
}

const PORT: u16 = 1_883;

/// Reads `mqtt://host:port`.
pub(super) fn parse(url: &str) -> anyhow::Result<Address> {
    let wrong = || anyhow::anyhow!("{url:?} is not mqtt://host:port");
    let rest = url.strip_prefix("mqtt://").ok_or_else(wrong)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    // The colons of a bare IPv6 address in brackets are not those of a port.
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| wrong())?),
        _ => (rest, PORT),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || host.contains(['/', '@', '?', '#']) {
        return Err(wrong());
    }
    Ok(Address { host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_perhaps_a_port() {
        let address = |host: &str, port| Some(Address { host: host.to_owned(), port });
        for (url, expected) in [
            ("mqtt://127.0.0.1:11883", address("127.0.0.1", 11_883)),
            ("mqtt://broker/", address("broker", 1_883)),
            ("mqtt://[::1]:1884", address("::1", 1_884)),
            ("mqtt://[::1]", address("::1", 1_883)),
            ("mqtts://broker", None),
            ("mqtt://", None),
            ("mqtt://user@broker", None),
            ("mqtt://broker:port", None),
        ] {
            assert_eq!(parse(url).ok(), expected, "{url}");
        }
    }
}
