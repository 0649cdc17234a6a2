//! The hashing of blocks that were fetched, side by side where several wait.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::block::{Block, BlockId};

/// Hashes what comes while something else is being hashed together, on one thread.
#[derive(Debug, Default)]
pub(super) struct Verification {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<(Bytes, oneshot::Sender<BlockId>)>,
    is_running: bool,
}

impl Verification {
    /// Returns what the data is known by; none if the hashing breaks down, or the runtime ends
    /// meanwhile.
    pub(super) async fn identify(&self, data: Bytes) -> Option<BlockId> {
        let (sender, receiver) = oneshot::channel();
        let begins = {
            let mut state = lock(&self.state);
            state.waiting.push((data, sender));
            !std::mem::replace(&mut state.is_running, true)
        };
        if begins {
            let state = self.state.clone();
            // Hashing takes long enough to hold up other transfers. It is not waited for by its
            // handle: whoever began it may be dropped, and others wait too.
            drop(tokio::task::spawn_blocking(move || run(&state)));
        }
        receiver.await.ok()
    }
}

/// Hashes until nothing waits.
fn run(state: &Mutex<State>) {
    loop {
        let waiting = {
            let mut state = lock(state);
            if state.waiting.is_empty() {
                state.is_running = false;
                return;
            }
            std::mem::take(&mut state.waiting)
        };
        let (blocks, senders): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
        // The data is let go before anybody is told, so that who asked alone holds it then.
        let hash = AssertUnwindSafe(|| -> Vec<BlockId> {
            let blocks = Block::several(blocks).into_iter();
            blocks.map(|block| block.id()).collect()
        });
        // After a breakdown, whoever waited for these goes on without, and the others get theirs.
        let ids = catch_unwind(hash).unwrap_or_default();
        for (id, sender) in ids.into_iter().zip(senders) {
            // Who asked may have gone.
            let _ = sender.send(id);
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // The state is sound after each statement, so a panic elsewhere does not matter.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::future::join_all;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn each_gets_the_answer_for_its_own_block() {
        let verification = Verification::default();
        let blocks: Vec<Bytes> = (0..20u8)
            .map(|n| vec![n; 1000 + usize::from(n)].into())
            .collect();
        let found = join_all(
            blocks
                .iter()
                .map(|data| verification.identify(data.clone())),
        )
        .await;
        for (data, id) in blocks.into_iter().zip(found) {
            assert_eq!(id, Some(Block::new(data).id()));
        }
        // It breaks down on what is no block, and that harms nobody who comes later.
        let too_long = vec![0; super::super::block::MAXIMUM_SIZE + 1];
        assert_eq!(verification.identify(too_long.into()).await, None);
        // It begins anew after it had nothing to do.
        let data = Bytes::from_static(b"foo");
        let id = timeout(Duration::from_secs(60), verification.identify(data)).await;
        assert_eq!(
            id.expect("it hangs").unwrap().to_string(),
            "acbd18db4cc2f85cedef654fccc4a4d8+3"
        );
    }
}
