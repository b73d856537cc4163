//! Which host names a listener and a route have in common, as the Gateway API defines it.

/// Stands for every host name: that of a listener or route which names none.
pub const ANY: &str = "";

/// What requests can reach a route by, when its listener takes `listener` and the route itself `route`: the narrower of
/// the two, where one lies within the other. [`ANY`] or an empty text means every host name. The answer is in lower
/// case, and may again be a wildcard or [`ANY`].
///
/// A wildcard stands for one or more whole labels: `*.a.io` takes `b.a.io` and `c.b.a.io`, but not `a.io`.
pub fn intersect(listener: &str, route: &str) -> Option<String> {
    let (listener, route) = (listener.to_ascii_lowercase(), route.to_ascii_lowercase());
    if within(&route, &listener) {
        Some(route)
    } else if within(&listener, &route) {
        Some(listener)
    } else {
        None
    }
}

/// Whether every host name that `inner` stands for is one of `outer`, both in lower case.
pub fn within(inner: &str, outer: &str) -> bool {
    if outer.is_empty() || inner == outer {
        return true;
    }
    let Some(suffix) = outer.strip_prefix('*') else { return false };
    // With the dot in front: what stands before it are whole labels, `*` among them.
    inner.strip_suffix(suffix).is_some_and(|labels| !labels.is_empty() && suffix.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row: listener, route, what they have in common (`-`: nothing). The comment above the rows says which
    /// sentence of the Gateway API (v1, types Listener, HTTPRouteSpec, GRPCRouteSpec and Hostname) they stand for, in
    /// our words.
    const TABLE: &[(&str, &str, &str)] = &[
        // Listener.hostname: a listener that names no host takes all of them.
        ("", "test.example.com", "test.example.com"),
        ("", "*.example.com", "*.example.com"),
        ("", "", ""),
        // HTTPRouteSpec.hostnames: a route that names no host goes with a listener that names one exactly ...
        ("test.example.com", "", "test.example.com"),
        // ... and with one that names a wildcard.
        ("*.example.com", "", "*.example.com"),
        // HTTPRouteSpec.hostnames: the listener test.example.com goes with a route for that very host ...
        ("test.example.com", "test.example.com", "test.example.com"),
        // ... and with a route for *.example.com: requests are then those for the listener's host.
        ("test.example.com", "*.example.com", "test.example.com"),
        ("foo.test.example.com", "*.example.com", "foo.test.example.com"),
        // HTTPRouteSpec.hostnames: the listener *.example.com goes with *.example.com ...
        ("*.example.com", "*.example.com", "*.example.com"),
        // ... with test.example.com ...
        ("*.example.com", "test.example.com", "test.example.com"),
        // ... with foo.test.example.com, two labels deep ...
        ("*.example.com", "foo.test.example.com", "foo.test.example.com"),
        // ... but not with example.com itself ...
        ("*.example.com", "example.com", "-"),
        // ... nor with a host of another domain.
        ("*.example.com", "test.example.net", "-"),
        // Listener.hostname: a wildcard is a match of the end, and the bare domain does not have that end. The same
        // when the wildcard is the route's.
        ("example.com", "*.example.com", "-"),
        ("test.example.net", "*.example.com", "-"),
        // GatewaySpec.listeners: the wildcard stands for any number of characters and dots.
        ("*.example.com", "foo.bar.example.com", "foo.bar.example.com"),
        ("*.example.com", "a.b.c.d.example.com", "a.b.c.d.example.com"),
        // GatewaySpec.listeners: *.foo.example.com is more specific than *.example.com, so the first lies in the second,
        // whoever of the two has it.
        ("*.example.com", "*.foo.example.com", "*.foo.example.com"),
        ("*.foo.example.com", "*.example.com", "*.foo.example.com"),
        ("*.com", "*.foo.example.com", "*.foo.example.com"),
        // HTTPRouteSpec.hostnames: there must be at least one host in common; of two wildcards beside each other there is
        // none ...
        ("*.foo.example.com", "*.bar.example.com", "-"),
        ("*.example.com", "*.example.net", "-"),
        // ... nor of two exact hosts ...
        ("test.example.com", "test.example.net", "-"),
        ("test.example.com", "foo.test.example.com", "-"),
        // ... nor of a host and a wildcard below it.
        ("test.example.com", "*.test.example.com", "-"),
        // Hostname: the wildcard is a label of its own, so it never stands for a part of one.
        ("*.example.com", "testexample.com", "-"),
        ("*.example.com", "*.testexample.com", "-"),
        ("*.ample.com", "example.com", "-"),
        // Hostname: one that starts with no wildcard is precise, and stands for itself alone.
        ("com", "example.com", "-"),
        // RFC 1123, which Hostname refers to: letters of either case are the same.
        ("Test.Example.COM", "test.example.com", "test.example.com"),
        ("*.EXAMPLE.com", "Test.example.com", "test.example.com"),
        // GRPCRouteSpec.hostnames: the same rules, with the same examples.
        ("*.example.com", "grpc.example.com", "grpc.example.com"),
    ];

    #[test]
    fn as_the_gateway_api_says() {
        assert!(TABLE.len() >= 25);
        for (listener, route, common) in TABLE {
            let wanted = (*common != "-").then(|| (*common).to_owned());
            assert_eq!(intersect(listener, route), wanted, "listener {listener:?}, route {route:?}");
            // What both have in common does not depend on who has which.
            assert_eq!(intersect(route, listener), wanted, "listener {route:?}, route {listener:?}");
        }
    }

    #[test]
    fn what_is_no_host_name_matches_nothing_but_itself() {
        for odd in ["*", "*example.com", ".example.com", "a.*.com"] {
            assert_eq!(intersect(odd, "test.example.com"), None, "{odd}");
            assert_eq!(intersect(odd, odd).as_deref(), Some(odd));
        }
    }
}
