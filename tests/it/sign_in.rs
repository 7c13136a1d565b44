//! Sign-in by a link, sessions, forms.

use std::time::Duration;

use reqwest::{RequestBuilder, Response, StatusCode};
use skillwire_tests::World;

fn cookies(answer: &Response) -> Vec<String> {
    let set = answer.headers().get_all("set-cookie").iter().filter_map(|v| v.to_str().ok());
    set.map(|cookie| cookie.split(';').next().unwrap().to_owned()).collect()
}

pub(crate) async fn ask(world: &World, address: &str) -> Response {
    let body = format!("address={}", address.replace('@', "%40"));
    post(world, "/sign-in", body).send().await.unwrap()
}

fn post(world: &World, path: &str, body: String) -> RequestBuilder {
    let request = world.client().post(format!("{}{path}", world.url)).header("accept", "text/html");
    request.header("content-type", "application/x-www-form-urlencoded").body(body)
}

/// The link in the last mail, as a path. The mail is sent in the background: its arrival is waited for.
pub(crate) async fn link(world: &World, before: usize) -> String {
    for _ in 0..500 {
        if let Some(mail) = world.catcher.mailbox.list().get(before) {
            let raw = world.catcher.mailbox.raw(mail.id).unwrap();
            let body = mailparse::parse_mail(&raw).unwrap().get_body().unwrap();
            let at = body.find("/sign-in/").unwrap();
            return body[at..].split_whitespace().next().unwrap().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no mail came");
}

#[tokio::test]
async fn a_link_works_once_in_the_browser_that_asked_for_ten_minutes() {
    let world = World::new().await;
    let asked = ask(&world, "KC-Staff@people.example").await;
    let browser = cookies(&asked).remove(0);
    let path = link(&world, 0).await;

    // A mail scanner follows the link: nothing is used up.
    let looked = world.client().get(format!("{}{path}", world.url)).send().await.unwrap();
    assert!(looked.status().is_success() && cookies(&looked).is_empty());
    // Another browser has no cookie of ours.
    let stolen = post(&world, &path, String::new()).send().await.unwrap();
    assert_eq!(stolen.status(), StatusCode::FORBIDDEN);
    let signed_in = post(&world, &path, String::new()).header("cookie", &browser).send().await.unwrap();
    assert_eq!(signed_in.status(), StatusCode::SEE_OTHER);
    let set = signed_in.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
    let session = cookies(&signed_in).remove(0);
    let again = post(&world, &path, String::new()).header("cookie", &browser).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::FORBIDDEN, "used up");

    let page = world.client().get(format!("{}/people", world.url)).header("cookie", &session);
    let html = page.header("accept", "text/html").send().await.unwrap().text().await.unwrap();
    assert!(html.contains("Person kc-e1") && !html.contains("Person mv-e1"), "{html}");

    // A form without our proof, or from another site, is refused.
    let forged = post(&world, "/tokens", "name=x&days=1&scopes=read_signals".to_owned()).header("cookie", &session);
    assert_eq!(forged.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let csrf = html.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let body = format!("name=x&days=1&scopes=read_signals&csrf={csrf}");
    let elsewhere =
        post(&world, "/tokens", body.clone()).header("cookie", &session).header("sec-fetch-site", "cross-site");
    assert_eq!(elsewhere.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let made = post(&world, "/tokens", body).header("cookie", &session).header("sec-fetch-site", "same-origin");
    assert!(made.send().await.unwrap().text().await.unwrap().contains("sw_"));

    // A day later nobody is signed in any more.
    world.pass(Duration::from_secs(13 * 3_600));
    let late =
        world.client().get(format!("{}/people", world.url)).header("cookie", &session).header("accept", "text/html");
    assert_eq!(late.send().await.unwrap().status(), StatusCode::SEE_OTHER);
    assert_eq!(skillwire_directory::admin::audit_broken_at(&world.house.db("directory")).await.unwrap(), None);
}

#[tokio::test]
async fn an_unknown_address_gets_the_same_answer_and_no_mail() {
    let world = World::new().await;
    let known = ask(&world, "kc-staff@people.example").await;
    link(&world, 0).await;
    let unknown = ask(&world, "nobody@people.example").await;
    assert_eq!(known.status(), unknown.status());
    assert_eq!(cookies(&known).len(), cookies(&unknown).len());
    assert_eq!(known.text().await.unwrap(), unknown.text().await.unwrap());
    assert_eq!(world.catcher.mailbox.list().len(), 1);
    for bad in ["kc-staff@people.example%0d%0aBcc: x@y.example", "no address"] {
        assert_eq!(ask(&world, bad).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    // Too many links are not asked for.
    let mut refused = false;
    for _ in 0..12 {
        refused |= ask(&world, "kc-college@people.example").await.status() == StatusCode::TOO_MANY_REQUESTS;
    }
    assert!(refused);
}

#[tokio::test]
async fn a_link_is_too_old_after_ten_minutes() {
    let world = World::new().await;
    let browser = cookies(&ask(&world, "kc-staff@people.example").await).remove(0);
    let path = link(&world, 0).await;
    world.pass(Duration::from_secs(601));
    let late = post(&world, &path, String::new()).header("cookie", &browser).send().await.unwrap();
    assert_eq!(late.status(), StatusCode::FORBIDDEN);
}
