//! Cookies: one way to read them, one way to set them.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

/// The cookie of that name, as a browser sent it.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
}

/// Sets a cookie that no script reads and no other site sends along with a change. Zero seconds forget it.
pub fn set_cookie(response: &mut Response, name: &str, value: &str, seconds: i64, https: bool) {
    let secure = if https { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// The name of the session cookie: `__Host-` binds it to host and TLS, and browsers refuse that prefix without TLS.
#[must_use]
pub fn session_cookie_name(https: bool) -> &'static str {
    if https { "__Host-skillwire" } else { "skillwire" }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let headers: HeaderMap =
            [(header::COOKIE, "a=1; xskillwire=no; skillwire=yes".parse().unwrap())].into_iter().collect();
        assert_eq!(cookie(&headers, "skillwire"), Some("yes"));
        assert_eq!(cookie(&headers, "wire"), None);
    }

    #[test]
    fn a_set_cookie_is_kept_from_scripts_and_secure_over_tls_only() {
        let set = |https| {
            let mut response = ().into_response();
            set_cookie(&mut response, session_cookie_name(https), "v", 60, https);
            response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned()
        };
        assert_eq!(set(true), "__Host-skillwire=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
        assert_eq!(set(false), "skillwire=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=60");
    }
}
