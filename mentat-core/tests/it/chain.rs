//! The loop of a daemon, on messages in memory.

use crate::support::{Hands, Log, Memory, Probe, block_on, open_names, turn_until_stopped};
use mentat_core::component::{Claimed, Counter, Fut, Occurrence, Source, TimerId};
use mentat_core::daemon::{Daemon, Options, Step};
use mentat_core::{Error, Outcome, Settlement, SystemClock};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

fn options() -> Options {
    let mut options = Options::default();
    options.retry_first = Duration::ZERO;
    options
}

fn once() -> Options {
    let mut options = options();
    options.once = true;
    options
}

fn stop() -> Occurrence {
    Occurrence::Stop {
        deadline: Instant::now() + Duration::from_secs(60),
    }
}

/// Logs what it is given, and does with every batch what `act` says.
fn logging(
    name: &'static str,
    log: &Log,
    mut act: impl FnMut(&mut mentat_core::Batch) -> Result<(), Error> + Send + 'static,
) -> Probe {
    let (batches, occurrences) = (log.clone(), log.clone());
    Probe::new(name)
        .batch(move |batch, cx| {
            batches.add(format!("{name} {}", open_names(batch)));
            cx.count(Counter("batches"), 1);
            act(batch)
        })
        .on(move |occurrence, _| {
            match occurrence {
                Occurrence::Stop { .. } => occurrences.add(format!("{name} Stop")),
                other => occurrences.add(format!("{name} {other:?}")),
            }
            Ok(())
        })
}

#[test]
fn occurrences_and_batches_take_turns_in_order() {
    let (log, clock) = (Log::default(), Hands::new());
    let memory = Memory::with(&[("m1", "x"), ("m2", "x")]);
    let mut options = options();
    options.batch = 1;
    let first = logging("a", &log, |_| Ok(()));
    let timers = Probe::new("timers").on(|occurrence, cx| {
        if let Occurrence::Start = occurrence {
            let at = |seconds| cx.now() + jiff::SignedDuration::from_secs(seconds);
            let times = [(at(9), "late"), (at(5), "first"), (at(5), "second")];
            for (at, name) in times {
                cx.schedule_at(at, Occurrence::Timer(TimerId(name)));
            }
            cx.schedule(Occurrence::Statistics);
        }
        Ok(())
    });
    let mut daemon = Daemon::with_clock(memory.clone(), options, clock.clone())
        .with(first)
        .with(timers);
    let handle = daemon.handle();
    let mut steps = |count: usize| {
        for _ in 0..count {
            block_on(daemon.step()).unwrap();
        }
        log.take()
    };
    assert_eq!(steps(3), ["a Start", "a Statistics", "a m1"]);
    clock.forward(6);
    handle.post(Occurrence::Reload(Arc::default()));
    assert_eq!(
        steps(4),
        [
            "a Timer(TimerId(\"first\"))",
            "a Timer(TimerId(\"second\"))",
            "a Reload(Config { parts: 0 })",
            "a m2"
        ]
    );
    clock.forward(3);
    assert_eq!(steps(1), ["a Timer(TimerId(\"late\"))"]);
    handle.post(stop());
    handle.post(Occurrence::Statistics);
    assert_eq!(steps(4), ["a Stop", "a Statistics"]);
    handle.post(Occurrence::Statistics);
    assert_eq!(steps(2), [""; 0], "a daemon that has stopped does nothing");
    assert_eq!(memory.settled(), ["m1 Forward", "m2 Forward"]);
    let counters: Vec<_> = daemon.counters().collect();
    assert_eq!(counters, [("a", Counter("batches"), 2)]);
}

#[test]
fn a_post_ends_a_wait_for_messages() {
    let memory = Memory::default();
    let (waits, waiting) = mpsc::channel();
    memory.0.lock().unwrap().on_wait = Some(Box::new(move || waits.send(()).unwrap()));
    let mut daemon = Daemon::new(memory, options());
    let handle = daemon.handle();
    let poster = std::thread::spawn(move || {
        waiting.recv().unwrap();
        handle.post(stop());
    });
    turn_until_stopped(&mut daemon);
    poster.join().unwrap();
}

