use proptest::collection::vec;
use proptest::prelude::*;
use skillwire_schemas::{DeliveryId, SubscriptionId};

use super::*;
use crate::bounce::judge::{self, Kind};
use crate::bounce::verp::tests::verp;

fn id() -> DeliveryId {
    DeliveryId::derived(&["report"])
}

/// A report as Postfix writes it.
fn postfix() -> String {
    let back = verp().of_delivery(id());
    format!(
        "Return-Path: <>\r\nDelivered-To: {back}\r\nReceived: by mx.college.example (Postfix)\r\n\
         From: MAILER-DAEMON@mx.college.example (Mail Delivery System)\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         To: {back}\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"4C1A.17/mx\"\r\n\r\n\
         This is a MIME-encapsulated message.\r\n\r\n--4C1A.17/mx\r\nContent-Description: Notification\r\n\
         Content-Type: text/plain; charset=us-ascii\r\n\r\nI'm sorry to have to inform you\r\n\r\n--4C1A.17/mx\r\n\
         Content-Description: Delivery report\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.college.example\r\nX-Postfix-Queue-ID: 4C1A\r\nArrival-Date: Tue, 24 Nov 2026\r\n\r\n\
         Final-Recipient: rfc822; jo@college.example\r\nOriginal-Recipient: rfc822;jo@college.example\r\nAction: failed\r\n\
         Status: 5.1.1\r\nRemote-MTA: dns; inner.college.example\r\nDiagnostic-Code: smtp; 550 5.1.1 <jo@college.example>:\r\n\
         \x20   Recipient address rejected\r\n\r\n--4C1A.17/mx\r\nContent-Type: message/rfc822\r\n\r\n\
         Return-Path: <{back}>\r\nFrom: Skillwire <wire@wire.example>\r\nSubject: Signals\r\n\r\nHello\r\n\r\n--4C1A.17/mx--\r\n"
    )
}

/// A complaint as feedback loops send it: to another address than ours.
fn complaint() -> String {
    let back = verp().of_delivery(id());
    format!(
        "From: <feedback@mail.example>\r\nTo: <abuse@wire.example>\r\nSubject: FW: Signals\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=\"part\"\r\n\r\n--part\r\n\
         Content-Type: text/plain\r\n\r\nThis is an email abuse report\r\n--part\r\nContent-Type: message/feedback-report\r\n\r\n\
         Feedback-Type: abuse\r\nUser-Agent: SomeGenerator/1.0\r\nVersion: 1\r\nOriginal-Mail-From: <{back}>\r\n\r\n--part\r\n\
         Content-Type: message/rfc822\r\n\r\nFrom: <wire@wire.example>\r\nSubject: Signals\r\n\r\nHello\r\n--part--\r\n"
    )
}

fn status_of(mail: &str) -> (Option<Named>, Kind) {
    let read = read(mail.as_bytes(), None, &verp()).unwrap();
    let Says::Status(status) = read.says else { panic!("{:?}", read.says) };
    (read.named, judge::status(&status))
}

#[test]
fn a_report_is_read_whatever_is_around_it() {
    let named = Some(Named::Delivery(id()));
    let mail = postfix();
    let read_one = read(mail.as_bytes(), None, &verp()).unwrap();
    let Says::Status(status) = read_one.says else { panic!() };
    assert_eq!((status.action.as_str(), status.status), ("failed", Code::of("5.1.1")));
    assert!(status.diagnostic.ends_with("550 5.1.1 <jo@college.example>: Recipient address rejected"), "{status:?}");
    assert_eq!(status_of(&mail), (named, Kind::Hard));
    assert_eq!(status_of(&mail.replace("\r\n", "\n")), (named, Kind::Hard), "by a pipe");
    // The headers of the report lost the address (an alias); the quoted mail has it.
    let back = verp().of_delivery(id());
    let aliased = mail.replacen(&back, "postmaster@wire.example", 2);
    assert_eq!(status_of(&aliased), (named, Kind::Hard));
    // Nothing has it, but the mail server told to whom the report came.
    let bare = mail.replace(&back, "postmaster@wire.example");
    assert_eq!(status_of(&bare).0, None);
    assert_eq!(read(bare.as_bytes(), Some(&back), &verp()).unwrap().named, named);
    // In what a mailing list put around it.
    let (head, body) = mail.split_once("Content-Type: multipart/report").unwrap();
    let wrapped = format!(
        "{head}Content-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\nContent-Type: multipart/report{body}\r\n--outer--\r\n"
    );
    assert_eq!(status_of(&wrapped), (named, Kind::Hard));
    // Encoded, and cut off on its way.
    let (before, rest) = mail.split_once("Reporting-MTA").unwrap();
    let (fields, after) = rest.split_once("\r\n\r\n--4C1A").unwrap();
    let encoded = format!(
        "{}Content-Transfer-Encoding: base64\r\n\r\n{}\r\n\r\n--4C1A{after}",
        before.strip_suffix("\r\n").unwrap(),
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("Reporting-MTA{fields}")),
    );
    assert_eq!(status_of(&encoded), (named, Kind::Hard), "{encoded}");
    assert_eq!(status_of(mail.split_once("Content-Type: message/rfc822").unwrap().0), (named, Kind::Hard));
}

