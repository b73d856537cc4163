//! Names, and what a service belongs to.

use crate::server::{self, Refused};

pub const NAMES_REFUSED: [(&str, &str); 6] = [
    ("default", "metadata.name must not be 'default'"),
    ("front--end", "metadata.name must not contain '--'"),
    ("1st", "metadata.name must start with a lower-case letter"),
    ("front.end", "metadata.name must start with a lower-case letter"),
    ("a23456789-123456789-123456789-123456789-123456789-1", "at most 50 characters"),
    ("Front", "metadata.name"),
];

pub const REFUSED: [Refused; 9] = [
    ("class", "class: Web_1", "class must be the name of a MicroserviceClass"),
    ("empty class", "class: ''", "class must be the name of a MicroserviceClass"),
    ("system", "system: online boutique", "system becomes the value of a label"),
    ("empty system", "system: ''", "system becomes the value of a label"),
    (
        "long system",
        "system: a23456789-123456789-123456789-123456789-123456789-123456789-1234",
        "may not be more than 63",
    ),
    ("profile", "profile: '1'", "profile must be 'v' and a number"),
    ("profile zero", "profile: v0", "profile must be 'v' and a number"),
    ("an unknown field", "replica: 3", "unknown field \"spec.replica\""),
    ("an unknown field below", "scaling: {max: 3}", "unknown field \"spec.scaling.max\""),
];

#[tokio::test]
async fn refused() {
    server::assert_refused(&REFUSED).await;
}

#[tokio::test]
async fn names_are_refused() {
    let server = server::installed().await;
    for (name, message) in NAMES_REFUSED {
        let words = server::create(server, &server::object(name, ""), true).await.expect_err(name);
        assert!(words.contains(message), "{name}: {words}");
    }
}

#[tokio::test]
async fn names_are_accepted() {
    let server = server::installed().await;
    for name in ["a", "front-end", "x9", "a23456789-123456789-123456789-123456789-123456789"] {
        server::create(server, &server::object(name, ""), true).await.expect(name);
    }
}
