//! One control plane for all tests of a test program: starting takes seconds, a namespace of one's own does not.

use std::sync::{Once, OnceLock};

use anyhow::Result;
use tokio::sync::OnceCell;

use super::{ControlPlane, Options};

static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();

/// Where the logs will be kept after a failure; the panic hook cannot wait for the cell.
static READY: OnceLock<&'static ControlPlane> = OnceLock::new();

impl ControlPlane {
    /// The control plane that all tests of this process share, started by whoever asks first: only that one's options
    /// count, so ask with the same ones everywhere. It ends with the process; its logs are kept if a test panics.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn shared(options: Options) -> Result<&'static Self> {
        let shared = SHARED.get_or_try_init(|| Self::start(options)).await?;
        let _ = READY.set(shared);
        keep_logs_after_a_panic();
        Ok(shared)
    }
}

fn keep_logs_after_a_panic() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            before(panic);
            // A panic on a worker thread may be what a test is about; one on the test's own thread is a failure.
            let on_worker = std::thread::current().name().is_some_and(|name| name.starts_with("tokio"));
            if let (false, Some(control_plane)) = (on_worker, READY.get()) {
                control_plane.keep();
            }
        }));
    });
}
