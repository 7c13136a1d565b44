//! TXT records by this machine's resolver.

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;

use super::TxtLookup;

/// This machine's resolver.
pub struct Dns(TokioResolver);

impl Dns {
    /// As this machine is configured (/etc/resolv.conf).
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn system() -> Result<Self, String> {
        let builder = TokioResolver::builder_tokio().map_err(|e| e.to_string())?;
        Ok(Self(builder.build().map_err(|e| e.to_string())?))
    }
}

#[async_trait]
impl TxtLookup for Dns {
    async fn txt(&self, name: &str) -> Result<Vec<String>, String> {
        // With a dot at the end: the name as it stands, without this machine's search domains.
        let found = match self.0.txt_lookup(format!("{name}.")).await {
            Ok(found) => found,
            Err(e) if e.is_no_records_found() => return Ok(Vec::new()),
            Err(e) => return Err(e.to_string()),
        };
        let texts = found.answers().iter().filter_map(|record| match &record.data {
            RData::TXT(txt) => Some(txt.txt_data.concat()),
            _ => None,
        });
        Ok(texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use hickory_resolver::net::runtime::TokioRuntimeProvider;
    use tokio::net::UdpSocket;

    use super::*;

    /// A DNS server of one record: asked for that name it gives the two strings of it, for others "no such name", and for
    /// `broken.` a failure of its own.
    async fn server() -> u16 {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = socket.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut buffer = [0u8; 512];
            loop {
                let (length, peer) = socket.recv_from(&mut buffer).await.unwrap();
                let asked = &buffer[12..length];
                let end = asked.iter().position(|b| *b == 0).unwrap() + 5;
                let question = &asked[..end];
                let known = question.starts_with(b"\x04wire\x07college\x03edu\0");
                let broken = question.starts_with(b"\x06broken\0");
                let code = if known {
                    0
                } else if broken {
                    2
                } else {
                    3
                };
                let mut answer = vec![buffer[0], buffer[1], 0x81, 0x80 | code, 0, 1, 0, u8::from(known), 0, 0, 0, 0];
                answer.extend_from_slice(question);
                if known {
                    let text = b"\x09v=spf1 mx\x05 -all";
                    answer.extend_from_slice(&[
                        0xc0,
                        12,
                        0,
                        16,
                        0,
                        1,
                        0,
                        0,
                        0,
                        60,
                        0,
                        u8::try_from(text.len()).unwrap(),
                    ]);
                    answer.extend_from_slice(text);
                }
                socket.send_to(&answer, peer).await.unwrap();
            }
        });
        port
    }

    #[tokio::test]
    async fn records_are_read_over_the_wire_and_no_record_is_told_from_no_answer() {
        let mut connection = ConnectionConfig::udp();
        connection.port = server().await;
        let names = vec![NameServerConfig::new(Ipv4Addr::LOCALHOST.into(), true, vec![connection])];
        let config = ResolverConfig::from_parts(None, Vec::new(), names);
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let dns = Dns(builder.build().unwrap());
        assert_eq!(
            dns.txt("wire.college.edu").await,
            Ok(vec!["v=spf1 mx -all".to_owned()]),
            "its strings are one text"
        );
        assert_eq!(dns.txt("_dmarc.college.edu").await, Ok(Vec::new()));
        assert!(dns.txt("broken").await.is_err());
    }
}
