//! The monitor of a container that lives on: starts it, keeps its streams, waits, writes its end down, starts it again.

mod client_queue;
mod clients;
mod connection;
mod control;
mod daemon;
mod ending;
mod everybody;
mod health;
mod home;
mod input;
mod life;
mod listener;
mod lock;
mod log_file;
mod log_line;
mod memory;
mod policy;
mod probe;
mod replay;
mod running;
mod screen;
mod stall;
mod streams;
mod turn;

use masu_steps::failure::failed;
use masu_steps::monitor_protocol::{MonitorAnswer, MonitorOrder};
use masu_steps::stage_protocol::{receive, send};
use masu_sys::{code, process};
use masu_wire::error::CoreError;
use std::os::fd::{AsFd, OwnedFd};

use connection::Connections;
use home::Home;
use life::{Monitor, Phase, Wish};
use listener::Listener;
use policy::Backoff;
use streams::Streams;

/// Starts the container that it is told over the socket, answers, and stays until the container is down for good.
pub(super) fn run(socket: OwnedFd) -> i32 {
    let _ = process::set_name(c"masu-monitor");
    match daemon::withdraw(&socket) {
        Ok(true) => {}
        Ok(false) => return 0,
        Err(error) => return refuse(&socket, failed("Start the container's monitor", error)),
    }
    let order = match receive::<MonitorOrder>(socket.as_fd()) {
        Ok(Some(order)) => order,
        // Whoever started this was killed.
        Ok(None) => return 1,
        Err(error) => return refuse(&socket, failed("Hear which container to start", error)),
    };
    match start(order.message, order.descriptors) {
        Ok((mut monitor, answer)) => {
            // The container runs, whether or not somebody hears it.
            let _ = send(socket.as_fd(), &answer, &[]);
            drop(socket);
            code::let_go();
            monitor.live();
            0
        }
        Err(error) => refuse(&socket, error),
    }
}

fn refuse(socket: &OwnedFd, error: CoreError) -> i32 {
    let _ = send(socket.as_fd(), &MonitorAnswer::Failed { error: Box::new(error) }, &[]);
    1
}

/// What came with the order.
struct Gifts {
    init: OwnedFd,
    attach: Option<OwnedFd>,
    stdio: Option<[OwnedFd; 3]>,
}

impl Gifts {
    fn of(order: &MonitorOrder, descriptors: Vec<OwnedFd>) -> Option<Self> {
        let mut descriptors = descriptors.into_iter();
        let init = descriptors.next()?;
        let attach = if order.attach { Some(descriptors.next()?) } else { None };
        let stdio = if order.passthrough {
            Some([descriptors.next()?, descriptors.next()?, descriptors.next()?])
        } else {
            None
        };
        Some(Self { init, attach, stdio })
    }
}

/// Everything of the first start. Errors: nothing is left of it then.
fn start(order: MonitorOrder, descriptors: Vec<OwnedFd>) -> Result<(Monitor, MonitorAnswer), CoreError> {
    let gifts = Gifts::of(&order, descriptors);
    let Gifts { init, attach, stdio } =
        gifts.ok_or_else(|| CoreError::bug("Start a container: descriptors are missing"))?;
    let starting = |error| failed("Start the container's monitor", error);
    let home = Home::open(order.store, order.id)?;
    let head = home.head()?;
    let mut streams = Streams::open(&head.log, head.terminal, head.stdin, stdio)
        .map_err(|error| failed(format!("Open log {:?}", head.log.path), error))?;
    let signals = life::signals().map_err(starting)?;
    let is_attached = attach.is_some();
    attach.into_iter().for_each(|attach| streams.expect_client(attach));
    let listener = Listener::open(&home.store, &home.id)?;
    let (head, running) = match running::start(&home, &mut streams, init.as_fd()) {
        Ok(started) => started,
        Err(error) => {
            listener.close();
            return Err(error);
        }
    };
    let answer = MonitorAnswer::Started { pid: running.pid, start: running.start };
    let mut monitor = Monitor {
        home,
        head,
        signals,
        listener: Some(listener),
        connections: Connections::default(),
        streams,
        phase: Phase::Over,
        wish: Wish::default(),
        health: None,
        memory: None,
        restarts: 0,
        backoff: Backoff::default(),
        look: false,
        pause: None,
    };
    monitor.begin(running);
    if is_attached {
        monitor.home.tell(&monitor.head, "attach", &[]);
    }
    Ok((monitor, answer))
}
