//! `--init`: PID 1 stays masu's own, forwards signals to the program and reaps what its descendants leave behind.

use masu_steps::failure::failed;
use masu_sys::error::SysError;
use masu_sys::process::{self, Side, SingleThread};
use masu_sys::{descriptor, signal, wait};
use masu_wire::error::CoreError;

/// Signals of PID 1's own: the end of a child, and what the terminal's driver sends for its group.
const OWN: [i32; 3] = [libc::SIGCHLD, libc::SIGTTIN, libc::SIGTTOU];

/// Returns in the child, which goes on to execute the program; the process that called this reaps until that has ended, and ends likewise.
///
/// Every signal is blocked here, so that none is lost between the fork and the first wait.
pub(super) fn split(alone: SingleThread, mask: u64) -> Result<(), CoreError> {
    let explain = |error| failed("Fork the program from its init", error);
    // Were it ignored, as the caller may have it, no child could be waited for.
    signal::reset(libc::SIGCHLD).map_err(explain)?;
    process::become_subreaper().map_err(explain)?;
    match process::fork(alone).map_err(explain)? {
        Side::Child => prepare(mask).map_err(|error| failed("Prepare the program below its init", error)),
        Side::Parent { pid, .. } => reap(pid),
    }
}

/// With a terminal the program leads the foreground's process group: Ctrl-C is for it, and its init gets none.
fn prepare(mask: u64) -> Result<(), SysError> {
    let [stdin, ..] = process::stdio();
    if process::is_controlling(stdin) {
        process::new_process_group()?;
        // Of a background process, which SIGTTOU would stop were it not blocked.
        process::take_foreground(stdin)?;
    }
    signal::set_mask(mask)
}

fn reap(program: u32) -> ! {
    // The core shall see the socket's end when the program is executed, and a reader of its output that the program has closed it.
    // Neither can fail in a way that matters: the name is for ps(1), and what stays open is not used.
    let _ = process::set_name(c"masu-init");
    let _ = descriptor::close_from(0, &[]);
    let pid = i32::try_from(program).unwrap_or(0);
    loop {
        let Ok(received) = signal::wait_for(signal::ALL) else { continue };
        if received == libc::SIGCHLD {
            while let Ok(Some((child, end))) = wait::reap_any() {
                if child == program {
                    process::exit(end.status());
                }
            }
        } else if !OWN.contains(&received) {
            // ESRCH: it has ended, and SIGCHLD is about to say so.
            let _ = signal::send(pid, received);
        }
    }
}
