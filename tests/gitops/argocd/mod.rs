//! Argo CD: it does not run here, but its scripts do, over data and over the real server, and so does what it sends.

mod config_map;
mod live;
mod lua;
mod synced;
mod upstream;
