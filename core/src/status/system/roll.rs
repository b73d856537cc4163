//! The roll of a system: who is called, who is there, and how they are.

use std::collections::BTreeSet;

use microservice_crds::ServiceCounts;

use super::{Member, Standing, Stranger, View};

/// Who should be in a system, by how they are; each list with the worst first, then by name.
pub(super) struct Roll<'a> {
    /// Members that are missing, each with why.
    pub missing: Vec<(&'a str, String)>,
    pub degraded: Vec<&'a Member>,
    pub blocked: Vec<&'a Member>,
    pub progressing: Vec<&'a Member>,
    pub ready: usize,
}

impl<'a> Roll<'a> {
    /// Calls the listed members, and counts all who say the system.
    pub fn call(listed: &'a [String], view: &'a View) -> Self {
        let there: BTreeSet<&str> = view.members.iter().map(|member| &*member.name).collect();
        let mut missing: Vec<(&str, String)> = Vec::new();
        for name in listed.iter().filter(|name| !there.contains(&***name)) {
            let stranger = view.strangers.iter().find(|(stranger, _)| stranger == name);
            missing.push((name, stranger.map_or_else(|| "does not exist".to_owned(), |(_, why)| why.words())));
        }
        missing.sort_unstable();
        let of = |standing| {
            let mut members: Vec<&Member> = view.members.iter().filter(|m| m.standing == standing).collect();
            members.sort_unstable_by_key(|m| (m.moves, &m.name));
            members
        };
        Self {
            missing,
            degraded: of(Standing::Degraded),
            blocked: of(Standing::Blocked),
            progressing: of(Standing::Progressing),
            ready: of(Standing::Ready).len(),
        }
    }

    pub fn counts(&self) -> ServiceCounts {
        let count = |length: usize| i32::try_from(length).unwrap_or(i32::MAX);
        ServiceCounts {
            total: count(self.ready + self.others()),
            ready: count(self.ready),
            progressing: count(self.progressing.len()),
            degraded: count(self.degraded.len()),
            blocked: count(self.blocked.len()),
            missing: count(self.missing.len()),
        }
    }

    /// How many are not Ready.
    pub fn others(&self) -> usize {
        self.missing.len() + self.degraded.len() + self.blocked.len() + self.progressing.len()
    }

    /// Whether it may become Ready without anybody's help. A member that is missing may be applied a moment later: that
    /// is a dependency, and no mistake.
    pub fn moves(&self) -> bool {
        let services = self.degraded.iter().chain(&self.blocked).chain(&self.progressing);
        !self.missing.is_empty() || services.into_iter().any(|member| member.moves)
    }

    /// What is wrong in the first place.
    pub fn reason(&self) -> &'static str {
        match self {
            _ if self.others() == 0 && self.ready == 0 => "NoServices",
            _ if !self.missing.is_empty() => "MembersMissing",
            _ if !self.degraded.is_empty() => "Degraded",
            _ if !self.blocked.is_empty() => "Blocked",
            _ if !self.progressing.is_empty() => "Progressing",
            _ => "AllReady",
        }
    }
}

impl Stranger {
    fn words(&self) -> String {
        match self {
            Self::OfSystem(system) => format!("says system {system}"),
            Self::OfNone => "says no system".to_owned(),
            Self::Leaving => "is being deleted".to_owned(),
        }
    }
}
