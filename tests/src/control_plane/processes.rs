//! The processes of one control plane: one process group, which dies with its owner.
//!
//! A small shell stands beside them, in the same group. It reads from a pipe that only the owner holds: when the owner
//! closes it, or is gone, however it went, the shell kills the group, does what is left to do, and removes the folder.
//! (A parent-death signal would need unsafe code, and fires when the spawning *thread* ends.)

use std::{
    fs,
    fs::File,
    io::{Read as _, Write as _},
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex},
};

use anyhow::{Context as _, Result, bail};

/// `$1` is the folder, `$2` the name of the script in it. The cleaner runs in a session of its own, because it kills the
/// group that it came from; it repeats, because a process may have been on its way into the group, or takes a moment to
/// go. The owner may say "keep": that leaves the folder, all but the database.
const SUPERVISOR: &str = r#"
rest=
while read -r word; do
    case $word in
    keep) rest=/etcd ;;
    esac
done
exec setsid sh -c '
    tries=0
    while kill -s KILL -- "-$1" && [ "$tries" -lt 200 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    if [ -f "$2/$3" ]; then sh "$2/$3"; fi
    rm -rf -- "$2$4"
' cleaner "$$" "$1" "$2" "$rest"
"#;

/// What is run when all processes are dead, before the folder goes: a script that whoever makes something outside the
/// folder writes into it.
pub(super) const AT_END: &str = "at-end";

/// A process group that ends with its owner.
pub(super) struct Group {
    supervisor: Child,
    pipe: Option<ChildStdin>,
    /// Held by the supervisor until it has cleaned up; nothing is ever written there.
    cleaned: Option<ChildStdout>,
    folder: PathBuf,
    /// What is to be killed at the end, in the order of starting.
    processes: Mutex<Vec<Arc<Mutex<Child>>>>,
}

impl Group {
    /// Starts the supervisor of a folder, which must exist.
    pub(super) fn create(folder: &Path) -> Result<Self> {
        let mut supervisor = Command::new("sh")
            .args(["-c", SUPERVISOR, "supervisor"])
            .arg(folder)
            .arg(AT_END)
            // Not the caller's folder: that may be removed under it.
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start sh, the supervisor of the control plane")?;
        let (pipe, cleaned) = (supervisor.stdin.take(), supervisor.stdout.take());
        Ok(Self { supervisor, pipe, cleaned, folder: folder.to_path_buf(), processes: Mutex::new(Vec::new()) })
    }

    /// Starts a process in this group, with its output in `logs/NAME.log`.
    pub(super) fn spawn(&self, name: &str, mut command: Command) -> Result<Process> {
        let logs = self.folder.join("logs");
        fs::create_dir_all(&logs)?;
        let log = logs.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(self.supervisor.id().cast_signed())
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let child = Arc::new(Mutex::new(child));
        let mut processes = lock(&self.processes);
        // Those that ended long ago need not be remembered, a test may restart a process many times.
        processes.retain(|p| matches!(lock(p).try_wait(), Ok(None)));
        processes.push(Arc::clone(&child));
        Ok(Process { name: name.to_owned(), child, log })
    }

    /// Tells the supervisor to leave the folder when everything ends.
    pub(super) fn keep(&mut self) {
        if let Some(pipe) = &mut self.pipe {
            let _ = pipe.write_all(b"keep\n");
        }
    }

    /// Kills all processes, and removes the folder unless it is to be kept. Nothing is left when this returns.
    pub(super) fn end(&mut self) {
        if self.pipe.is_none() {
            return;
        }
        // Clients first, so that they do not fill their logs with the loss of their server.
        for process in lock(&self.processes).drain(..).rev() {
            let mut child = lock(&process);
            let _ = child.kill();
            let _ = child.wait();
        }
        // The supervisor kills what those may have started, and cleans up.
        self.pipe = None;
        let _ = self.supervisor.wait();
        if let Some(mut cleaned) = self.cleaned.take() {
            let _ = cleaned.read_to_end(&mut Vec::new());
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// One process of a control plane. Dropping this does not end it; the control plane does at its own end.
#[derive(Debug, Clone)]
pub struct Process {
    name: String,
    child: Arc<Mutex<Child>>,
    log: PathBuf,
}

impl Process {
    /// The file with its standard output and standard error.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        lock(&self.child).id()
    }

    /// How it ended, or `None` while it runs.
    #[must_use]
    pub fn ended(&self) -> Option<String> {
        let status = lock(&self.child).try_wait().ok().flatten()?;
        Some(match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit status {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "an unknown status".into(),
        })
    }

    /// Kills it at once (SIGKILL) and waits until it is gone.
    pub fn kill(&self) {
        let mut child = lock(&self.child);
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Sends a signal by name, as in `signal("TERM")`, and does not wait.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn signal(&self, signal: &str) -> Result<()> {
        if self.ended().is_some() {
            bail!("{} has ended already", self.name);
        }
        // The standard library has no other signal than SIGKILL.
        let status = Command::new("sh")
            .args(["-c", r#"kill -s "$1" "$2""#, "kill", signal])
            .arg(self.id().to_string())
            .status()?;
        anyhow::ensure!(status.success(), "cannot send {signal} to {}", self.name);
        Ok(())
    }

    /// Looks whether it still runs.
    ///
    /// # Errors
    /// When it has ended; the error shows the end of its log.
    pub fn check(&self) -> Result<()> {
        if let Some(how) = self.ended() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            if lines.is_empty() {
                bail!("{} ended with {how}, and wrote nothing", self.name);
            }
            let tail = lines[lines.len().saturating_sub(15)..].join("\n");
            bail!("{} ended with {how}:\n{tail}", self.name);
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
