//! Signals that end a program. The main thread waits for them and does nothing else, so that one is
//! heeded whatever the work hangs on: a lock, a disk, a server.
//!
//! ```text
//! main thread: supervise ─┬─▶ signals
//!                         └─▶ "work", with a stack of its own: command line ─▶ runtime ─▶ command
//! ```

use std::future::{pending, poll_fn};
use std::io;
use std::sync::atomic::{AtomicI32, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// How long the work has to give up what it holds once a signal came.
const GRACE: Duration = Duration::from_millis(700);

/// The stack of the work, whatever `ulimit -s` says.
const STACK: usize = 8 << 20;

/// The signal that ended the work; 0 as long as there is none.
static RECEIVED: AtomicI32 = AtomicI32::new(0);

/// A signal ended the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interrupted {
    /// The signal's number.
    pub signal: i32,
}

/// Tells the work that a signal came.
#[derive(Debug)]
pub(crate) struct Stop(oneshot::Receiver<()>);

impl Stop {
    /// Runs the command to its end; none if a signal came first.
    ///
    /// The command is dropped then: that ends the engine's command, gives the lock back, and closes
    /// connections.
    pub(crate) async fn or<T>(self, command: impl Future<Output = T>) -> Option<T> {
        let stopped = async {
            if self.0.await.is_err() {
                // Nobody is left to wait for signals, which then have their usual effect.
                pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = stopped => None,
            answer = command => Some(answer),
        }
    }
}

/// Returns the number of the signal that is ending the program, if one is.
pub(crate) fn received() -> Option<i32> {
    Some(RECEIVED.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
}

/// Runs `work` on a thread of its own until it is done, or until a signal asks the program to end; none
/// if it broke down. A signal that was ignored when the program began stays ignored: `nohup` says so,
/// and a shell of the commands that it runs in the background.
///
/// # Errors
/// If the system gives no thread, or no way to wait for signals.
pub(crate) fn supervise<T: Send + 'static>(
    work: impl FnOnce(Stop) -> T + Send + 'static,
) -> io::Result<Result<Option<T>, Interrupted>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Past a limit on the size of files a write fails, as on a full disk, and the program goes on.
        let _limit = signal(SignalKind::from_raw(libc::SIGXFSZ));
        let mut signals = Signals::new();
        let (stop, stopped) = oneshot::channel();
        let (tell, mut told) = oneshot::channel();
        thread::Builder::new()
            .name("work".into())
            .stack_size(STACK)
            .spawn(move || tell.send(work(Stop(stopped))))?;
        tokio::select! {
            biased;
            signal = signals.next() => {
                RECEIVED.store(signal, Ordering::Relaxed);
                let _ = stop.send(());
                let _ = tokio::time::timeout(GRACE, told).await;
                Ok(Err(Interrupted { signal }))
            }
            done = &mut told => Ok(Ok(done.ok())),
        }
    })
}

/// The signals that ask the program to end.
struct Signals(Vec<(i32, Signal)>);

impl Signals {
    fn new() -> Self {
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::quit(),
            SignalKind::hangup(),
        ];
        let heeded = kinds
            .into_iter()
            .filter(|kind| !is_ignored(kind.as_raw_value()));
        // Without a handler a signal keeps its usual effect: it ends the program.
        let handled = heeded.filter_map(|kind| Some((kind.as_raw_value(), signal(kind).ok()?)));
        Self(handled.collect())
    }

    async fn next(&mut self) -> i32 {
        poll_fn(|context| {
            for (number, stream) in &mut self.0 {
                if stream.poll_recv(context).is_ready() {
                    return Poll::Ready(*number);
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// Tells whether the program was started with the signal ignored.
#[expect(
    unsafe_code,
    reason = "the system tells what becomes of a signal in no other way"
)]
fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the call changes nothing, and fills the structure where it returns 0; zeroes are a
    // valid value of it in any case.
    let action = unsafe {
        if libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) != 0 {
            return false;
        }
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}