#[test]
fn of_several_recipients_the_worst_counts() {
    let mail = postfix();
    let good = "Final-Recipient: rfc822; a@b.example\r\nAction: relayed\r\nStatus: 2.1.5\r\n\r\nFinal-Recipient";
    assert_eq!(status_of(&mail.replacen("Final-Recipient", good, 1)).1, Kind::Hard);
    let after = "\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: relayed\r\nStatus: 2.1.5\r\n\r\n--4C1A.17/mx\r\nContent-Type: message";
    let mail = mail.replacen("\r\n--4C1A.17/mx\r\nContent-Type: message/rfc822", &format!("{after}/rfc822"), 1);
    assert_eq!(status_of(&mail).1, Kind::Hard);
}

#[test]
fn complaints_unsubscribing_answers_and_rubbish_are_told_apart() {
    let read = |mail: &str| read(mail.as_bytes(), None, &verp());
    let found = read(&complaint()).unwrap();
    assert_eq!((found.named, found.says), (Some(Named::Delivery(id())), Says::Feedback("abuse".to_owned())));
    let subscription = SubscriptionId::derived(&["s"]);
    let stop =
        format!("From: jo@college.example\r\nTo: <{}>\r\nSubject: x\r\n\r\n", verp().of_subscription(subscription));
    let found = read(&stop).unwrap();
    assert_eq!((found.named, found.says), (Some(Named::Subscription(subscription)), Says::Words));
    let answer = stop.replace("Subject", "Auto-Submitted: auto-replied (vacation)\r\nSubject");
    assert_eq!(read(&answer).unwrap().says, Says::AutoReply);
    assert_eq!(
        read(&format!("Return-Path: <>\r\n{stop}")).unwrap().says,
        Says::AutoReply,
        "nobody's mail ends nothing"
    );
    assert_eq!(read("From: a@b\r\n\r\nbuy").unwrap(), Read { named: None, says: Says::Words });
    // A Message-ID proves nothing.
    let forged = format!("From: a@b\r\nIn-Reply-To: <{}@skillwire.localhost>\r\n\r\nbounced", id());
    assert_eq!(read(&forged).unwrap().named, None);
    assert_eq!(read("").unwrap_err(), Unreadable::NoMail);
    assert_eq!(read("just words").unwrap_err(), Unreadable::NoMail);
    let large = "From: a@b\r\n\r\n".to_owned() + &"x".repeat(MAIL_BYTES_MAX);
    assert_eq!(read(&large).unwrap_err(), Unreadable::TooLarge);
}

#[test]
fn a_report_for_people_is_judged_by_its_code_and_keeps_nothing_of_its_text() {
    let back = verp().of_delivery(id());
    let qmail = |from: &str, to: &str, subject: &str, text: &str| {
        let mail = format!("Return-Path: <>\r\nFrom: <{from}>\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n{text}\r\n");
        read(mail.as_bytes(), None, &verp()).unwrap().says
    };
    let no = "Hi. This is the qmail-send program.\r\n<jo@x.example>:\r\nSorry, no mailbox of Jo Doe. (#5.1.1)";
    for (subject, text, wanted) in [
        ("failure notice", no, Kind::Hard),
        ("failure notice", "Mailbox full (#5.2.2)", Kind::Soft),
        ("failure notice", "Something went wrong", Kind::Soft),
        ("Warning: message delayed 24 hours", "4.4.1 not yet", Kind::Delayed),
    ] {
        let Says::Status(status) = qmail("MAILER-DAEMON@x.example", &back, subject, text) else { panic!("{text}") };
        assert_eq!(judge::status(&status), wanted, "{text}");
        assert!(!status.diagnostic.contains("Doe"), "{status:?}");
    }
    assert_eq!(qmail("jo@x.example", &back, "failure notice", no), Says::Words, "of no mail server");
    assert_eq!(
        qmail("MAILER-DAEMON@x.example", "bounces@wire.example", "failure notice", no),
        Says::Words,
        "without proof"
    );
}

