//! Where a request comes from: the client's address, the scheme, and the site whose page sent it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap, header},
};

use super::AuthConfig;

fn last_forwarded<'a>(headers: &'a HeaderMap, name: &str, config: &AuthConfig) -> Option<&'a str> {
    if !config.behind_proxy {
        return None;
    }
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next().map(str::trim)
}

/// The client's address: the peer's, or what our own proxy says of it.
pub(crate) fn client_address(
    headers: &HeaderMap,
    extensions: &Extensions,
    config: &AuthConfig,
) -> IpAddr {
    last_forwarded(headers, "x-forwarded-for", config)
        .and_then(|text| text.parse().ok())
        .or_else(|| {
            extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|ConnectInfo(peer)| peer.ip())
        })
        .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// Did the request come by TLS?
pub(crate) fn is_secure(headers: &HeaderMap, config: &AuthConfig) -> bool {
    last_forwarded(headers, "x-forwarded-proto", config)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

/// Was it sent by a page of ours, or by no page at all?
pub(crate) fn is_same_site(headers: &HeaderMap, config: &AuthConfig) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let host = last_forwarded(headers, "x-forwarded-host", config)
        .or_else(|| headers.get(header::HOST)?.to_str().ok());
    let page = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"));
    let (Some((scheme, page)), Some(host)) = (page, host) else {
        return false;
    };
    // A browser leaves the scheme's own port out of the origin; a proxy may put it into the host.
    let own_port = if scheme == "https" { ":443" } else { ":80" };
    page.eq_ignore_ascii_case(host.strip_suffix(own_port).unwrap_or(host))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    fn proxied() -> AuthConfig {
        AuthConfig {
            behind_proxy: true,
            ..AuthConfig::default()
        }
    }

    #[test]
    fn a_page_of_another_site_is_recognised() {
        let plain = AuthConfig::default();
        let host = ("host", "desk.example:8080");
        assert!(is_same_site(&headers(&[host]), &plain));
        assert!(is_same_site(
            &headers(&[host, ("origin", "http://desk.example:8080")]),
            &plain
        ));
        for origin in [
            "http://evil.example",
            "http://desk.example",
            "http://desk.example:8080.evil.example",
            "null",
        ] {
            assert!(
                !is_same_site(&headers(&[host, ("origin", origin)]), &plain),
                "{origin}"
            );
        }
        let with_port = [
            ("host", "desk.example:80"),
            ("origin", "http://desk.example"),
        ];
        assert!(is_same_site(&headers(&with_port), &plain));
        assert!(!is_same_site(
            &headers(&[("origin", "http://desk.example")]),
            &plain
        ));
    }

    #[test]
    fn believes_a_proxy_only_when_told_to() {
        let sent = headers(&[
            ("host", "127.0.0.1:8080"),
            ("origin", "https://desk.example"),
            ("x-forwarded-host", "desk.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-for", "198.51.100.9, 192.0.2.7"),
        ]);
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 5))));
        let plain = AuthConfig::default();
        assert!(!is_same_site(&sent, &plain) && !is_secure(&sent, &plain));
        assert!(is_same_site(&sent, &proxied()) && is_secure(&sent, &proxied()));
        let shown = |config| client_address(&sent, &extensions, &config).to_string();
        assert_eq!(shown(plain), "127.0.0.1");
        assert_eq!(shown(proxied()), "192.0.2.7");
    }
}
