//! The program: a service, or, called as `sh`, what an init container waits with.

use std::{
    io::{Write as _, stderr},
    process::ExitCode,
};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let result =
        if stand_in::is_shell(&arguments) { stand_in::wait_for_url(&arguments).await } else { stand_in::run().await };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "stand-in: {error:#}");
            ExitCode::from(2)
        }
    }
}