/// What strangers could send to make it take long: each is read in a moment, on a stack of a quarter of the usual.
#[test]
fn hostile_mails_cost_no_more_than_others() {
    let nested: String =
        (0..20_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")).collect();
    let same = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n".repeat(50_000);
    let many = "From: a@b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".to_owned()
        + &"--b\r\n\r\nx\r\n".repeat(200_000);
    let begins = format!("From: a@b\r\nTo: {}\r\n\r\n", "bounces+".repeat(300_000));
    let headers = "X: y\r\n".repeat(500_000);
    let folded = format!("From: a@b\r\nSubject: x{}\r\n\r\n", "\r\n y".repeat(500_000));
    let fields =
        "From: a@b\r\nContent-Type: message/delivery-status\r\n\r\n".to_owned() + &"Action: failed\r\n".repeat(200_000);
    let lines = format!("From: a@b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{}", "\n".repeat(3_000_000));
    let late = format!("X: {}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{same}", "y".repeat(70_000));
    let mails = [
        format!("From: a@b\r\n{nested}"),
        format!("From: a@b\r\n{same}"),
        many,
        begins,
        headers,
        folded,
        fields,
        lines,
        late,
    ];
    let reading = std::thread::Builder::new().stack_size(512 * 1024).spawn(move || {
        for (n, mail) in mails.iter().enumerate() {
            let clock = skillwire_runtime::SystemClock;
            let began = skillwire_runtime::Clock::instant(&clock);
            let _ = read(&mail.as_bytes()[..mail.len().min(MAIL_BYTES_MAX)], None, &verp());
            let took = skillwire_runtime::Clock::instant(&clock) - began;
            assert!(took < std::time::Duration::from_secs(5), "mail {n} took {took:?}");
        }
    });
    reading.unwrap().join().unwrap();
}

/// A change of a mail.
#[derive(Clone, Debug)]
enum Change {
    Set(usize, u8),
    Cut(usize, usize),
    Copy(usize, usize, usize),
    Put(usize, Vec<u8>),
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0usize..4_096;
    prop_oneof![
        (at.clone(), any::<u8>()).prop_map(|(a, b)| Change::Set(a, b)),
        (at.clone(), 0usize..400).prop_map(|(a, n)| Change::Cut(a, n)),
        (at.clone(), at.clone(), 0usize..400).prop_map(|(a, b, n)| Change::Copy(a, b, n)),
        (at, vec(any::<u8>(), 0..40)).prop_map(|(a, bytes)| Change::Put(a, bytes)),
    ]
}

fn apply(mail: &mut Vec<u8>, change: &Change) {
    let within = |at: usize| if mail.is_empty() { 0 } else { at % mail.len() };
    match change {
        Change::Set(at, byte) => {
            let at = within(*at);
            if let Some(place) = mail.get_mut(at) {
                *place = *byte;
            }
        }
        Change::Cut(at, n) => {
            let at = within(*at);
            let end = (at + n).min(mail.len());
            mail.drain(at..end);
        }
        Change::Copy(from, to, n) => {
            let (from, to) = (within(*from), within(*to));
            let piece = mail[from..(from + n).min(mail.len())].to_vec();
            mail.splice(to..to, piece);
        }
        Change::Put(at, bytes) => {
            let at = within(*at);
            mail.splice(at..at, bytes.iter().copied());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Reports with anything done to them: nothing falls, and no other delivery is ever named than the one they are of.
    #[test]
    fn mutated_reports_are_read_or_not(feedback: bool, changes in vec(change(), 1..12)) {
        let mut mail = if feedback { complaint() } else { postfix() }.into_bytes();
        for change in &changes {
            apply(&mut mail, change);
        }
        if let Ok(read) = read(&mail, None, &verp()) {
            prop_assert!(matches!(read.named, None | Some(Named::Delivery(_))));
            if let Some(Named::Delivery(found)) = read.named {
                prop_assert_eq!(found, id());
            }
            if let Says::Status(status) = read.says {
                judge::status(&status);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_not(bytes in vec(any::<u8>(), 0..2_000), head in vec(any::<u8>(), 0..80)) {
        let _ = read(&bytes, None, &verp());
        let mut report = b"From: a@b\r\nContent-Type: multipart/report; boundary=\"".to_vec();
        report.extend_from_slice(&head);
        report.extend_from_slice(b"\"\r\n\r\n--");
        report.extend_from_slice(&head);
        report.extend_from_slice(b"\r\nContent-Type: message/delivery-status\r\n\r\n");
        report.extend_from_slice(&bytes);
        let _ = read(&report, None, &verp());
    }
}
