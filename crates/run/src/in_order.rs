//! Work on many items side by side whose results are taken one by one, in the items' order.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

/// Results that may wait for an earlier one, beside those being worked on, a worker.
const AHEAD: usize = 1;

/// Calls `work` on every item on `workers` threads and `take` on this thread with each result, in the items' order.
///
/// At most `workers · (1 + AHEAD)` items are begun and not yet taken, so that memory does not grow with their number.
///
/// # Errors
/// The first error of `work`, in the items' order, or of `take`; items not yet begun are then left alone.
pub(crate) fn in_order<I: Sync, R: Send, E: Send>(
    items: &[I],
    workers: usize,
    work: impl Fn(&I) -> Result<R, E> + Sync,
    mut take: impl FnMut(&I, R) -> Result<(), E>,
) -> Result<(), E> {
    let workers = workers.max(1).min(items.len());
    // A worker needs a ticket to begin an item; taking a result gives one back.
    let (give, tickets) = mpsc::sync_channel::<()>(workers * (1 + AHEAD));
    let tickets = Mutex::new(tickets);
    for _ in 0..workers * (1 + AHEAD) {
        let _ = give.send(());
    }
    let next = AtomicUsize::new(0);
    let (tell, done) = mpsc::channel();
    std::thread::scope(|scope| {
        // Moved in, so that leaving this closure ends the workers that wait for a ticket.
        let (give, done) = (give, done);
        let mut started = 0;
        for _ in 0..workers {
            let (tell, next, tickets, work) = (tell.clone(), &next, &tickets, &work);
            let worker = std::thread::Builder::new().spawn_scoped(scope, move || {
                while tickets.lock().unwrap_or_else(PoisonError::into_inner).recv().is_ok() {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { return };
                    let result = catch_unwind(AssertUnwindSafe(|| work(item)));
                    if tell.send((index, result)).is_err() {
                        return;
                    }
                }
            });
            started += usize::from(worker.is_ok());
        }
        drop(tell);
        // Where the system has no thread for it, the work is done here.
        if started == 0 {
            return items.iter().try_for_each(|item| take(item, work(item)?));
        }
        let mut waiting = BTreeMap::new();
        for (index, item) in items.iter().enumerate() {
            let result = loop {
                if let Some(result) = waiting.remove(&index) {
                    break result;
                }
                // Workers end when items or tickets do, never while one is still to come.
                let Ok((other, result)) = done.recv() else { return Ok(()) };
                waiting.insert(other, result);
            };
            take(item, result.unwrap_or_else(|panic| resume_unwind(panic))?)?;
            let _ = give.try_send(());
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_come_in_order_and_few_are_ever_waiting() {
        let items: Vec<usize> = (0..200).collect();
        for workers in [1, 2, 7] {
            let (begun, mut taken) = (AtomicUsize::new(0), Vec::new());
            let work = |&item: &usize| {
                begun.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_micros((item as u64 * 37) % 300));
                Ok::<_, ()>(item * item)
            };
            in_order(&items, workers, work, |&item, square| {
                assert_eq!(square, item * item);
                taken.push(item);
                assert!(begun.load(Ordering::SeqCst) <= item + workers * (1 + AHEAD));
                Ok(())
            })
            .unwrap();
            assert_eq!(taken, items);
        }
    }

    #[test]
    fn the_first_error_in_order_ends_it() {
        let items: Vec<usize> = (0..50).collect();
        let mut taken = 0;
        let work = |&item: &usize| if item >= 20 { Err(item) } else { Ok(()) };
        let outcome = in_order(&items, 4, work, |_, ()| {
            taken += 1;
            Ok(())
        });
        assert_eq!((outcome, taken), (Err(20), 20));
        assert_eq!(
            in_order(&items, 4, |_| Ok(()), |&item, ()| if item == 3 { Err("full") } else { Ok(()) }),
            Err("full")
        );
        assert_eq!(in_order(&[(); 0], 4, |()| Ok::<_, ()>(()), |(), ()| Ok(())), Ok(()));
    }

    #[test]
    #[should_panic(expected = "broken")]
    fn a_panic_of_a_worker_is_passed_on() {
        let work = |&item: &usize| if item == 1 { panic!("broken") } else { Ok::<_, ()>(()) };
        let _ = in_order(&[0, 1, 2], 2, work, |_, ()| Ok(()));
    }
}
