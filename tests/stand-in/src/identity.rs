//! Who answers: the service that is stood in for, and the pod that does it.
//!
//! A pod learns its name and uid by the downward API, and samples that are run unchanged do not use that. So what is
//! not said is read off what every pod has: its hostname, and the mount of its hosts file, whose path names the uid.

use std::fs;

use serde::{Deserialize, Serialize};

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The service, by `STAND_IN_NAME`, or by the pod's name.
    pub stand_in_for: String,
    /// The pod's name, by `POD_NAME`, or the hostname.
    pub pod: String,
    /// The pod's uid, by `POD_UID`, or by its mounts; empty where there is none.
    pub uid: String,
    /// The image, with its tag, by `STAND_IN_IMAGE`, which whoever makes the image sets in it; empty without.
    pub image: String,
}

impl Identity {
    /// What the environment and the system say.
    pub(crate) fn read(env: impl Fn(&str) -> Option<String>) -> Self {
        let system = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let pod = env("POD_NAME").unwrap_or_else(|| system("/proc/sys/kernel/hostname").trim().to_owned());
        Self {
            stand_in_for: env("STAND_IN_NAME").unwrap_or_else(|| service_of(&pod).to_owned()),
            uid: env("POD_UID").or_else(|| uid_in(&system("/proc/self/mountinfo"))).unwrap_or_default(),
            image: env("STAND_IN_IMAGE").unwrap_or_default(),
            pod,
        }
    }
}

/// A pod of a Deployment is called `<deployment>-<hash>-<random>`; any other name is taken as it is.
fn service_of(pod: &str) -> &str {
    // Names are generated without vowels and without what looks like them.
    let generated = |part: &str, longest: usize| {
        (1..=longest).contains(&part.len()) && part.chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c))
    };
    let mut parts = pod.rsplitn(3, '-');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(random), Some(hash), Some(name)) if random.len() == 5 && generated(random, 5) && generated(hash, 10) => {
            name
        }
        _ => pod,
    }
}

/// The kubelet mounts `…/pods/UID/etc-hosts` at `/etc/hosts`.
fn uid_in(mounts: &str) -> Option<String> {
    mounts.lines().find_map(|line| {
        let mut fields = line.split(' ').skip(3);
        let (root, mounted_at) = (fields.next()?, fields.next()?);
        let uid = root.strip_suffix("/etc-hosts")?.rsplit_once("/pods/")?.1;
        (mounted_at == "/etc/hosts").then(|| uid.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_is_read_off_the_name_of_a_pod() {
        assert_eq!(service_of("frontend-7d9c4b6f8d-x2kqz"), "frontend");
        assert_eq!(service_of("redis-cart-7d9c4b6f8d-x2kqz"), "redis-cart");
        assert_eq!(service_of("redis-cart"), "redis-cart");
        assert_eq!(service_of("my-own-laptop"), "my-own-laptop");
        assert_eq!(service_of("laptop"), "laptop");
    }

    #[test]
    fn the_uid_is_read_off_the_mounts_of_a_pod() {
        let line = "812 790 254:0 /var/lib/kubelet/pods/0d7c1b8e-1111-4222-8333-444455556666/etc-hosts /etc/hosts rw \
                    - ext4 /dev/vda rw";
        let uid = "0d7c1b8e-1111-4222-8333-444455556666";
        assert_eq!(uid_in(&format!("1 2 0:1 / /proc rw - proc proc rw\n{line}")).as_deref(), Some(uid));
        assert_eq!(uid_in("812 790 254:0 /etc/hosts /etc/hosts rw - ext4 /dev/vda rw"), None);
        assert_eq!(uid_in(""), None);
    }

    #[test]
    fn what_is_said_wins() {
        let env = |name: &str| Some(format!("said-{name}"));
        let identity = Identity::read(env);
        assert_eq!(identity.stand_in_for, "said-STAND_IN_NAME");
        assert_eq!((identity.pod.as_str(), identity.uid.as_str()), ("said-POD_NAME", "said-POD_UID"));
    }
}