#[test]
fn a_transient_error_keeps_the_batch_and_resumes_where_it_was() {
    let log = Log::default();
    let memory = Memory::with(&[("m1", "x"), ("m2", "x")]);
    let mut failures = 2;
    let mut daemon = Daemon::new(memory.clone(), once())
        .with(logging("a", &log, |batch| {
            let first = batch.iter_open().next();
            first.map(|work| work.finish(Outcome::Done, "a"));
            Ok(())
        }))
        .with(logging("b", &log, move |_| {
            failures -= 1;
            if failures >= 0 {
                Err(Error::transient("away"))
            } else {
                Ok(())
            }
        }))
        .with(logging("c", &log, |_| Ok(())));
    turn_until_stopped(&mut daemon);
    let batches: Vec<String> = log.take().into_iter().filter(|line| line.contains(" m")).collect();
    assert_eq!(batches, ["a m1,m2", "b m2", "b m2", "b m2", "c m2"]);
    assert_eq!(memory.settled(), ["m1 Done", "m2 Forward"]);
}

#[test]
fn pauses_grow_up_to_a_bound_and_start_again_after_success() {
    let mut options = Options::default();
    options.retry_first = Duration::from_millis(2);
    options.retry_most = Duration::from_millis(16);
    let memory = Memory::with(&[("m", "x")]);
    let mut attempts = 0;
    let failing = Probe::new("a").batch(move |_, _| {
        attempts += 1;
        if attempts == 7 {
            Ok(())
        } else {
            Err(Error::transient(format!("attempt {attempts}")))
        }
    });
    let mut daemon = Daemon::new(memory.clone(), options).with(failing);
    block_on(daemon.step()).unwrap();
    let mut attempt = 0;
    for expected in [2, 4, 8, 16, 16, 16, 0, 2] {
        attempt += 1;
        let expected = Duration::from_millis(expected);
        let before = Instant::now();
        let step = block_on(daemon.step()).unwrap();
        let after = Instant::now();
        let Step::Backoff { until, error } = step else {
            assert!(matches!(step, Step::Processed(1)), "{step:?}");
            memory.add("m2", "x");
            continue;
        };
        assert_eq!(error.to_string(), format!("attempt {attempt}"));
        assert!(until.duration_since(before) >= expected * 3 / 4, "{until:?} {before:?}");
        assert!(
            until.saturating_duration_since(after) <= expected,
            "{until:?} {after:?}"
        );
        while Instant::now() < until {
            // A turn before the pause is over changes nothing.
            block_on(daemon.step()).unwrap();
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
        }
    }
}

#[test]
fn a_pause_does_not_hold_up_timers_and_posts() {
    let (log, clock) = (Log::default(), Hands::new());
    let mut options = Options::default();
    options.retry_first = Duration::from_secs(3600);
    options.retry_most = options.retry_first;
    let failing = logging("a", &log, |_| Err(Error::transient("away")));
    let timer = Probe::new("timer").on(|occurrence, cx| {
        if let Occurrence::Start = occurrence {
            let at = cx.now() + jiff::SignedDuration::from_secs(60);
            cx.schedule_at(at, Occurrence::Timer(TimerId("t")));
        }
        Ok(())
    });
    let mut daemon = Daemon::with_clock(Memory::with(&[("m", "x")]), options, clock.clone())
        .with(failing)
        .with(timer);
    let mut backoff = || match block_on(daemon.step()).unwrap() {
        Step::Backoff { until, .. } => Some(until.saturating_duration_since(Instant::now())),
        _ => None,
    };
    assert_eq!(backoff(), None);
    for _ in 0..2 {
        let pause = backoff().unwrap();
        assert!(pause <= Duration::from_secs(60), "{pause:?}");
    }
    clock.forward(60);
    assert_eq!(backoff(), None);
    assert!(backoff().unwrap() > Duration::from_secs(2000));
    assert_eq!(log.take(), ["a Start", "a m", "a Timer(TimerId(\"t\"))"]);
}

#[test]
fn poison_in_a_batch_rejects_only_the_offender() {
    let log = Log::default();
    let memory = Memory::with(&[("m1", "x"), ("bad", "x"), ("m2", "x")]);
    let picky = logging("picky", &log, |batch| {
        if open_names(batch).contains("bad") {
            Err(Error::poison("no, thanks"))
        } else {
            Ok(())
        }
    });
    let mut daemon = Daemon::new(memory.clone(), once())
        .with(picky)
        .with(logging("next", &log, |_| Ok(())));
    turn_until_stopped(&mut daemon);
    let batches: Vec<String> = log.take().into_iter().filter(|line| !line.contains('S')).collect();
    assert_eq!(
        batches,
        ["picky m1,bad,m2", "picky m1", "picky bad", "picky m2", "next m1,m2"]
    );
    let settled = memory.settled();
    assert_eq!(settled[0], "m1 Forward");
    assert!(
        settled[1].starts_with("bad Reject") && settled[1].contains("no, thanks"),
        "{settled:?}"
    );
    assert_eq!(settled[2], "m2 Forward");
    assert_eq!(memory.0.lock().unwrap().settled[1].by, "picky");
}

