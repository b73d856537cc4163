//! How long a request may take, how often it is tried, and where a session stays.

use microservice_crds::gateway::{CookieLifetime, HttpRouteRetry, HttpRouteTimeouts, SessionKind, SessionPersistence};

use super::{Kind, Site};
use crate::plan::draft::Draft;

const SESSION_NAME_MAX: usize = 128;
pub(crate) const NOT_A_DURATION: &str = "not a duration; write one like 500ms, 10s or 1h30m";

/// What a rule says besides matches, filters and backends.
pub(super) struct Policies {
    pub timeouts: Option<HttpRouteTimeouts>,
    pub retry: Option<HttpRouteRetry>,
    pub session_persistence: Option<SessionPersistence>,
}

pub(super) fn resolve(draft: &mut Draft<'_>, site: &Site<'_>, kind: Kind) -> Policies {
    let route = site.route;
    let timeouts = route.timeouts.clone().filter(|t| t.request.is_some() || t.backend_request.is_some());
    for (field, there) in [("timeouts", timeouts.is_some()), ("retry", route.retry.is_some())] {
        if there && kind == Kind::Grpc {
            let message =
                format!("a GRPCRoute has no {field}; write paths: [/] to make it an HTTPRoute, or remove {field}");
            draft.refuse(site.at(field), message);
        }
    }
    check_timeouts(draft, site, timeouts.as_ref());
    if let Some(retry) = &route.retry {
        check_retry(draft, site, retry);
    }
    if let Some(session) = &route.session_persistence {
        check_session(draft, site, session);
    }
    Policies { timeouts, retry: route.retry.clone(), session_persistence: route.session_persistence.clone() }
}

fn check_timeouts(draft: &mut Draft<'_>, site: &Site<'_>, timeouts: Option<&HttpRouteTimeouts>) {
    let Some(timeouts) = timeouts else { return };
    let mut read = |name: &str, text: Option<&String>| {
        let millis = text.map(|text| duration(text));
        if millis == Some(None) {
            draft.refuse(site.at(&format!("timeouts.{name}")), NOT_A_DURATION);
        }
        millis.flatten()
    };
    let request = read("request", timeouts.request.as_ref());
    let backend = read("backendRequest", timeouts.backend_request.as_ref());
    if let (Some(request), Some(backend)) = (request, backend)
        && request > 0
        && backend > request
    {
        draft.refuse(site.at("timeouts.backendRequest"), "longer than request; lower it");
    }
}

fn check_retry(draft: &mut Draft<'_>, site: &Site<'_>, retry: &HttpRouteRetry) {
    let mut seen = std::collections::BTreeSet::new();
    for code in &retry.codes {
        if !(400..=599).contains(code) || !seen.insert(code) {
            let message = format!("{code}: write each status code once, and only those from 400 to 599");
            draft.refuse(site.at("retry.codes"), message);
        }
    }
    if retry.attempts.is_some_and(|attempts| attempts < 1) {
        draft.refuse(site.at("retry.attempts"), "write 1 or more, or remove retry");
    }
    if retry.backoff.as_deref().is_some_and(|text| duration(text).is_none()) {
        draft.refuse(site.at("retry.backoff"), NOT_A_DURATION);
    }
}

fn check_session(draft: &mut Draft<'_>, site: &Site<'_>, session: &SessionPersistence) {
    let at = |part: &str| site.at(&format!("sessionPersistence.{part}"));
    if session.session_name.as_ref().is_some_and(|name| !(1..=SESSION_NAME_MAX).contains(&name.chars().count())) {
        draft.refuse(at("sessionName"), format!("write 1 to {SESSION_NAME_MAX} characters, or leave it out"));
    }
    if session.absolute_timeout.as_deref().is_some_and(|text| duration(text).is_none()) {
        draft.refuse(at("absoluteTimeout"), NOT_A_DURATION);
    }
    let Some(cookie) = &session.cookie_config else { return };
    if session.type_ == SessionKind::Header {
        draft.refuse(at("cookieConfig"), "only for type Cookie; remove it, or change type");
    }
    if cookie.lifetime_type == CookieLifetime::Permanent && session.absolute_timeout.is_none() {
        draft.refuse(at("absoluteTimeout"), "a Permanent cookie lives so long; write it, as in 12h");
    }
}

/// A duration of the Gateway API (GEP-2257) in milliseconds: up to four times one to five digits and a unit.
pub(crate) fn duration(text: &str) -> Option<u64> {
    let (mut rest, mut total, mut parts) = (text, 0_u64, 0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let units: &[(&str, u64)] = &[("ms", 1), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];
        let (unit, scale) = units.iter().find(|(unit, _)| tail.starts_with(unit))?;
        if number.is_empty() || number.len() > 5 {
            return None;
        }
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*scale)?)?;
        rest = tail.strip_prefix(unit)?;
        parts += 1;
    }
    (1..=4).contains(&parts).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("1h30m"), Some(5_400_000));
        assert_eq!(duration("500ms"), Some(500));
        for bad in ["", "1", "s", "1d", "123456s", "1s2s3s4s5s", "1.5s", "-1s"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
