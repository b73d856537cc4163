//! Archives whose bytes depend on nothing but their content: entries sorted, no times, no owners, a bare gzip header.

use std::io::Write as _;

use anyhow::Result;
use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};

/// What gzip writes for "no operating system in particular".
const UNKNOWN_SYSTEM: u8 = 255;

/// One entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    path: String,
    mode: u32,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Content {
    File(Vec<u8>),
    Link(String),
}

impl Entry {
    /// A file that everybody may read.
    #[must_use]
    pub fn file(path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), mode: 0o644, content: Content::File(content.into()) }
    }

    /// A file that everybody may run.
    #[must_use]
    pub fn program(path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { mode: 0o755, ..Self::file(path, content) }
    }

    /// A symbolic link.
    #[must_use]
    pub fn link(path: impl Into<String>, target: impl Into<String>) -> Self {
        Self { path: path.into(), mode: 0o777, content: Content::Link(target.into()) }
    }
}

/// A tar archive of these entries, in the order of their paths.
///
/// # Errors
/// When a path does not fit into an archive.
pub fn tar(mut entries: Vec<Entry>) -> Result<Vec<u8>> {
    entries.sort();
    let mut archive = Builder::new(Vec::new());
    for entry in &entries {
        match &entry.content {
            Content::File(content) => {
                let mut header = header(EntryType::Regular, entry.mode, content.len().try_into()?);
                archive.append_data(&mut header, &entry.path, content.as_slice())?;
            }
            Content::Link(target) => {
                let mut header = header(EntryType::Symlink, entry.mode, 0);
                archive.append_link(&mut header, &entry.path, target)?;
            }
        }
    }
    Ok(archive.into_inner()?)
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// The bytes, compressed.
///
/// # Errors
/// None that is known: memory takes what is written.
pub fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let builder = GzBuilder::new().mtime(0).operating_system(UNKNOWN_SYSTEM);
    let mut encoder = builder.write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// The SHA-256 of the bytes, in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_in_which_entries_are_given_does_not_matter() {
        let entries = vec![Entry::program("b", "1"), Entry::file("a/c", "2"), Entry::link("a/b", "/b")];
        let reversed: Vec<Entry> = entries.iter().rev().cloned().collect();
        let bytes = tar(entries).unwrap();
        assert_eq!(bytes, tar(reversed).unwrap());
        let mut archive = tar::Archive::new(&bytes[..]);
        let paths: Vec<String> =
            archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
        assert_eq!(paths, ["a/b", "a/c", "b"]);
    }

    #[test]
    fn a_gzip_header_tells_no_time_no_name_and_no_system() {
        let bytes = gzip(b"text").unwrap();
        assert_eq!(bytes[..3], [0x1f, 0x8b, 8]);
        // No flags, hence no name; no time; and after the level the system.
        assert_eq!(bytes[3..8], [0; 5]);
        assert_eq!(bytes[9], UNKNOWN_SYSTEM);
    }
}