#[test]
fn an_error_that_passes_while_the_offender_is_looked_for_keeps_the_batch() {
    let memory = Memory::with(&[("m1", "x"), ("bad", "x")]);
    let mut away = true;
    let picky = Probe::new("picky").batch(move |batch, _| match open_names(batch).as_str() {
        "m1,bad" | "bad" => Err(Error::poison("no")),
        "m1" if std::mem::take(&mut away) => Err(Error::transient("away")),
        _ => Ok(()),
    });
    let mut daemon = Daemon::new(memory.clone(), once()).with(picky);
    turn_until_stopped(&mut daemon);
    let settled = memory.settled();
    assert_eq!(settled.len(), 2);
    assert_eq!(settled[0], "m1 Forward");
    assert!(settled[1].starts_with("bad Reject"), "{settled:?}");
}

#[test]
fn a_fatal_error_stops_the_daemon_and_settles_nothing() {
    let memory = Memory::with(&[("m1", "x")]);
    let mut daemon =
        Daemon::new(memory.clone(), once()).with(Probe::new("a").batch(|_, _| Err(Error::fatal("no table"))));
    block_on(daemon.step()).unwrap();
    assert!(block_on(daemon.step()).unwrap_err().is_fatal());
    assert_eq!(memory.settled(), [""; 0]);
}

#[test]
fn only_a_lasting_error_at_the_start_ends_the_daemon() {
    let failing = |error: fn() -> Error| {
        let component = Probe::new("a").on(move |occurrence, _| match occurrence {
            Occurrence::Start => Err(error()),
            _ => Ok(()),
        });
        let mut daemon = Daemon::new(Memory::default(), once()).with(component);
        block_on(daemon.step()).is_err()
    };
    assert!(failing(|| Error::fatal("no")));
    assert!(!failing(|| Error::transient("later")));
}

#[test]
fn settling_that_fails_for_a_while_is_resumed_without_repeating_work() {
    let log = Log::default();
    let memory = Memory::with(&[("m1", "x"), ("m2", "x")]);
    memory
        .0
        .lock()
        .unwrap()
        .settle_errors
        .extend([Error::transient("full"), Error::transient("full")]);
    let mut daemon = Daemon::new(memory.clone(), once()).with(logging("a", &log, |_| Ok(())));
    turn_until_stopped(&mut daemon);
    assert_eq!(log.take(), ["a Start", "a m1,m2", "a Stop"]);
    assert_eq!(memory.settled(), ["m1 Forward", "m2 Forward"]);
    assert_eq!(memory.0.lock().unwrap().settle_calls, [2, 0, 0]);
}

#[test]
fn a_stop_goes_before_the_next_batch() {
    let memory = Memory::with(&[("m1", "x"), ("m2", "x")]);
    let mut options = options();
    options.batch = 1;
    let mut daemon = Daemon::new(memory.clone(), options);
    let handle = daemon.handle();
    block_on(daemon.step()).unwrap();
    block_on(daemon.step()).unwrap();
    handle.post(stop());
    turn_until_stopped(&mut daemon);
    assert_eq!(memory.settled(), ["m1 Forward"]);
}

#[test]
fn a_single_run_ends_with_the_last_message() {
    let log = Log::default();
    let memory = Memory::with(&[("m1", "x"), ("m2", "x"), ("m3", "x")]);
    let mut options = once();
    options.batch = 2;
    let mut daemon = Daemon::new(memory.clone(), options).with(logging("a", &log, |_| Ok(())));
    turn_until_stopped(&mut daemon);
    assert_eq!(log.take(), ["a Start", "a m1,m2", "a m3", "a Stop"]);
    assert_eq!(memory.settled().len(), 3);
}

#[test]
fn a_single_run_is_not_ended_by_a_post() {
    /// Is interrupted by a post when it is asked first.
    struct Late(Memory, Arc<std::sync::OnceLock<mentat_core::daemon::Handle>>, bool);
    impl Source for Late {
        fn claim(&mut self, max: usize, wait: Duration) -> Fut<'_, Result<Vec<Claimed>, Error>> {
            if std::mem::replace(&mut self.2, true) {
                return self.0.claim(max, wait);
            }
            self.1.get().unwrap().post(Occurrence::Statistics);
            Box::pin(std::future::pending())
        }
        fn settle(&mut self, done: Vec<Settlement>) -> Fut<'_, Result<(), Error>> {
            self.0.settle(done)
        }
    }
    let memory = Memory::with(&[("m1", "x")]);
    let handle = Arc::default();
    let mut daemon = Daemon::new(Late(memory.clone(), Arc::clone(&handle), false), once());
    handle.set(daemon.handle()).unwrap();
    turn_until_stopped(&mut daemon);
    assert_eq!(memory.settled(), ["m1 Forward"]);
}

