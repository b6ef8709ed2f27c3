//! A bounded queue from which a taker takes as much as its share of what waits.
//!
//! Handing over one item at a time costs more than scanning a small file, and
//! handing over many keeps a thread idle when few are left, or large. So a taker
//! takes many while many wait, and one while few do.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a wait came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Something was taken.
    Some,
    /// Nothing came in time.
    Nothing,
    /// Nothing will come any more.
    End,
}

struct State<T> {
    items: VecDeque<T>,
    /// Those who still put something in.
    givers: usize,
    /// Nobody wants anything any more.
    closed: bool,
    /// How many wait for items, and for room: waking nobody is a system call, too.
    takers_waiting: usize,
    givers_waiting: usize,
}

/// The queue.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
    drained: Condvar,
    capacity: usize,
}

impl<T> Queue<T> {
    /// A queue that `givers` fill up to a capacity.
    pub fn new(capacity: usize, givers: usize) -> Self {
        let state = State { items: VecDeque::new(), givers, closed: false, takers_waiting: 0, givers_waiting: 0 };
        Self { state: Mutex::new(state), filled: Condvar::new(), drained: Condvar::new(), capacity }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts items in, as soon as there is room for one; false when nobody wants
    /// them.
    pub fn give(&self, items: impl IntoIterator<Item = T>) -> bool {
        let mut state = self.lock();
        while state.items.len() >= self.capacity && !state.closed {
            state.givers_waiting = state.givers_waiting.saturating_add(1);
            state = self.drained.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.givers_waiting = state.givers_waiting.saturating_sub(1);
        }
        if state.closed {
            return false;
        }
        state.items.extend(items);
        let waiting = state.takers_waiting;
        drop(state);
        if waiting > 0 {
            self.filled.notify_one();
        }
        true
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// One of those who put something in has ended.
    pub fn give_up(&self) {
        let mut state = self.lock();
        state.givers = state.givers.saturating_sub(1);
        if state.givers == 0 {
            self.filled.notify_all();
        }
    }

    /// Nobody wants anything any more: those who wait for room are told.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.items.clear();
        self.drained.notify_all();
        self.filled.notify_all();
    }

    /// Takes a share of what waits, of which there are `shares`, at most `most`.
    /// Waits for it, if need be until the time is over.
    pub fn take(&self, into: &mut Vec<T>, shares: usize, most: usize, patience: Option<Duration>) -> Taken {
        let mut state = self.lock();
        while state.items.is_empty() {
            if state.closed || state.givers == 0 {
                return Taken::End;
            }
            state.takers_waiting = state.takers_waiting.saturating_add(1);
            let (next, is_late) = match patience {
                None => (self.filled.wait(state).unwrap_or_else(PoisonError::into_inner), false),
                Some(patience) => {
                    let (next, late) =
                        self.filled.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner);
                    (next, late.timed_out())
                }
            };
            state = next;
            state.takers_waiting = state.takers_waiting.saturating_sub(1);
            if is_late && state.items.is_empty() && state.givers > 0 && !state.closed {
                return Taken::Nothing;
            }
        }
        let share = state.items.len().checked_div(shares).unwrap_or(1).clamp(1, most.max(1)).min(state.items.len());
        into.extend(state.items.drain(..share));
        let others = state.takers_waiting > 0 && !state.items.is_empty();
        let givers = state.givers_waiting > 0 && state.items.len() <= self.capacity / 2;
        drop(state);
        if others {
            self.filled.notify_one();
        }
        if givers {
            self.drained.notify_all();
        }
        Taken::Some
    }
}

/// One who puts something in, until it is dropped.
pub(crate) struct Gives<'q, T>(pub &'q Queue<T>);

impl<T> Drop for Gives<'_, T> {
    fn drop(&mut self) {
        self.0.give_up();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn everything_that_is_given_is_taken_once() {
        let queue = Arc::new(Queue::new(16, 3));
        let givers: Vec<_> = (0..3u32)
            .map(|g| {
                let queue = queue.clone();
                thread::spawn(move || {
                    for n in 0..1000 {
                        assert!(queue.give([g * 1000 + n]));
                    }
                    queue.give_up();
                })
            })
            .collect();
        let takers: Vec<_> = (0..2)
            .map(|_| {
                let queue = queue.clone();
                thread::spawn(move || {
                    let mut all = Vec::new();
                    while queue.take(&mut all, 4, 8, None) == Taken::Some {}
                    all
                })
            })
            .collect();
        let mut all: Vec<u32> = takers.into_iter().flat_map(|t| t.join().unwrap_or_default()).collect();
        for giver in givers {
            assert!(giver.join().is_ok());
        }
        all.sort_unstable();
        assert_eq!(all, (0..3000).collect::<Vec<_>>());
    }

    #[test]
    fn a_closed_queue_takes_nothing_and_waiting_ends() {
        let queue = Queue::new(1, 1);
        assert!(queue.give([1]));
        queue.close();
        assert!(!queue.give([2]));
        assert_eq!(queue.take(&mut Vec::new(), 1, 1, None), Taken::End);
        let empty = Queue::<u8>::new(1, 1);
        assert_eq!(empty.take(&mut Vec::new(), 1, 1, Some(Duration::from_millis(1))), Taken::Nothing);
    }
}
