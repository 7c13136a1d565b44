//! Whether the DNS lets others believe mail of a domain: SPF, DKIM and DMARC.
//!
//! Sources: RFC 7208 (SPF), RFC 6376 and RFC 8301 (DKIM), RFC 7489 (DMARC). What is judged is the sender's own records; what a
//! receiver makes of one mail it writes into that mail (Authentication-Results).

mod judge;
mod lookup;

use async_trait::async_trait;

pub use judge::Judged;
pub use lookup::Dns;

/// Names under which mail goes nowhere: RFC 6761, RFC 6762.
const LOCAL: [&str; 6] = ["localhost", "local", "test", "example", "invalid", "internal"];

/// Where TXT records come from.
#[async_trait]
pub trait TxtLookup: Send + Sync {
    /// The TXT records of a name, the strings of each joined; none when there are none.
    ///
    /// # Errors
    /// What went wrong, when the DNS does not answer.
    async fn txt(&self, name: &str) -> Result<Vec<String>, String>;
}

/// What is known of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// SPF, DKIM or DMARC.
    pub what: &'static str,
    /// How it is.
    pub judged: Judged,
}

/// Checks the records of a sender's domain. `dkim` is the selector and the domain that mails are signed with; none: they leave
/// here unsigned.
pub async fn check(dns: &dyn TxtLookup, domain: &str, dkim: Option<(&str, &str)>) -> Vec<Found> {
    let domain = domain.trim_end_matches('.').to_lowercase();
    if is_local(&domain) {
        let why = format!("mail of {domain} does not leave this machine; there is nothing to look up");
        return vec![Found { what: "SPF, DKIM, DMARC", judged: Judged::Fine(why) }];
    }
    let spf = match dns.txt(&domain).await {
        Ok(records) => judge::spf(&domain, &records),
        Err(e) => judge::unanswered(&domain, &e),
    };
    let key = match dkim {
        None => Judged::Fine(
            "mails leave here unsigned (deliver.dkim_selector is not set); the mail server must sign them".to_owned(),
        ),
        Some((selector, signed)) => {
            let name = format!("{selector}._domainkey.{}", signed.trim_end_matches('.').to_lowercase());
            match dns.txt(&name).await {
                Ok(records) => judge::dkim(&name, &records),
                Err(e) => judge::unanswered(&name, &e),
            }
        }
    };
    let policy = policy(dns, &domain).await;
    let all = [("SPF", spf), ("DKIM", key), ("DMARC", policy)];
    all.into_iter().map(|(what, judged)| Found { what, judged }).collect()
}

/// The policy stands at the domain or at one above it; a top-level domain has none for others.
async fn policy(dns: &dyn TxtLookup, domain: &str) -> Judged {
    let mut at = domain;
    loop {
        let name = format!("_dmarc.{at}");
        match dns.txt(&name).await {
            Ok(records) => {
                if let Some(judged) = judge::dmarc(&name, &records) {
                    return judged;
                }
            }
            Err(e) => return judge::unanswered(&name, &e),
        }
        match at.split_once('.') {
            Some((_, above)) if above.contains('.') => at = above,
            _ => return judge::no_dmarc(domain),
        }
    }
}

/// The domain of `Name <address@domain>`.
#[must_use]
pub fn domain_of(sender: &str) -> &str {
    sender.rsplit('@').next().unwrap_or(sender).trim().trim_end_matches('>')
}

fn is_local(domain: &str) -> bool {
    let last = domain.rsplit('.').next().unwrap_or(domain);
    !domain.contains('.') || LOCAL.contains(&last) || domain.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    struct Zone(HashMap<&'static str, Result<Vec<String>, String>>);

    #[async_trait]
    impl TxtLookup for Zone {
        async fn txt(&self, name: &str) -> Result<Vec<String>, String> {
            self.0.get(name).cloned().unwrap_or_else(|| Ok(Vec::new()))
        }
    }

    fn zone(records: &[(&'static str, &str)]) -> Zone {
        Zone(records.iter().map(|(name, text)| (*name, Ok(vec![(*text).to_owned()]))).collect())
    }

    #[tokio::test]
    async fn a_domain_with_all_three_is_fine_and_the_policy_may_stand_above() {
        let dns = zone(&[
            ("wire.college.edu", "v=spf1 mx -all"),
            ("s1._domainkey.wire.college.edu", "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
            ("_dmarc.college.edu", "v=DMARC1; p=reject"),
        ]);
        let found = check(&dns, "Wire.College.edu.", Some(("s1", "wire.college.edu"))).await;
        assert_eq!(found.iter().map(|f| f.what).collect::<Vec<_>>(), ["SPF", "DKIM", "DMARC"]);
        assert!(found.iter().all(|f| matches!(f.judged, Judged::Fine(_))), "{found:?}");
    }

    #[tokio::test]
    async fn what_is_missing_is_told_with_the_record_that_would_be_right() {
        let found = check(&zone(&[]), "wire.college.edu", Some(("s1", "wire.college.edu"))).await;
        for (one, record) in found.iter().zip(["v=spf1 ", "v=DKIM1; ", "v=DMARC1; "]) {
            assert!(matches!(&one.judged, Judged::Wrong { remedy, .. } if remedy.contains(record)), "{one:?}");
        }
    }

    #[tokio::test]
    async fn a_dns_that_does_not_answer_is_not_an_absent_record() {
        let mut dns = zone(&[]);
        dns.0.insert("wire.college.edu", Err("timed out".to_owned()));
        let found = check(&dns, "wire.college.edu", None).await;
        assert!(matches!(&found[0].judged, Judged::Wrong { what, .. } if what.contains("timed out")), "{found:?}");
        assert!(matches!(&found[1].judged, Judged::Fine(why) if why.contains("dkim_selector")), "{found:?}");
    }

    #[tokio::test]
    async fn nothing_is_asked_about_a_name_of_this_machine() {
        for domain in ["localhost", "skillwire.localhost", "mail.test", "127.0.0.1", "intranet"] {
            let found = check(&zone(&[]), domain, None).await;
            assert!(matches!(found[..], [Found { judged: Judged::Fine(_), .. }]), "{domain}: {found:?}");
        }
        assert_eq!(domain_of("Skillwire <wire@mail.college.edu>"), "mail.college.edu");
        assert_eq!(domain_of("wire@college.edu"), "college.edu");
    }
}
