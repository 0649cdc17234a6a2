//! The thread that stays outside, because what it starts must be free to do its work.

use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

type Work = Box<dyn FnOnce() + Send>;

static LAUNCHER: OnceLock<Sender<Work>> = OnceLock::new();

/// Starts the thread, unless it runs already. It ends with the program.
pub(super) fn start() {
    let (sender, receiver) = channel::<Work>();
    let started = thread::Builder::new()
        .name("launcher".into())
        .spawn(move || receiver.into_iter().for_each(|work| work()));
    // Without the thread everything runs where it is called, confined or not.
    if started.is_ok() {
        let _ = LAUNCHER.set(sender);
    }
}

/// Does the work outside of the confinement, and waits for it; to be used for starting engines only.
pub(crate) fn outside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let Some(launcher) = LAUNCHER.get() else {
        return work();
    };
    let (sender, receiver) = channel();
    let done = move || {
        // Who asked waits for it.
        let _ = sender.send(work());
    };
    launcher
        .send(Box::new(done))
        .expect("the launcher ends with the program");
    receiver.recv().expect("starting a program does not panic")
}
