//! A Redis that speaks TLS, and whom we believe that it is the one.

use cluster::{Address, ClusterError, SharedPool};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::fixtures::*;

/// An authority of the test's own: its certificate, and with it a server's certificate and key, all in PEM.
struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self {
            certificate: params.self_signed(&key).unwrap().pem(),
            issuer: Issuer::new(params, key),
        }
    }

    async fn server(&self, name: &str) -> lab::Server {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let server = lab::redis_with_tls(&certificate.pem(), &key.serialize_pem()).await;
        server.unwrap()
    }

    async fn pool(&self, dsn: &str) -> Result<SharedPool, ClusterError> {
        let address = Address::parse(dsn).unwrap();
        let address = address.signed_by(self.certificate.clone().into());
        SharedPool::connect(&address, "a", limits()).await
    }
}

#[tokio::test]
async fn the_pool_is_reached_by_tls() {
    if !is_here() {
        return;
    }
    let authority = Authority::new("ours");
    let server = authority.server("127.0.0.1").await;
    assert!(server.dsn().starts_with("rediss://"));
    let pool = authority.pool(server.dsn()).await.unwrap();
    pool.open("first").await.unwrap();
    let numbers = [unused(us("2125550101"))];
    pool.set(&numbers, now()).await.unwrap();
    let asked = asked("2125550201", "sales");
    let answer = pool.allocate(fresh_id(), &asked, None).await.unwrap();
    assert!(answer.is_ok());
    // Nothing of ours is said in clear text there.
    let plain = server.dsn().replace("rediss://", "redis://");
    assert!(authority.pool(&plain).await.is_err());
}

#[tokio::test]
async fn who_is_not_vouched_for_is_not_believed() {
    if !is_here() {
        return;
    }
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let server = ours.server("127.0.0.1").await;
    let unknown = other.pool(server.dsn()).await.unwrap_err();
    assert!(matches!(unknown, ClusterError::Untrusted(_)), "{unknown}");
    let said = unknown.to_string();
    assert!(
        said.contains("UnknownIssuer") && said.contains("name the certificate"),
        "{said}"
    );
    let elsewhere = ours.server("redis.example").await;
    let another = ours.pool(elsewhere.dsn()).await.unwrap_err();
    assert!(matches!(another, ClusterError::Untrusted(_)), "{another}");
    // What this machine trusts does not include the test's authority.
    let address = Address::parse(server.dsn()).unwrap();
    let unnamed = SharedPool::connect(&address, "a", limits())
        .await
        .unwrap_err();
    assert!(matches!(unnamed, ClusterError::Untrusted(_)), "{unnamed}");
}
