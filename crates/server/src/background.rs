//! Threads that give way. What somebody waits for goes first; history is written down with the time that is left, and with
//! all of it when nobody asks.

use tokio::{runtime::Handle, sync::oneshot, task::JoinHandle};

/// How far such a thread steps back, as nice(2) counts: beside a thread that wants all of a core, it gets a thirtieth of it
/// (sched(7)). Little, but never nothing: it may hold a lock that others wait for.
const NICENESS: i32 = 15;

/// Runs `work` on a thread of its own that gives way to others, as do the threads that `work` starts: they inherit it.
///
/// # Panics
/// Outside of a tokio runtime, and when the system gives no more threads.
pub(crate) fn run<T: Send + 'static>(
    name: &str,
    work: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    let runtime = Handle::current();
    let (done, result) = oneshot::channel();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            give_way();
            let _ = done.send(runtime.block_on(work));
        })
        .expect("the system gives a thread");
    tokio::spawn(async move { result.await.expect("the thread does not panic") })
}

/// Of this thread alone; elsewhere than on Linux it would be the whole process.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "a background thread cannot give way");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn niceness() -> i32 {
        rustix::process::nice(0).unwrap()
    }

    #[tokio::test]
    async fn it_gives_way_with_the_threads_it_starts_and_nobody_else_does() {
        let before = niceness();
        let work = async { (niceness(), std::thread::spawn(niceness).join().unwrap()) };
        let (own, started) = run("history", work).await.unwrap();
        assert_eq!(own, (before + NICENESS).min(19));
        assert_eq!(started, own);
        assert_eq!(niceness(), before);
    }

    #[tokio::test]
    async fn it_can_wait_and_sleep() {
        let (tell, told) = oneshot::channel();
        let work = run("history", async {
            let told = told.await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            told
        });
        tell.send(7).unwrap();
        assert_eq!(work.await.unwrap(), 7);
    }
}