#[test]
fn what_a_batch_schedules_comes_before_the_next_batch() {
    let log = Log::default();
    let inner = log.clone();
    let chatty = Probe::new("chatty")
        .batch(move |batch, cx| {
            cx.schedule(Occurrence::Other(Arc::new(open_names(batch))));
            Ok(())
        })
        .on(move |occurrence, _| {
            if let Occurrence::Other(what) = occurrence {
                inner.add(what.downcast_ref::<String>().unwrap());
            }
            Ok(())
        });
    let mut options = once();
    options.batch = 1;
    let mut daemon = Daemon::new(Memory::with(&[("m1", ""), ("m2", "")]), options)
        .with(chatty)
        .with(logging("a", &log, |_| Ok(())));
    turn_until_stopped(&mut daemon);
    let lines: Vec<String> = log
        .take()
        .into_iter()
        .filter(|line| !line.contains('S') && !line.contains('O'))
        .collect();
    assert_eq!(lines, ["a m1", "m1", "a m2", "m2"]);
}

fn tokio_run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(future)
}

#[test]
fn the_driver_runs_until_it_is_told_to_stop() {
    let log = Log::default();
    let memory = Memory::with(&[("m1", "x")]);
    let mut failures = 2;
    let mut options = Options::default();
    options.retry_first = Duration::from_millis(1);
    let (waits, waiting) = tokio::sync::oneshot::channel();
    let mut waits = Some(waits);
    // The source is asked again when the first message is through: then it is time to stop.
    memory.0.lock().unwrap().on_wait = Some(Box::new(move || {
        if let Some(waits) = waits.take() {
            waits.send(()).unwrap();
        }
    }));
    let mut daemon =
        Daemon::with_clock(memory.clone(), options, Arc::new(SystemClock)).with(logging("a", &log, move |_| {
            failures -= 1;
            if failures >= 0 {
                Err(Error::transient("away"))
            } else {
                Ok(())
            }
        }));
    tokio_run(daemon.run(async { waiting.await.unwrap() })).unwrap();
    assert_eq!(log.take(), ["a Start", "a m1", "a m1", "a m1", "a Stop"]);
    assert_eq!(memory.settled(), ["m1 Forward"]);
}

#[test]
fn the_driver_gives_up_a_batch_that_is_not_done_in_time() {
    struct Stuck(Option<tokio::sync::oneshot::Sender<()>>);
    impl mentat_core::Component for Stuck {
        fn name(&self) -> &'static str {
            "stuck"
        }
        fn process<'a>(
            &'a mut self,
            _: &'a mut mentat_core::Batch,
            _: &'a mut mentat_core::Context,
        ) -> Fut<'a, Result<(), Error>> {
            if let Some(begun) = self.0.take() {
                begun.send(()).unwrap();
            }
            Box::pin(std::future::pending())
        }
    }
    let (begins, begun) = tokio::sync::oneshot::channel();
    let memory = Memory::with(&[("m1", "x")]);
    let mut options = Options::default();
    options.stop_timeout = Duration::from_millis(20);
    let mut daemon = Daemon::new(memory.clone(), options).with(Stuck(Some(begins)));
    tokio_run(daemon.run(async { begun.await.unwrap() })).unwrap();
    assert_eq!(memory.settled(), [""; 0]);
    assert!(matches!(block_on(daemon.step()).unwrap(), Step::Stopped));
}

#[test]
fn the_driver_stops_during_a_pause() {
    let mut options = Options::default();
    options.retry_first = Duration::from_secs(3600);
    options.retry_most = options.retry_first;
    let (fails, failed) = tokio::sync::oneshot::channel();
    let mut fails = Some(fails);
    let failing = Probe::new("a").batch(move |_, _| {
        if let Some(fails) = fails.take() {
            fails.send(()).unwrap();
        }
        Err(Error::transient("away"))
    });
    let mut daemon = Daemon::new(Memory::with(&[("m1", "x")]), options).with(failing);
    tokio_run(daemon.run(async { failed.await.unwrap() })).unwrap();
    assert!(matches!(block_on(daemon.step()).unwrap(), Step::Stopped));
}
